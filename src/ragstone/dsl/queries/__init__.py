"""One file per query. Importing this package registers them all."""

from ragstone.dsl.queries import bool, knn, match, match_all, match_none, neural, term

__all__ = ["bool", "knn", "match", "match_all", "match_none", "neural", "term"]
