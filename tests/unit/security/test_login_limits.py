"""How often a login may fail."""

from __future__ import annotations

from ragstone.core.security_settings import LoginSettings
from ragstone.security.login_limits import LoginLimits
from ragstone.testing.clock import ManualClock


def limits(clock: ManualClock | None = None, tries: int = 3, tries_per_address: int = 5) -> LoginLimits:
    settings = LoginSettings(tries=tries, tries_per_address=tries_per_address, window=60, block=120)
    return LoginLimits(settings, clock or ManualClock())


def fail(limits: LoginLimits, user: str, address: str, times: int = 1) -> None:
    for _ in range(times):
        assert limits.begin(user, address)
        limits.end(user, address, good=False)


def test_another_address_may_still_log_in_as_the_same_user() -> None:
    some = limits()
    fail(some, "ann", "a", 3)
    assert some.blocked("ann", "a")
    assert not some.begin("ann", "a")
    assert some.begin("ann", "b")


def test_failures_of_long_ago_do_not_count() -> None:
    clock = ManualClock()
    some = limits(clock)
    fail(some, "ann", "a", 2)
    clock.time += 60
    fail(some, "ann", "a", 2)
    assert not some.blocked("ann", "a")


def test_a_block_ends() -> None:
    clock = ManualClock()
    some = limits(clock)
    fail(some, "ann", "a", 3)
    clock.time += 119
    assert some.blocked("ann", "a")
    clock.time += 1
    fail(some, "ann", "a", 2)
    assert not some.blocked("ann", "a")


def test_a_good_login_forgives_the_user_but_not_the_address() -> None:
    some = limits()
    fail(some, "ann", "a", 2)
    assert some.begin("ann", "a")
    some.end("ann", "a", good=True)
    fail(some, "ann", "a", 2)
    fail(some, "bob", "a")
    assert some.blocked("cid", "a")


def test_logins_that_are_under_way_count_but_block_nobody() -> None:
    some = limits()
    assert [some.begin("ann", "a") for _ in range(4)] == [True, True, True, False]
    for _ in range(3):
        some.end("ann", "a", good=True)
    assert not some.blocked("ann", "a")
    assert some.begin("ann", "a")


def test_without_limits_nobody_is_refused() -> None:
    some = limits(tries=0, tries_per_address=0)
    fail(some, "ann", "a", 100)
    assert not some.blocked("ann", "a")
