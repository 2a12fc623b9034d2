"""Buckets of one width. Every bucket is counted by a query of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from math import floor
from typing import Any

from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.xcontent import JsonObject, java_double
from ragstone.dsl.aggs.histograms import Bounds, DateHistogramAggregation, HistogramAggregation
from ragstone.dsl.clause import to_float
from ragstone.engine.embedded.aggregations.ranges import between, check_number
from ragstone.engine.embedded.aggregations.run import Matching, aggregates
from ragstone.engine.embedded.aggregations.values import Column, columns
from ragstone.engine.embedded.mapper.calendar import local_millis, offset_text, parse_zone, utc_millis
from ragstone.engine.embedded.mapper.date_math import plus, round_down
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.search.failures import shard_failures

MOST_BUCKETS = 65_535


class TooManyBucketsException(OpenSearchException):
    """More buckets than a search may have."""

    status = 400


@dataclass(frozen=True)
class _Grid:
    """`down` is the key of the bucket that a value is in, `after` the key behind a key."""

    down: Callable[[float], float]
    after: Callable[[float], float]
    bound: Callable[[Any], float]
    """A bound of the request as a number."""
    show: Callable[[float], JsonObject]
    """The key of a bucket as the API shows it."""
    name: Callable[[float], str]
    """What a bucket is called where they are shown by their names."""
    hard_shift: float = 0.0
    """How far keys may lie beyond hard bounds: OpenSearch compares them without their offset."""


@aggregates(HistogramAggregation)
def histogram(aggregation: HistogramAggregation, matching: Matching) -> JsonObject:
    interval, offset = aggregation.interval, aggregation.offset
    grid = _Grid(
        lambda value: floor((value - offset) / interval) * interval + offset,
        lambda key: (round((key - offset) / interval) + 1) * interval + offset,
        to_float,
        lambda key: {"key": key},
        java_double,
        offset,
    )
    return _buckets(aggregation, matching, _columns(aggregation, matching), grid)


@aggregates(DateHistogramAggregation)
def date_histogram(aggregation: DateHistogramAggregation, matching: Matching) -> JsonObject:
    found = _columns(aggregation, matching)
    for snapshot, _ in matching.parts:
        with shard_failures(snapshot):
            if aggregation.calendar is None and aggregation.fixed is None:
                raise IllegalArgumentException("Invalid interval specified, must be non-null and non-empty")
            zone = parse_zone(aggregation.time_zone or "Z")
    field = next((column.field for column in found.values()), None)
    if field is None:
        return {"buckets": {} if aggregation.keyed else []}
    known, first = field, next(iter(found.values()))

    def text(key: float) -> str:
        ahead = offset_text((local_millis(int(key), zone) - int(key)) // 1000, colon=True)
        return str(known.shown(int(key), format=aggregation.format, time_zone=ahead))

    def bound(value: Any) -> float:
        with shard_failures(first.snapshot):
            now = matching.now_millis
            return float(known.bound(value, round_up=False, format=aggregation.format, now_millis=now))

    down, after = _dates(aggregation, zone)
    grid = _Grid(down, after, bound, lambda key: {"key_as_string": text(key), "key": int(key)}, text)
    return _buckets(aggregation, matching, found, grid)


def _dates(
    aggregation: DateHistogramAggregation, zone: tzinfo
) -> tuple[Callable[[float], float], Callable[[float], float]]:
    offset, fixed, unit = aggregation.offset, aggregation.fixed, aggregation.calendar or ""

    def down(value: float) -> float:
        millis = int(value) - offset
        if fixed is not None:
            return utc_millis(local_millis(millis, zone) // fixed * fixed, zone) + offset
        if unit != "q":
            return round_down(millis, unit, zone) + offset
        month = round_down(millis, "M", zone)
        quarter = round_down(millis, "y", zone)
        while (following := plus(quarter, 3, "M", zone)) <= month:
            quarter = following
        return quarter + offset

    def after(key: float) -> float:
        millis = int(key) - offset
        if fixed is not None:
            return utc_millis(local_millis(millis, zone) + fixed, zone) + offset
        return plus(millis, 3 if unit == "q" else 1, "M" if unit == "q" else unit, zone) + offset

    return down, after


def _columns(aggregation: HistogramAggregation | DateHistogramAggregation, matching: Matching) -> dict[str, Column]:
    found = {column.snapshot.metadata.name: column for column in columns(matching, aggregation.field)}
    for column in found.values():
        with shard_failures(column.snapshot):
            _check(column.field, aggregation.wire_name)
    return found


def _check(field: FieldType, kind: str) -> None:
    check_number(field, kind)
    if kind == "date_histogram" and field.wire_type not in ("date", "date_nanos"):
        raise IllegalArgumentException(
            f"Field [{field.name}] of type [{field.wire_type}] is not supported for aggregation [{kind}]"
        )


def _buckets(
    aggregation: HistogramAggregation | DateHistogramAggregation,
    matching: Matching,
    found: dict[str, Column],
    grid: _Grid,
) -> JsonObject:
    buckets: list[tuple[float, JsonObject]] = []
    for key in _keys(aggregation, found, grid):
        inside = matching.narrowed(lambda snapshot, key=key: between(snapshot, found, key, grid.after(key)))  # type: ignore[misc]
        count = inside.count()
        if count >= aggregation.min_doc_count:
            buckets.append((key, {**grid.show(key), **inside.bucket(aggregation, count)}))
    if aggregation.hard is not None:
        buckets = _without_ends(buckets, _ends(aggregation.extended or Bounds(), grid))
    by, direction = aggregation.order
    if by == "_count":
        buckets.sort(key=lambda bucket: bucket[1]["doc_count"], reverse=direction == "desc")
    elif direction == "desc":
        buckets.reverse()
    if aggregation.keyed:
        return {"buckets": {grid.name(key): bucket for key, bucket in buckets}}
    return {"buckets": [bucket for _, bucket in buckets]}


def _keys(
    aggregation: HistogramAggregation | DateHistogramAggregation, found: dict[str, Column], grid: _Grid
) -> list[float]:
    """From the bucket of the least value to that of the greatest, as far as the bounds extend or cut that.

    Raises TooManyBucketsException.
    """
    ends: list[float] = []
    for column in found.values():
        if column.slot is not None:
            told = column.snapshot.text.metric(column.query, column.slot, "stats")
            ends += [told["min"], told["max"]] if told["count"] else []
    if aggregation.min_doc_count == 0 and aggregation.extended is not None:
        ends += _ends(aggregation.extended, grid)
    if not ends:
        return []
    first, last = grid.down(min(ends)), grid.down(max(ends))
    if aggregation.hard is not None:
        low, high = aggregation.hard.low, aggregation.hard.high
        last = last if high is None else min(last, grid.bound(high) + grid.hard_shift)
        if low is not None and first < (least := grid.bound(low) + grid.hard_shift):
            first = grid.down(least)
            first = first if first >= least else grid.after(first)
    keys: list[float] = []
    while first <= last:
        keys.append(first)
        first = grid.after(first)
        if len(keys) > MOST_BUCKETS:
            raise TooManyBucketsException(
                f"Trying to create too many buckets. Must be less than or equal to: [{MOST_BUCKETS}] but was "
                f"[{len(keys)}]. This limit can be set by changing the [search.max_buckets] cluster level setting.",
                metadata={"max_buckets": MOST_BUCKETS},
            )
    return keys


def _without_ends(buckets: list[tuple[float, JsonObject]], kept: list[float]) -> list[tuple[float, JsonObject]]:
    """Without the empty buckets at both ends that no bound extends to: what hard bounds have cut off made them."""
    filled = [key for key, bucket in buckets if bucket["doc_count"]] + kept
    if not filled:
        return []
    return [bucket for bucket in buckets if min(filled) <= bucket[0] <= max(filled)]


def _ends(bounds: Bounds, grid: _Grid) -> list[float]:
    return [grid.bound(end) for end in (bounds.low, bounds.high) if end is not None]


__all__ = ["TooManyBucketsException", "date_histogram", "histogram"]
