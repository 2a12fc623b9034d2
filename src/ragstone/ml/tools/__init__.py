"""Tools: what the steps of an agent do. Each is one class in one file, found by its wire name."""

from ragstone.ml.tools import index_mapping, list_index, ml_model, search_index, vector_db

__all__ = ["index_mapping", "list_index", "ml_model", "search_index", "vector_db"]
