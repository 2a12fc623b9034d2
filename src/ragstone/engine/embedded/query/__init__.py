"""Query nodes to tantivy queries. Importing this package registers every family."""

from ragstone.engine.embedded.query import boolean, everything, full_text, knn, term

__all__ = ["boolean", "everything", "full_text", "knn", "term"]
