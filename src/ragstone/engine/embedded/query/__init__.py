"""Query nodes to tantivy queries. Importing this package registers every family."""

from ragstone.engine.embedded.query import (
    boolean,
    compound,
    everything,
    full_text,
    fuzzy,
    knn,
    multi_match,
    multi_term,
    neural_sparse,
    phrase,
    query_string,
    range,
    term,
)

__all__ = [
    "boolean",
    "compound",
    "everything",
    "full_text",
    "fuzzy",
    "knn",
    "multi_match",
    "multi_term",
    "neural_sparse",
    "phrase",
    "query_string",
    "range",
    "term",
]
