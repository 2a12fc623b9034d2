"""One file per family of aggregations; `run` is the door."""

from ragstone.engine.embedded.aggregations import filters, histograms, metrics, ranges, terms
from ragstone.engine.embedded.aggregations.run import run

__all__ = ["filters", "histograms", "metrics", "ranges", "run", "terms"]
