"""What OpenSearch understands and Ragstone does not yet. One table, one wording; COMPATIBILITY.md is made from it."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException

QUERIES = (
    "agentic",
    "combined_fields",
    "distance_feature",
    "function_score",
    "geo_bounding_box",
    "geo_distance",
    "geo_polygon",
    "geo_shape",
    "has_child",
    "has_parent",
    "hybrid",
    "intervals",
    "more_like_this",
    "nested",
    "neural_sparse",
    "parent_id",
    "percolate",
    "rank_feature",
    "script",
    "script_score",
    "span_containing",
    "span_first",
    "span_multi",
    "span_near",
    "span_not",
    "span_or",
    "span_term",
    "span_within",
    "template",
    "terms_set",
    "wrapper",
)
"""Queries that are recognised and refused."""

SEARCH_KEYS = (
    "aggregations",
    "aggs",
    "collapse",
    "derived",
    "docvalue_fields",
    "fields",
    "highlight",
    "pit",
    "profile",
    "rescore",
    "script_fields",
    "slice",
    "suggest",
)
"""Keys of a search body that are recognised and refused, unless what they hold asks for nothing."""


def unsupported(what: str) -> IllegalArgumentException:
    """`[aggs] is not supported by Ragstone yet`, a 400."""
    return IllegalArgumentException(f"[{what}] is not supported by Ragstone yet")
