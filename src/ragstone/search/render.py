"""A search response as JSON."""

from __future__ import annotations

from typing import Any

from ragstone.core import json
from ragstone.core.errors import ShardFailure
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.search_body import SearchBody, SourceFilter
from ragstone.dsl.source_filter import filter_source
from ragstone.engine.values import Hit
from ragstone.pipelines.processor import SearchResponse

NO_STORED_FIELDS = ("_none_",)


def render(body: SearchBody, response: SearchResponse, took: int, *, total_as_int: bool = False) -> JsonObject:
    """The body of the answer. `took` is in milliseconds and includes all that processors did.

    `ext` comes last, and only when a processor has put something into it.
    """
    shown: JsonObject = {"took": took, "timed_out": response.timed_out}
    if response.terminated_early is not None:
        shown["terminated_early"] = response.terminated_early
    shown["_shards"] = shards(response.shards, response.failures)
    hits: JsonObject = {}
    if response.total is not None:
        relation = {"value": response.total.value, "relation": response.total.relation}
        hits["total"] = response.total.value if total_as_int else relation
    elif total_as_int:
        hits["total"] = -1
    hits["max_score"] = response.max_score
    hits["hits"] = render_hits(body, response)
    shown["hits"] = hits
    if response.aggregations:
        shown["aggregations"] = response.aggregations
    if response.processor_results is not None:
        shown["processor_results"] = response.processor_results
    if response.ext:
        shown["ext"] = response.ext
    return shown


def shards(total: int, failures: list[ShardFailure] | None = None) -> JsonObject:
    """`_shards` of a search or count."""
    failed = len(failures or [])
    shown: JsonObject = {"total": total, "successful": total - failed, "skipped": 0, "failed": failed}
    if failures:
        shown["failures"] = [failure.to_json() for failure in failures]
    return shown


def render_hits(body: SearchBody, response: SearchResponse) -> list[JsonObject]:
    return [_hit(body, hit) for hit in response.hits]


def _hit(body: SearchBody, hit: Hit) -> JsonObject:
    shown: JsonObject = {"_index": hit.index}
    if body.stored_fields != NO_STORED_FIELDS:
        shown["_id"] = hit.id
    if body.version:
        shown["_version"] = hit.version
    if body.seq_no_primary_term:
        shown["_seq_no"], shown["_primary_term"] = hit.seq_no, hit.primary_term
    shown["_score"] = hit.score
    if hit.routing is not None:
        shown["_routing"] = hit.routing
    if hit.source is not None and shows_source(body):
        shown["_source"] = _source(hit.source, body.source)
    shown.update(hit.extra)
    if hit.sort is not None:
        shown["sort"] = hit.sort
    if hit.matched_queries:
        shown["matched_queries"] = hit.matched_queries
    return shown


def _source(source: bytes, wanted: SourceFilter | None) -> Any:
    return json.Raw(filter_source(source, wanted))


def shows_source(body: SearchBody) -> bool:
    """Whether hits are shown with a `_source`: unless the search says no, or asks for stored fields only."""
    if body.source is not None:
        return body.source.enabled
    return body.stored_fields is None
