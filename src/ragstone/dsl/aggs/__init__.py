"""The aggregations. Importing this package registers them all."""

from ragstone.dsl.aggs import filters, histograms, metrics, ranges, terms

__all__ = ["filters", "histograms", "metrics", "ranges", "terms"]
