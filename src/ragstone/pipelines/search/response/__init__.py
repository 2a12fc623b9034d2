"""Processors that change a search response. Importing this package registers them all."""

from ragstone.pipelines.search.response import (
    collapse,
    hybrid_score_explanation,
    rename_field,
    rerank,
    retrieval_augmented_generation,
    sort,
    split,
    truncate_hits,
)

__all__ = [
    "collapse",
    "hybrid_score_explanation",
    "rename_field",
    "rerank",
    "retrieval_augmented_generation",
    "sort",
    "split",
    "truncate_hits",
]
