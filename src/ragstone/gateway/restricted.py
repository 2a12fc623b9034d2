"""Searches in the cluster's words for who does not see all documents: what may be asked of them, and how.

Only what finds, sorts, shows and counts documents that the query finds, each by itself. What looks beyond them
(relatives, words of the whole index, other documents) is not among it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.unsupported import unsupported

_KEYS: Final = frozenset(
    {
        "query", "post_filter", "from", "size", "sort", "_source", "fields", "docvalue_fields", "stored_fields",
        "aggs", "aggregations", "highlight", "track_total_hits", "track_scores", "min_score", "version",
        "seq_no_primary_term", "timeout", "terminate_after", "search_after",
    }
)  # fmt: skip
_OURS: Final = frozenset({"ext", "search_pipeline", "verbose_pipeline"})
_PARAMETERS: Final = frozenset(
    {
        "from", "size", "sort", "_source", "_source_includes", "_source_excludes", "stored_fields", "docvalue_fields",
        "track_total_hits", "track_scores", "timeout", "terminate_after", "version", "seq_no_primary_term",
        "rest_total_hits_as_int", "typed_keys", "ignore_unavailable", "allow_no_indices", "expand_wildcards",
        "preference", "routing", "request_cache", "search_type", "allow_partial_search_results", "batched_reduce_size",
        "pre_filter_shard_size", "max_concurrent_shard_requests", "search_pipeline", "verbose_pipeline",
        "pretty", "human", "error_trace", "filter_path", "format", "source", "source_content_type",
    }
)  # fmt: skip
"""Those of the URL; `q` is another query, and suggestions are made of the words of all documents."""
_LEAVES: Final = frozenset(
    {
        "match_all", "match_none", "match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "multi_match",
        "combined_fields", "query_string", "simple_query_string", "intervals", "term", "terms", "range", "exists",
        "prefix", "wildcard", "regexp", "fuzzy", "ids", "geo_distance", "geo_bounding_box", "geo_polygon",
        "distance_feature", "rank_feature", "span_term",
    }
)  # fmt: skip
_AROUND: Final = {
    "bool": ("must", "should", "filter", "must_not"),
    "constant_score": ("filter",),
    "dis_max": ("queries",),
    "boosting": ("positive", "negative"),
    "nested": ("query",),
    "function_score": ("query",),
}
_BUCKETS: Final = frozenset(
    {
        "terms", "multi_terms", "histogram", "date_histogram", "auto_date_histogram", "range", "date_range", "ip_range",
        "missing", "composite", "nested", "reverse_nested", "geohash_grid", "geotile_grid", "filter", "filters",
    }
)  # fmt: skip
_NUMBERS: Final = frozenset(
    {
        "avg", "sum", "min", "max", "stats", "extended_stats", "value_count", "cardinality", "percentiles",
        "percentile_ranks", "median_absolute_deviation", "weighted_avg", "geo_bounds", "geo_centroid", "avg_bucket",
        "sum_bucket", "min_bucket", "max_bucket", "stats_bucket", "derivative", "cumulative_sum", "bucket_sort",
    }
)  # fmt: skip
_NEVER: Final = ("inner_hits", "highlight_query", "script", "functions")
"""Whatever they stand in: queries of their own, and code."""

_NOTHING: Final[JsonObject] = {"match_none": {}}
Clause = Callable[[JsonObject], JsonObject]


def is_possible(body: Any, parameters: Iterable[str]) -> bool:
    """Whether a search can be asked for somebody who does not see all documents. `parameters` are those of its URL."""
    if not isinstance(body, dict) or not _PARAMETERS.issuperset(parameters):
        return False
    if isinstance(body.get("search_pipeline"), dict):
        return False
    try:
        _narrowed_search({key: value for key, value in body.items() if key not in _OURS}, _NOTHING, ("knn", "neural"))
    except ValueError:
        return False
    return True


def kept_within(body: JsonObject, passing: JsonObject) -> JsonObject:
    """The search among the documents that pass, its vector queries choosing among them too. Scores stay the same.

    Raises IllegalArgumentException for what is not possible.
    """
    try:
        return _narrowed_search(body, passing, ("knn",))
    except ValueError as fault:
        raise unsupported(f"[{fault}] in a search of somebody who does not see all documents") from None


def _narrowed_search(body: JsonObject, passing: JsonObject, vectors: tuple[str, ...]) -> JsonObject:
    """See `kept_within`. `vectors` are the queries that choose among what a filter of theirs leaves. Raises ValueError,
    which names what is not possible."""
    _check(body)
    shown = dict(body)

    def clause(query: Any) -> JsonObject:
        return _narrowed(query, passing, vectors)

    for key in body:
        if key not in _KEYS:
            raise ValueError(key)
    for key in ("aggs", "aggregations"):
        if key in body:
            shown[key] = _aggregations(body[key], clause)
    if body.get("post_filter") is not None:
        shown["post_filter"] = clause(body["post_filter"])
    if any(name in str(body.get("sort")) for name in ("nested", "filter")):
        raise ValueError("sort")
    query = {"match_all": {}} if body.get("query") is None else clause(body["query"])
    shown["query"] = {"bool": {"must": [query], "filter": [passing]}}
    return shown


def _check(tree: Any) -> None:
    if isinstance(tree, list):
        for item in tree:
            _check(item)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if key in _NEVER:
                raise ValueError(key)
            _check(value)


def _narrowed(query: Any, passing: JsonObject, vectors: tuple[str, ...]) -> JsonObject:
    if not isinstance(query, dict) or len(query) != 1:
        raise ValueError("query")
    [(name, body)] = query.items()
    if not isinstance(body, dict):
        raise ValueError(name)
    if name in _LEAVES:
        if name == "terms" and any(isinstance(value, dict) for value in body.values()):
            raise ValueError("terms lookup")
        return query
    if name in vectors:
        return {name: {field: _among(options, passing, vectors) for field, options in body.items()}}
    if name not in _AROUND:
        raise ValueError(name)
    shown = dict(body)
    for place in _AROUND[name]:
        inner = body.get(place)
        if isinstance(inner, list):
            shown[place] = [_narrowed(one, passing, vectors) for one in inner]
        elif inner is not None:
            shown[place] = _narrowed(inner, passing, vectors)
    return {name: shown}


def _among(options: Any, passing: JsonObject, vectors: tuple[str, ...]) -> JsonObject:
    if not isinstance(options, dict):
        raise ValueError("knn")
    given = options.get("filter")
    both = [passing] if given is None else [_narrowed(given, passing, vectors), passing]
    return {**options, "filter": {"bool": {"filter": both}}}


def _aggregations(tree: Any, clause: Clause) -> JsonObject:
    if not isinstance(tree, dict):
        raise ValueError("aggs")
    return {name: _aggregation(definition, clause) for name, definition in tree.items()}


def _aggregation(definition: Any, clause: Clause) -> JsonObject:
    if not isinstance(definition, dict):
        raise ValueError("aggs")
    shown = dict(definition)
    for key, value in definition.items():
        if key in ("aggs", "aggregations"):
            shown[key] = _aggregations(value, clause)
        elif key == "filter":
            shown[key] = clause(value)
        elif key == "filters":
            found = value.get("filters") if isinstance(value, dict) else None
            if isinstance(found, list):
                shown[key] = {**value, "filters": [clause(one) for one in found]}
            elif isinstance(found, dict):
                shown[key] = {**value, "filters": {name: clause(one) for name, one in found.items()}}
            else:
                raise ValueError(key)
        elif key != "meta" and (key not in _BUCKETS | _NUMBERS or not isinstance(value, dict)):
            raise ValueError(key)
        elif "terms" in key and value.get("min_doc_count") in (0, "0"):
            raise ValueError("min_doc_count 0")
    return shown


__all__ = ["is_possible", "kept_within"]
