"""Keys of roles, used again until shortly before they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragstone.core.clock import Clock
from ragstone.core.single_flight import SingleFlight
from ragstone.providers.api import AwsKeys, AwsRoles, SecretError

_AHEAD = 300.0
"""Seconds before their end from which on keys are not given out any more: time for the calls that still use them."""
_REST = 5.0
"""Seconds between two requests for the same keys, whatever AWS says of them."""
_OWN = 60.0
"""Seconds for which the keys of this machine, which boto3 renews, are taken for what they are."""

_Asked = tuple[tuple[str, ...], str, str]


@dataclass(frozen=True)
class _Answer:
    """What came of a request, and when by the monotonic clock."""

    at: float
    keys: AwsKeys | None
    error: SecretError | None = None


class RoleSessions:
    """AwsRoles in front of others: one request at a time for each session, a failure is remembered for a moment.
    Everything stays in memory."""

    def __init__(self, roles: AwsRoles, clock: Clock) -> None:
        self._roles = roles
        self._clock = clock
        self._answers: dict[_Asked, _Answer] = {}
        self._requests = SingleFlight[_Asked, _Answer]()

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        asked = (tuple(roles), session, region)
        answer = self._answers.get(asked)
        if answer is None or not self._good(answer, refused):
            answer = await self._requests.run(asked, lambda: self._ask(*asked))
        if answer.keys is not None:
            return answer.keys
        assert answer.error is not None, "keys or an error"
        raise SecretError(answer.error.code, answer.error.message)  # anew: it may be raised many times

    def _good(self, answer: _Answer, refused: AwsKeys | None = None) -> bool:
        age = self._clock.monotonic() - answer.at
        if age < _REST:
            return True
        if answer.keys is None or answer.keys is refused:
            return False
        if answer.keys.expires is None:
            return age < _OWN
        return answer.keys.expires - self._clock.now() > _AHEAD

    async def _ask(self, roles: tuple[str, ...], session: str, region: str) -> _Answer:
        keys = error = None
        try:
            keys = await self._roles.assume(roles, session, region)
        except SecretError as refusal:
            error = refusal
        answer = _Answer(self._clock.monotonic(), keys, error)
        # What nobody asks for any more does not stay in memory.
        self._answers = {other: kept for other, kept in self._answers.items() if self._good(kept)}
        self._answers[roles, session, region] = answer
        return answer
