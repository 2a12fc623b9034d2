"""Buckets of the documents that a filter passes."""

from __future__ import annotations

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggs.filters import FilterAggregation, FiltersAggregation, GlobalAggregation, MissingAggregation
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.engine.embedded.aggregations.run import Matching, aggregates


@aggregates(FilterAggregation)
def filter(aggregation: FilterAggregation, matching: Matching) -> JsonObject:
    return matching.filtered(aggregation.query).bucket(aggregation)


@aggregates(FiltersAggregation)
def filters(aggregation: FiltersAggregation, matching: Matching) -> JsonObject:
    buckets = [matching.filtered(query).bucket(aggregation) for query in aggregation.queries]
    if aggregation.other is not None:
        rest = matching.filtered(BoolQuery(must_not=aggregation.queries))
        buckets.append(rest.bucket(aggregation))
    if aggregation.keys is None:
        return {"buckets": buckets}
    keys = [*aggregation.keys, *([] if aggregation.other is None else [aggregation.other])]
    return {"buckets": dict(zip(keys, buckets, strict=True))}


@aggregates(MissingAggregation)
def missing(aggregation: MissingAggregation, matching: Matching) -> JsonObject:
    without = BoolQuery(must_not=(ExistsQuery(field=aggregation.field),))
    return matching.filtered(without).bucket(aggregation)


@aggregates(GlobalAggregation)
def everything(aggregation: GlobalAggregation, matching: Matching) -> JsonObject:
    """All that is visible: what the reader of a view is asked is asked of the visible documents only."""
    return matching.whole().bucket(aggregation)


__all__ = ["everything", "filter", "filters", "missing"]
