"""What ML Commons has been doing since the start: requests by algorithm and model, and how long predictions took."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from ragstone.core.clock import Clock
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.xcontent import JsonObject
from ragstone.ml.settings import MONITORING_REQUESTS

Action = Literal["register", "deploy", "undeploy", "predict", "batch_predict", "execute"]
Timed = Literal["model_inference_stats", "predict_request_stats"]
_Key = tuple[str, str]


class Activity:
    """Belongs to the event loop's thread. Latencies are kept of the last `monitoring_request_count` predictions."""

    def __init__(self, settings: ClusterSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.running = 0
        """Requests that are not answered yet."""
        self._algorithms: Counter[_Key] = Counter()
        self._failed_algorithms: Counter[_Key] = Counter()
        self._models: Counter[_Key] = Counter()
        self._failed_models: Counter[_Key] = Counter()
        self._latencies: dict[str, dict[Timed, deque[float]]] = {}

    @contextmanager
    def request(self, action: Action, algorithm: str, model_id: str | None = None) -> Iterator[None]:
        """Count a request, as failed when it raises."""
        algorithm_key, model_key = (algorithm.lower(), action), (model_id or "", action)
        self._algorithms[algorithm_key] += 1
        if model_id is not None:
            self._models[model_key] += 1
        self.running += 1
        try:
            yield
        except BaseException:
            self._failed_algorithms[algorithm_key] += 1
            if model_id is not None:
                self._failed_models[model_key] += 1
            raise
        finally:
            self.running -= 1

    @contextmanager
    def timed(self, model_id: str, what: Timed) -> Iterator[None]:
        """Measure a step of a prediction that succeeds."""
        begun = self._clock.monotonic()
        yield
        kept = self._latencies.setdefault(model_id, {}).setdefault(what, deque())
        kept.append(1000 * (self._clock.monotonic() - begun))
        while len(kept) > self._settings.get(MONITORING_REQUESTS):
            kept.popleft()

    @property
    def requests(self) -> int:
        return sum(self._algorithms.values())

    @property
    def failures(self) -> int:
        return sum(self._failed_algorithms.values())

    def by_algorithm(self) -> JsonObject:
        """`{"remote": {"predict": {"ml_action_request_count": 1}}}`; failures only where there are any."""
        return _tree(self._algorithms, self._failed_algorithms)

    def by_model(self) -> JsonObject:
        return _tree(self._models, self._failed_models)

    def latencies(self, model_id: str) -> JsonObject:
        """`model_inference_stats` and `predict_request_stats` of a model, in milliseconds, where it was asked."""
        return {what: _summary(sorted(kept)) for what, kept in self._latencies.get(model_id, {}).items() if kept}

    def forget_latencies(self, model_id: str) -> None:
        """It is not deployed any more."""
        self._latencies.pop(model_id, None)

    def forget(self, model_id: str) -> None:
        """It is deleted."""
        self.forget_latencies(model_id)
        for counter in (self._models, self._failed_models):
            for key in [key for key in counter if key[0] == model_id]:
                del counter[key]


def _tree(requests: Counter[_Key], failures: Counter[_Key]) -> JsonObject:
    tree: JsonObject = {}
    for (name, action), count in requests.items():
        counts = {"ml_action_request_count": count}
        if failures[name, action]:
            counts["ml_action_failure_count"] = failures[name, action]
        tree.setdefault(name, {})[action] = counts
    return tree


def _summary(sorted_millis: Sequence[float]) -> JsonObject:
    count = len(sorted_millis)

    def percentile(percent: int) -> float:
        """The smallest that so many percent of all do not exceed."""
        return sorted_millis[max(0, -(-percent * count // 100) - 1)]

    return {
        "count": count,
        "max": sorted_millis[-1],
        "min": sorted_millis[0],
        "average": sum(sorted_millis) / count,
        "p50": percentile(50),
        "p90": percentile(90),
        "p99": percentile(99),
    }
