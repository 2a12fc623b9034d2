"""Processors that change a search before it runs. Importing this package registers them all."""

from ragstone.pipelines.search.request import filter_query, neural_query_enricher, oversample, question_rewrite

__all__ = ["filter_query", "neural_query_enricher", "oversample", "question_rewrite"]
