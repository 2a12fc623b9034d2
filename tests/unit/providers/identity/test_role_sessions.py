"""Keys of roles are used again, and not for too long."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ragstone.providers.api import AwsKeys, SecretError
from ragstone.providers.identity.role_sessions import RoleSessions
from ragstone.testing.clock import ManualClock

ASKED = (("arn:aws:iam::123456789012:role/r",), "ragstone-c", "us-east-1")


class Roles:
    """Gives `answers` one after the other."""

    def __init__(self, *answers: AwsKeys | SecretError) -> None:
        self._answers = iter(answers)

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        answer = next(self._answers)
        if isinstance(answer, SecretError):
            raise answer
        return answer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000)


def keys(expires: float | None) -> AwsKeys:
    return AwsKeys("ASIA", "s", "t", expires)


async def test_they_are_used_until_five_minutes_before_their_end(clock: ManualClock) -> None:
    first, second = keys(4600), keys(8200)
    sessions = RoleSessions(Roles(first, second), clock)
    for clock.time in (1000, 4299):
        assert await sessions.assume(*ASKED) is first
    clock.time = 4300
    assert await sessions.assume(*ASKED) is second


async def test_keys_of_this_machine_are_looked_at_again_after_a_minute(clock: ManualClock) -> None:
    first, second = keys(None), keys(None)
    sessions = RoleSessions(Roles(first, second), clock)
    for clock.time in (1000, 1059):
        assert await sessions.assume(*ASKED) is first
    clock.time = 1060
    assert await sessions.assume(*ASKED) is second


async def test_refused_keys_are_not_given_again_but_for_the_first_five_seconds(clock: ManualClock) -> None:
    first, second = keys(9000), keys(9000)
    sessions = RoleSessions(Roles(first, second), clock)
    assert await sessions.assume(*ASKED) is first
    clock.time += 4
    assert await sessions.assume(*ASKED, refused=first) is first
    clock.time += 1
    assert await sessions.assume(*ASKED, refused=second) is first
    assert await sessions.assume(*ASKED, refused=first) is second


async def test_a_refusal_is_repeated_for_five_seconds(clock: ManualClock) -> None:
    sessions = RoleSessions(Roles(SecretError("AccessDenied", "no"), keys(9000)), clock)
    for clock.time in (1000, 1004):
        with pytest.raises(SecretError) as error:
            await sessions.assume(*ASKED)
        assert (error.value.code, error.value.message) == ("AccessDenied", "no")
    clock.time = 1005
    assert (await sessions.assume(*ASKED)).expires == 9000


async def test_each_role_session_and_region_has_keys_of_its_own_and_the_old_are_forgotten(clock: ManualClock) -> None:
    sessions = RoleSessions(Roles(*(keys(4600) for _ in range(4)), keys(9000)), clock)
    roles, session, region = ASKED
    asked = [ASKED, ((*roles, "b"), session, region), (roles, "other", region), (roles, session, "eu-west-1")]
    given = [await sessions.assume(*each) for each in asked]
    assert len({id(each) for each in given}) == 4
    assert [await sessions.assume(*each) for each in asked] == given
    clock.time = 4600
    await sessions.assume(*ASKED)
    assert len(sessions._answers) == 1
