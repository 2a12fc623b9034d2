"""Paths of numbers that buckets can be ordered by: `mean`, `of.max`, `red>mean`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggregation import Aggregation, AggregationExecutionException
from ragstone.dsl.aggs.filters import FilterAggregation, MissingAggregation
from ragstone.dsl.aggs.metrics import Metric, Stats

_OF_STATS = ("count", "min", "max", "avg", "sum")


def ordered_by(path: str, aggregations: Mapping[str, Aggregation]) -> Callable[[JsonObject], float | None]:
    """What reads the number at a path from the results of `aggregations`.

    Raises AggregationExecutionException for a path that leads to none.
    """
    *above, last = path.split(">")
    for name in above:
        node = _find(path, name, aggregations)
        if not isinstance(node, (FilterAggregation, MissingAggregation)):
            raise _invalid(
                path,
                "Buckets can only be sorted on a sub-aggregator path that is built out of zero or more single-bucket "
                f"aggregations within the path and a final single-bucket or a metrics aggregation. Sub-path [{name}] "
                "points to non single-bucket aggregation",
            )
        aggregations = node.aggregations
    name, _, key = last.partition(".")
    node = _find(path, name, aggregations)
    return _reader((*above, name), _key(path, node, name, key))


def _find(path: str, name: str, aggregations: Mapping[str, Aggregation]) -> Aggregation:
    found = aggregations.get(name)
    if found is None:
        raise _invalid(
            path,
            f"The provided aggregation [{name}] either does not exist, or is a pipeline aggregation and cannot be used "
            "to sort the buckets.",
        )
    return found


def _key(path: str, node: Aggregation, name: str, key: str) -> str:
    """Under which name a result has the number."""
    if isinstance(node, (FilterAggregation, MissingAggregation)):
        if key in ("", "doc_count"):
            return "doc_count"
        raise _invalid(path, "Ordering on a single-bucket aggregation can only be done on its doc_count.")
    if isinstance(node, Stats):
        if not key:
            raise _invalid(
                path,
                "When ordering on a multi-value metrics aggregation a metric name must be specified.",
            )
        if key not in _OF_STATS:
            raise _invalid(path, f"Unknown metric name [{key}] on multi-value metrics aggregation [{name}]")
        return key
    if isinstance(node, Metric):
        if key in ("", "value"):
            return "value"
        raise _invalid(
            path,
            "Ordering on a single-value metrics aggregation can only be done on its value. Either drop the key (a la "
            f'"{name}") or change it to "value" (a la "{name}.value")',
        )
    raise _invalid(
        path,
        "Buckets can only be sorted on a sub-aggregator path that is built out of zero or more single-bucket "
        f"aggregations within the path and a final single-bucket or a metrics aggregation. Sub-path [{name}] points to "
        "non single-bucket aggregation",
    )


def _reader(names: tuple[str, ...], key: str) -> Callable[[JsonObject], float | None]:
    def read(results: JsonObject) -> float | None:
        for name in names:
            results = results[name]
        found: float | None = results[key]
        return found

    return read


def _invalid(path: str, why: str) -> AggregationExecutionException:
    return AggregationExecutionException(
        f"Invalid aggregation order path [{path}]. {why}", cause=IllegalArgumentException(why)
    )


__all__ = ["ordered_by"]
