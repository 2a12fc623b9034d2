"""Counts and latencies of what ML Commons does."""

from __future__ import annotations

from contextlib import suppress

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.activity import Activity
from ragstone.ml.settings import MONITORING_REQUESTS
from ragstone.testing.clock import ManualClock


class Settings:
    def __init__(self, kept: int) -> None:
        self.kept = kept

    def get(self, setting: object) -> int:
        assert setting is MONITORING_REQUESTS
        return self.kept


def test_a_request_runs_until_it_ends_and_fails_when_it_raises() -> None:
    activity = Activity(Settings(10), ManualClock())  # type: ignore[arg-type]
    with activity.request("predict", "REMOTE", "m"):
        assert activity.running == 1
    with suppress(IllegalArgumentException), activity.request("predict", "remote", "m"):
        raise IllegalArgumentException("no")
    assert (activity.running, activity.requests, activity.failures) == (0, 2, 1)
    assert activity.by_algorithm() == {
        "remote": {"predict": {"ml_action_request_count": 2, "ml_action_failure_count": 1}}
    }
    activity.forget("m")
    assert activity.by_model() == {}


def test_latencies_are_those_of_the_last_successes_in_milliseconds() -> None:
    clock = ManualClock()
    activity = Activity(Settings(4), clock)  # type: ignore[arg-type]
    for seconds in (9, 1, 2, 3, 4):
        with activity.timed("m", "predict_request_stats"):
            clock.time += seconds
    with suppress(IllegalArgumentException), activity.timed("m", "predict_request_stats"):
        raise IllegalArgumentException("not measured")
    assert activity.latencies("m") == {
        "predict_request_stats": {
            "count": 4,
            "max": 4000.0,
            "min": 1000.0,
            "average": 2500.0,
            "p50": 2000.0,
            "p90": 4000.0,
            "p99": 4000.0,
        }
    }
    assert activity.latencies("other") == {}
