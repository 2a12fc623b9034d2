"""The aggregations. Importing this package registers them all."""

from ragstone.dsl.aggs import filters, metrics, terms

__all__ = ["filters", "metrics", "terms"]
