"""`terms`: counts per value, exact over all indices of the search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggs.terms import TermsAggregation
from ragstone.engine.embedded.aggregations.run import Matching, aggregates, shard_failures
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.visible import MaskedField
from ragstone.engine.embedded.search.sort import check_field_data
from ragstone.engine.visibility import value_text


@aggregates(TermsAggregation)
def terms(aggregation: TermsAggregation, matching: Matching) -> JsonObject:
    """Buckets as the API shows them. A field that an index does not map has no values there."""
    counts: Counter[Any] = Counter()
    field: FieldType | None = None
    as_texts = any(aggregation.field in snapshot.mapper.masked for snapshot, _ in matching)
    for snapshot, query in matching:
        masked = snapshot.mapper.masked.get(aggregation.field)
        found = snapshot.mapper.field(aggregation.field) if masked is None else masked.field
        if found is None:
            continue
        with shard_failures(snapshot):
            check_field_data(found)
        field = None if as_texts else field or found
        slot = snapshot.text.slot(found.name)
        if slot is not None:
            values = snapshot.text.value_counts(query, slot)
            counts.update(_texts(values, found, masked) if as_texts else values)
    kept = [(key, count) for key, count in counts.items() if count >= aggregation.min_doc_count]
    # The last criterion is sorted by first: Python's sort keeps the order of equals.
    kept.sort(key=lambda bucket: bucket[0])
    for by, direction in reversed(aggregation.order):
        kept.sort(key=lambda bucket, at=int(by == "_count"): bucket[at], reverse=direction == "desc")  # type: ignore[misc]
    shown = kept[: aggregation.size]
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(counts.values()) - sum(count for _, count in shown),
        "buckets": [_bucket(field, key, count) for key, count in shown],
    }


def _texts(values: Mapping[Any, int], field: FieldType, masked: MaskedField | None) -> Counter[str]:
    """Counted under what they are shown as where some are masked: not even the order of keys tells of them."""
    counts: Counter[str] = Counter()
    for value, count in values.items():
        shown = value_text(field.sort_value(value))
        counts[shown if masked is None else masked.mask(shown)] += count
    return counts


def _bucket(field: FieldType | None, key: Any, count: int) -> JsonObject:
    bucket: JsonObject = {"key": key}
    if field is not None and field.wire_type == "boolean":
        bucket = {"key": int(key), "key_as_string": "true" if key else "false"}
    elif field is not None and field.wire_type == "date":
        bucket["key_as_string"] = field.shown(key)
    bucket["doc_count"] = count
    return bucket
