"""Buckets between bounds."""

from __future__ import annotations

from typing import Any

import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_double
from ragstone.dsl.aggs.ranges import DateRangeAggregation, RangeAggregation, Span
from ragstone.engine.embedded.aggregations.run import Matching, aggregates
from ragstone.engine.embedded.aggregations.values import Column, columns
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.number import UnsignedLongField
from ragstone.engine.embedded.search.failures import shard_failures
from ragstone.engine.embedded.snapshot import Snapshot

_LONG = (-(2**63), 2**63 - 1)


@aggregates(RangeAggregation, DateRangeAggregation)
def ranges(aggregation: RangeAggregation, matching: Matching) -> JsonObject:
    """By their lower bounds, then by the upper ones. A document may be in several, and is in each of them once."""
    found = {column.snapshot.metadata.name: column for column in columns(matching, aggregation.field)}
    for snapshot, _ in matching.parts:
        with shard_failures(snapshot):
            if not aggregation.spans:
                raise IllegalArgumentException(f"No [ranges] specified for the [{aggregation.name}] aggregation")
    field = next((column.field for column in found.values()), None)
    for column in found.values():
        with shard_failures(column.snapshot):
            check_number(column.field, aggregation.wire_name)
    spans = [_Resolved(span, field, aggregation, matching) for span in aggregation.spans]
    spans.sort(key=lambda span: (span.low is not None, span.low or 0.0, span.high is None, span.high or 0.0))
    buckets: dict[str, JsonObject] = {}
    listed: list[JsonObject] = []
    for span in spans:
        inside = matching.narrowed(lambda snapshot, span=span: between(snapshot, found, span.low, span.high))  # type: ignore[misc]
        listed.append({"key": span.key, **span.shown(), **inside.bucket(aggregation)})
    if not aggregation.keyed:
        return {"buckets": listed}
    for bucket in listed:
        buckets[bucket.pop("key")] = bucket
    return {"buckets": buckets}


def check_number(field: FieldType, kind: str) -> None:
    """Raises IllegalArgumentException for a field without numbers."""
    if field.storage not in ("i64", "f64") or isinstance(field, UnsignedLongField):
        raise IllegalArgumentException(
            f"Field [{field.name}] of type [{field.wire_type}] is not supported for aggregation [{kind}]"
        )


def between(
    snapshot: Snapshot, found: dict[str, Column], low: float | None, high: float | None
) -> tantivy.Query | None:
    """Documents with a value from `low` on and below `high`; None where no document has a value."""
    column = found.get(snapshot.metadata.name)
    if column is None or column.slot is None:
        return None
    if column.field.storage == "f64":
        return snapshot.text.between(column.slot, low, high, include_high=False)
    first, last = _whole(low), _whole(high)
    if (first is not None and first > _LONG[1]) or (last is not None and last <= _LONG[0]):
        return None
    first = None if first is None or first < _LONG[0] else first
    last = None if last is None or last > _LONG[1] else last
    return snapshot.text.between(column.slot, first, last, include_high=False)


def _whole(bound: float | None) -> int | None:
    """The first whole number from there on."""
    return None if bound is None or bound in (float("inf"), float("-inf")) else -int(-bound // 1)


class _Resolved:
    """A span with its bounds as numbers."""

    def __init__(self, span: Span, field: FieldType | None, aggregation: RangeAggregation, matching: Matching) -> None:
        self._field = field if isinstance(aggregation, DateRangeAggregation) else None
        self._format = aggregation.format
        self._now = matching.now_millis
        self._matching = matching
        self.low, self.high = self._number(span.low), self._number(span.high)
        self.key = span.key or f"{self._text(self.low)}-{self._text(self.high)}"

    def _number(self, bound: Any) -> float | None:
        if bound is None or self._field is None:
            return float(bound) if isinstance(bound, (int, float)) else None
        with shard_failures(self._matching.parts[0][0]):
            return float(self._field.bound(bound, round_up=False, format=self._format, now_millis=self._now))

    def _text(self, bound: float | None) -> str:
        if bound is None:
            return "*"
        if self._field is None:
            return java_double(bound)
        return str(self._field.shown(int(bound), format=self._format))

    def shown(self) -> JsonObject:
        shown: JsonObject = {}
        for name, bound in (("from", self.low), ("to", self.high)):
            if bound is not None:
                shown[name] = bound
                if self._field is not None:
                    shown[f"{name}_as_string"] = self._text(bound)
        return shown


__all__ = ["between", "check_number", "ranges"]
