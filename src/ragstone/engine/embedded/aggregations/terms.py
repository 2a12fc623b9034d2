"""`terms`: counts per value, exact over all indices of the search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import tantivy

from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.aggs.terms import TermsAggregation
from ragstone.engine.embedded.aggregations.order import ordered_by
from ragstone.engine.embedded.aggregations.run import Matching, aggregates, compute
from ragstone.engine.embedded.aggregations.values import Column, columns
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.query.compile import any_of, but_not
from ragstone.engine.embedded.search.failures import shard_failures
from ragstone.engine.embedded.snapshot import Snapshot


@dataclass
class _Bucket:
    """`key` is the index form of a value, or what it shows as where some index masks them."""

    key: Any
    count: int = 0
    values: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """Per index: which values those are there."""
    inside: JsonObject = field(default_factory=dict)


@aggregates(TermsAggregation)
def terms(aggregation: TermsAggregation, matching: Matching) -> JsonObject:
    """Buckets as the API shows them. A field that an index does not map has no values there."""
    found = list(columns(matching, aggregation.field, masked=True))
    as_texts = any(column.masked is not None for column in found)
    show = _Shown(None if as_texts or not found else found[0].field, aggregation)
    buckets: dict[Any, _Bucket] = {}
    for column in found:
        _count(column, column.counts(), buckets, as_texts=as_texts)
    if aggregation.min_doc_count == 0:
        for column in columns(matching.whole(), aggregation.field, masked=True):
            _count(column, dict.fromkeys(column.counts(), 0), buckets, as_texts=as_texts)
    if aggregation.missing is not None:
        _add_missing(aggregation, matching, found, show, buckets)
    least = aggregation.min_doc_count
    kept = [bucket for bucket in buckets.values() if bucket.count >= least and show.keeps(bucket.key)]
    total = sum(bucket.count for bucket in kept)

    def fill(bucket: _Bucket) -> None:
        bucket.inside = compute(aggregation.aggregations, matching.narrowed(_having(bucket, found, aggregation)))

    shown = _first(aggregation, kept, fill, matching)
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": total - sum(bucket.count for bucket in shown),
        "buckets": [show.bucket(bucket) for bucket in shown],
    }


def _count(column: Column, counts: dict[Any, int], buckets: dict[Any, _Bucket], *, as_texts: bool) -> None:
    index = column.snapshot.metadata.name
    for value, count in counts.items():
        bucket = buckets.setdefault(key := column.text(value) if as_texts else value, _Bucket(key))
        bucket.count += count
        if value not in bucket.values[index]:
            bucket.values[index].append(value)


def _add_missing(
    aggregation: TermsAggregation,
    matching: Matching,
    found: Sequence[Column],
    show: _Shown,
    buckets: dict[Any, _Bucket],
) -> None:
    """The documents without a value under the one they are given; those of indices that do not map the field too."""
    having = {column.snapshot.metadata.name: column for column in found}
    key = aggregation.missing if show.field is None else None
    for snapshot, query in matching.parts:
        column = having.get(snapshot.metadata.name)
        without = snapshot.text.count(query) if column is None else column.without()
        if not without:
            continue
        if key is None and show.field is not None:
            with shard_failures(snapshot):
                key = show.field.term(aggregation.missing, now_millis=matching.now_millis)
        bucket = buckets.setdefault(key, _Bucket(key))
        bucket.count += without
        bucket.values[snapshot.metadata.name].append(_NONE)


_NONE = object()
"""Stands for having no value."""


def _having(
    bucket: _Bucket, found: Sequence[Column], aggregation: TermsAggregation
) -> Callable[[Snapshot], tantivy.Query | None]:
    by_index = {column.snapshot.metadata.name: column for column in found}

    def narrowing(snapshot: Snapshot) -> tantivy.Query | None:
        values, column = bucket.values.get(snapshot.metadata.name), by_index.get(snapshot.metadata.name)
        if not values:
            return None
        slot = None if column is None else column.slot
        if column is None or slot is None:
            return snapshot.text.everything()
        return any_of([_one(snapshot, column.field, slot, value) for value in values])

    return narrowing


def _one(snapshot: Snapshot, field: FieldType, slot: str, value: Any) -> tantivy.Query:
    if value is _NONE:
        return but_not(snapshot.text.everything(), snapshot.text.present(slot))
    if field.storage == "bool":
        return snapshot.text.having(slot, bool(value))
    return snapshot.text.having(slot, value) if isinstance(value, str) else snapshot.text.between(slot, value, value)


def _first(
    aggregation: TermsAggregation, kept: list[_Bucket], fill: Callable[[_Bucket], None], matching: Matching
) -> list[_Bucket]:
    """The first buckets in order, with what is computed inside them."""
    paths = [by for by, _ in aggregation.order if by not in ("_count", "_key")]
    if not paths:
        kept.sort(key=lambda bucket: bucket.key)
        # The last criterion is sorted by first: Python's sort keeps the order of equals.
        for by, direction in reversed(aggregation.order):
            kept.sort(key=(lambda b: b.count) if by == "_count" else (lambda b: b.key), reverse=direction == "desc")
        shown = kept[: aggregation.size]
        for bucket in shown if aggregation.aggregations else ():
            fill(bucket)
        return shown
    for snapshot, _ in matching.parts:
        with shard_failures(snapshot):
            readers = {path: ordered_by(path, aggregation.aggregations) for path in paths}
    if not kept:
        return []
    for bucket in kept:
        fill(bucket)
    kept.sort(key=lambda bucket: bucket.key)
    for by, direction in reversed(aggregation.order):
        if by in ("_count", "_key"):
            kept.sort(key=(lambda b: b.count) if by == "_count" else (lambda b: b.key), reverse=direction == "desc")
        else:
            kept.sort(key=_number_first(readers[by], descending=direction == "desc"))
    return kept[: aggregation.size]


def _number_first(read: Callable[[JsonObject], float | None], *, descending: bool) -> Callable[[_Bucket], Any]:
    """Buckets without a number come last, whichever the direction."""

    def key(bucket: _Bucket) -> tuple[bool, float]:
        number = read(bucket.inside)
        return (True, 0.0) if number is None else (False, -number if descending else number)

    return key


class _Shown:
    """How keys are shown, and which."""

    def __init__(self, field: FieldType | None, aggregation: TermsAggregation) -> None:
        self.field = field
        self._aggregation = aggregation
        self._include = None if aggregation.include is None else set(self._read(aggregation.include))
        self._exclude = set(self._read(aggregation.exclude))

    def _read(self, values: Sequence[Any]) -> Iterator[Any]:
        for value in values:
            yield java_text(value) if self.field is None else self.field.term(value)

    def keeps(self, key: Any) -> bool:
        return (self._include is None or key in self._include) and key not in self._exclude

    def bucket(self, bucket: _Bucket) -> JsonObject:
        key = bucket.key
        shown: JsonObject = {"key": key}
        if self.field is not None and self.field.wire_type == "boolean":
            shown = {"key": int(key), "key_as_string": "true" if key else "false"}
        elif self.field is not None and self.field.wire_type in ("date", "date_nanos"):
            shown["key_as_string"] = self.field.shown(key, format=self._aggregation.format)
        elif self.field is not None and self.field.wire_type in ("ip", "unsigned_long"):
            shown["key"] = self.field.sort_value(key)
        shown["doc_count"] = bucket.count
        if self._aggregation.shows_error:
            shown["doc_count_error_upper_bound"] = 0
        return {**shown, **bucket.inside}
