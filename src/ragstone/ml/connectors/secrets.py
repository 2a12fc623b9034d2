"""Secrets that a connector names instead of holding them: `secretArn`, read as the role `roleArn`.

A secret is read when a call needs it, used again for a bounded time, and read anew when the provider refuses it: then
it was probably rotated. Its values live in memory only. The keys of a secret that is a JSON object are used as
`${credential.secretArn.<key>}`, any other text as `${credential.secretArn}`.

`Differs:` open-source ml-commons resolves no `secretArn`; Amazon's service does, and does not say with which errors.
ARNs are hidden like every credential, so errors do not name them; the log does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ragstone.core import json
from ragstone.core.arns import SecretArn, is_role_arn
from ragstone.core.clock import Clock, Deadline
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    JavaException,
    OpenSearchTimeoutException,
)
from ragstone.core.log import get_logger
from ragstone.core.single_flight import SingleFlight
from ragstone.ml.connectors.aws_refusals import failure, session_name
from ragstone.ml.connectors.template import CREDENTIAL, lacking
from ragstone.ml.settings import SECRET_CACHE_SECONDS
from ragstone.ml.values import text_of
from ragstone.providers.api import SecretError, SecretsProvider, SecretValue

SECRET, ROLE, EXTERNAL_ROLE = "secretArn", "roleArn", "externalAccountRoleArn"
_INSIDE = SECRET + "."
_REST = 5.0
"""Seconds between two readings of one secret, whatever fails meanwhile."""

log = get_logger("connectors")


@dataclass(frozen=True)
class Resolved:
    """A connector's credential, ready to be put into headers."""

    values: Mapping[str, str] = field(repr=False)
    names: bool = False
    """Whether a part of it comes from a secret that the connector names."""
    shape: str | None = None
    """What there is to say when a key is looked for that is not there."""
    unfit: frozenset[str] = frozenset()
    """Keys whose values are no texts."""

    def check(self, templates: Iterable[str]) -> None:
        """Raises IllegalArgumentException when a template wants something of the secret that it does not have."""
        if not self.names:
            return
        for template in templates:
            for name in lacking(template, CREDENTIAL, self.values):
                key = name.removeprefix(_INSIDE)
                if name == SECRET:
                    raise IllegalArgumentException(
                        "The connector's secret is not a plain text. Name one of its keys, as in "
                        "${credential.secretArn.<key>}"
                    )
                if key in self.unfit:
                    raise IllegalArgumentException(
                        f"The value of the key [{key}] in the connector's secret is not a text, number or boolean"
                    )
                if key != name:
                    raise IllegalArgumentException(
                        f"The connector's secret has no key [{key}]" + (f": {self.shape}" if self.shape else "")
                    )


@dataclass(frozen=True)
class _Read:
    """One reading of a secret: what it gave, or why it failed."""

    at: float
    value: SecretValue | None
    error: SecretError | None = None


class ConnectorSecrets:
    """Reads secrets through `provider`, each once at a time. `role_required`: connectors act at AWS as roles only."""

    def __init__(
        self, provider: SecretsProvider, settings: ClusterSettings, clock: Clock, *, role_required: bool = True
    ) -> None:
        self._provider = provider
        self._settings = settings
        self._clock = clock
        self.role_required = role_required
        self._reads: dict[tuple[str, str | None], _Read] = {}
        self._readings = SingleFlight[tuple[str, str | None], _Read]()

    def check_named(self, names: Iterable[str]) -> None:
        """Whether a credential with these names is whole. Raises IllegalArgumentException."""
        known = set(names)
        if self.role_required and SECRET in known and ROLE not in known:
            raise IllegalArgumentException("Connector credential [secretArn] needs [roleArn], the role to read it as")

    async def resolve(self, owner: str, credential: Mapping[str, str], deadline: Deadline | None) -> Resolved:
        """The credential in the clear with its secret read; as it is when it names none.

        Raises StatusException (400 for a wrong secret, 403 no access, 429, 503), OpenSearchTimeoutException.
        """
        if SECRET not in credential:
            return Resolved(credential)
        place = (credential[SECRET], credential.get(ROLE))
        read = self._reads.get(place)
        if read is None or not self._fresh(read):
            read = await self._read(owner, place, deadline)
        return _resolved(credential, read)

    async def renewed(
        self, owner: str, credential: Mapping[str, str], used: Resolved, deadline: Deadline | None
    ) -> Resolved | None:
        """After a provider has refused `used`: the credential as it is now, None when it is still the same, or was read
        a moment ago. Raises as `resolve`."""
        if not used.names:
            return None
        place = (credential[SECRET], credential.get(ROLE))
        read = self._reads.get(place)
        if read is None or self._clock.monotonic() - read.at >= _REST:
            read = await self._read(owner, place, deadline)
        now = _resolved(credential, read)
        return None if now.values == used.values else now

    def _fresh(self, read: _Read) -> bool:
        seconds = self._settings.get(SECRET_CACHE_SECONDS) if read.error is None else _REST
        return self._clock.monotonic() - read.at < seconds

    async def _read(self, owner: str, place: tuple[str, str | None], deadline: Deadline | None) -> _Read:
        try:
            async with asyncio.timeout(deadline.remaining() if deadline is not None else None):
                return await self._readings.run(place, lambda: self._fetch(owner, place))
        except TimeoutError:
            raise OpenSearchTimeoutException("The connector's secret was not read in the time there was") from None

    async def _fetch(self, owner: str, place: tuple[str, str | None]) -> _Read:
        try:
            read = _Read(self._clock.monotonic(), await self._provider.fetch(*place, session_name(owner)))
        except SecretError as error:
            log.warning(
                "a connector's secret was not read", connector=owner, secret=place[0], role=place[1], code=error.code,
                message=error.message,
            )  # fmt: skip
            read = _Read(self._clock.monotonic(), None, error)
        # What nobody asks for any more does not stay in memory.
        self._reads = {other: kept for other, kept in self._reads.items() if self._fresh(kept)}
        self._reads[place] = read
        return read


def check_arns(credential: Mapping[str, str]) -> None:
    """What a request may say about secrets. Raises IllegalArgumentException, which never tells a value: a key that was
    pasted in the place of its ARN is still a key."""
    for name, value in credential.items():
        if name.startswith(_INSIDE):
            raise IllegalArgumentException("Connector credential names must not start with [secretArn.]")
        if name == SECRET and SecretArn.parse(value) is None:
            raise IllegalArgumentException("Connector credential [secretArn] is not the ARN of a secret")
        if name in (ROLE, EXTERNAL_ROLE) and not is_role_arn(value):
            raise IllegalArgumentException(f"Connector credential [{name}] is not the ARN of a role")


def _resolved(credential: Mapping[str, str], read: _Read) -> Resolved:
    if read.value is None:
        raise failure(read.error, "secret could not be read")
    own = {name: value for name, value in credential.items() if name != SECRET}
    text = read.value.text
    if text is None:
        return Resolved(own, True, "it is binary")
    members = _object(text)
    if members is None:
        return Resolved({**own, SECRET: text}, True, "it is not a JSON object")
    # A boolean is a number to Python.
    texts = {name: text_of(value) for name, value in members.items() if isinstance(value, str | int | float)}
    return Resolved(
        {**own, **{_INSIDE + name: value for name, value in texts.items()}},
        True,
        unfit=frozenset(members.keys() - texts.keys()),
    )


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.decode(text.encode())
    except JavaException:
        return None
    return value if isinstance(value, dict) else None
