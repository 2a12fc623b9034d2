"""One file per aggregation; `run` is the door."""

from ragstone.engine.embedded.aggregations import terms
from ragstone.engine.embedded.aggregations.run import run

__all__ = ["run", "terms"]
