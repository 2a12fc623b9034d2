"""One file per aggregation. Importing this package registers them all."""

from ragstone.dsl.aggs import terms

__all__ = ["terms"]
