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
    "intervals",
    "more_like_this",
    "nested",
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

AGGREGATIONS = (
    "adjacency_matrix", "auto_date_histogram", "avg_bucket", "bucket_script", "bucket_selector", "bucket_sort",
    "children", "composite", "cumulative_sum", "derivative",
    "diversified_sampler", "extended_stats", "extended_stats_bucket", "geo_bounds",
    "geo_centroid", "geo_distance", "geohash_grid", "geotile_grid", "ip_range", "matrix_stats",
    "max_bucket", "median_absolute_deviation", "min_bucket", "moving_avg", "moving_fn",
    "multi_terms", "nested", "parent", "percentile_ranks", "percentiles", "percentiles_bucket", "rare_terms",
    "reverse_nested", "sampler", "scripted_metric", "serial_diff", "significant_terms", "significant_text",
    "stats_bucket", "sum_bucket", "top_hits", "variable_width_histogram", "weighted_avg",
)  # fmt: skip
"""Aggregations that are recognised and refused."""

SEARCH_KEYS = (
    "collapse",
    "derived",
    "profile",
    "rescore",
    "script_fields",
    "suggest",
)
"""Keys of a search body that are recognised and refused, unless what they hold asks for nothing."""


def unsupported(what: str) -> IllegalArgumentException:
    """`[aggs] is not supported by Ragstone yet`, a 400."""
    return IllegalArgumentException(f"[{what}] is not supported by Ragstone yet")
