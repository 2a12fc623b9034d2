"""Signatures of `aws_sigv4` connectors (Bedrock, SageMaker, ...): with keys of their own, or with those of a role.

`credential` holds `access_key`, `secret_key` and perhaps `session_token`, or names `roleArn`, a role to assume, and
perhaps `externalAccountRoleArn`, a role in another account that the first one may assume.

`Differs:` open-source ml-commons knows no roles; Amazon's service does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ragstone.core.clock import Clock, Deadline
from ragstone.core.errors import IllegalArgumentException, OpenSearchTimeoutException
from ragstone.core.log import get_logger
from ragstone.ml.connectors.aws_refusals import failure, session_name
from ragstone.ml.connectors.model import ACCESS_KEY, AWS_SIGV4, REGION, SECRET_KEY, SERVICE, SESSION_TOKEN, Connector
from ragstone.ml.connectors.secrets import EXTERNAL_ROLE, ROLE
from ragstone.providers.api import AwsKeys, AwsRoles, HttpRequest, SecretError
from ragstone.providers.sigv4_signer import signed

_SCOPE = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_KEY_ID = re.compile(r"\w{1,128}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{1,8192}")
"""These stand in headers: nothing in them may end one."""

log = get_logger("connectors")


@dataclass(frozen=True)
class Signature:
    """What a connector's calls are signed with."""

    keys: AwsKeys
    service: str
    region: str
    roles: tuple[str, ...] = field(repr=False, default=())
    """Whose keys they are; none when they are the connector's own."""

    def sign(self, request: HttpRequest, now: float) -> HttpRequest:
        return signed(request, self.keys, self.service, self.region, now)

    @property
    def secrets(self) -> list[str]:
        """What must not be repeated: AWS's refusals show the token."""
        return [text for text in (self.keys.secret, self.keys.token) if text]


class AwsSigning:
    """`roles` gives the keys of roles, and keeps them while they are good."""

    def __init__(self, roles: AwsRoles, clock: Clock) -> None:
        self._roles = roles
        self._clock = clock

    async def signature(
        self,
        owner: str,
        connector: Connector,
        credential: Mapping[str, str],
        deadline: Deadline | None,
        refused: Signature | None = None,
    ) -> Signature | None:
        """None for connectors of other protocols. `credential` in the clear; `refused` is one that AWS takes no more.

        Raises IllegalArgumentException, StatusException (403 no access to the role, 429, 503),
        OpenSearchTimeoutException.
        """
        if connector.protocol != AWS_SIGV4:
            return None
        service, region = (_scope(name, connector.parameters, credential) for name in (SERVICE, REGION))
        if ACCESS_KEY in credential:
            return Signature(_own(credential), service, region)
        roles = tuple(credential[name] for name in (ROLE, EXTERNAL_ROLE) if name in credential)
        old = refused.keys if refused is not None else None
        try:
            async with asyncio.timeout(deadline.remaining() if deadline is not None else None):
                keys = await self._roles.assume(roles, session_name(owner), region, refused=old)
        except TimeoutError:
            raise OpenSearchTimeoutException("The connector's role was not assumed in the time there was") from None
        except SecretError as error:
            log.warning(
                "a connector's role was not assumed", connector=owner, roles=list(roles), code=error.code,
                message=error.message,
            )  # fmt: skip
            raise failure(error, "role could not be assumed") from None
        return Signature(keys, service, region, roles)

    async def renewed(
        self,
        owner: str,
        connector: Connector,
        credential: Mapping[str, str],
        used: Signature | None,
        deadline: Deadline | None,
    ) -> Signature | None:
        """After AWS has refused `used`: another one; None when there is none. Raises as `signature`."""
        if used is None or not used.roles:
            return None
        now = await self.signature(owner, connector, credential, deadline, used)
        return None if now is None or now.keys is used.keys else now


def _scope(name: str, parameters: Mapping[str, str], credential: Mapping[str, str]) -> str:
    value = parameters.get(name, credential.get(name, ""))
    if _SCOPE.fullmatch(value) is None:
        raise IllegalArgumentException(f"The connector's [{name}] must be letters, digits and hyphens")
    return value


def _own(credential: Mapping[str, str]) -> AwsKeys:
    id, token = credential[ACCESS_KEY], credential.get(SESSION_TOKEN)
    if _KEY_ID.fullmatch(id) is None:
        raise IllegalArgumentException(f"The connector's [{ACCESS_KEY}] is not the id of an access key")
    if token is not None and _TOKEN.fullmatch(token) is None:
        raise IllegalArgumentException(f"The connector's [{SESSION_TOKEN}] is not a session token")
    return AwsKeys(id, credential[SECRET_KEY], token)
