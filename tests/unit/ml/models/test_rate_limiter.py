"""A model's token bucket."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ParseException, StatusException
from ragstone.ml.models.rate_limiter import RateLimiters, parse_rate_limiter
from ragstone.testing.clock import ManualClock


def taken(limiters: RateLimiters, limiter: dict[str, Any], times: int) -> int:
    """How many of so many calls pass."""
    passed = 0
    for _ in range(times):
        try:
            limiters.take("m", limiter)
            passed += 1
        except StatusException as error:
            if error.status != 429:
                raise
    return passed


def test_a_bucket_starts_full_and_fills_with_time() -> None:
    clock = ManualClock()
    limiters, limiter = RateLimiters(clock), {"limit": "4", "unit": "MINUTES"}
    assert taken(limiters, limiter, 6) == 4
    clock.time = 15.0
    assert taken(limiters, limiter, 3) == 1
    clock.time = 600.0
    assert taken(limiters, limiter, 9) == 4


def test_a_changed_limit_starts_a_new_bucket() -> None:
    limiters = RateLimiters(ManualClock())
    assert taken(limiters, {"limit": "1", "unit": "DAYS"}, 2) == 1
    assert taken(limiters, {"limit": "2", "unit": "DAYS"}, 3) == 2


def test_a_bucket_holds_at_least_one() -> None:
    assert taken(RateLimiters(ManualClock()), {"limit": "0.5", "unit": "SECONDS"}, 2) == 1


@pytest.mark.parametrize("limiter", [{}, {"limit": "1"}, {"unit": "DAYS"}])
def test_without_limit_and_unit_everything_passes(limiter: dict[str, str]) -> None:
    assert taken(RateLimiters(ManualClock()), limiter, 5) == 5


def test_a_limiter_is_stored_as_texts() -> None:
    assert parse_rate_limiter({"limit": 2, "unit": "DAYS", "other": 1}) == {"limit": "2", "unit": "DAYS"}


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"limit": "many"}, ParseException, "Limit field must be a positive number."),
        ({"limit": -1}, ParseException, "Limit field must be a positive number."),
        ({"limit": "nan"}, ParseException, "Limit field must be a positive number."),
        ({"unit": "WEEKS"}, IllegalArgumentException, "No enum constant java.util.concurrent.TimeUnit.WEEKS"),
        ({"unit": "days"}, IllegalArgumentException, "No enum constant java.util.concurrent.TimeUnit.days"),
    ],
)
def test_a_bad_limiter_is_refused(body: Any, kind: type[OpenSearchException], reason: str) -> None:
    with pytest.raises(kind) as error:
        parse_rate_limiter(body)
    assert str(error.value) == reason
