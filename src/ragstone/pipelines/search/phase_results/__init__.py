"""Processors between query and fetch. Importing this package registers them all."""

from ragstone.pipelines.search.phase_results import normalization, score_ranker

__all__ = ["normalization", "score_ranker"]
