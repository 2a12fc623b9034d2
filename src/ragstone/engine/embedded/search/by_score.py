"""The best hits of one index by score; equal scores in the order the documents came in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragstone.core import json
from ragstone.engine.embedded.query.compile import CompiledQuery, all_of, constant
from ragstone.engine.embedded.text.reader import Address, TextReader
from ragstone.engine.embedded.text.schema import ROW

Scored = tuple[float, int]
"""A score and a row."""
_MORE = 10
"""They cost hardly anything. With one more alone, every fifth search for common words would have to be repeated."""


def best_by_score(reader: TextReader, query: CompiledQuery, size: int, *, count: bool) -> tuple[list[Scored], int]:
    """The `size` best and how many match (0 unless asked).

    tantivy breaks ties by where a document lies, which merges change. So some hits more are asked for: when the score
    of the last place goes on behind them all, still more are fetched until it ends, and the rows decide.
    """
    limit = size + _MORE
    hits, matches = reader.best(query, limit, count=count)
    while len(hits) == limit and hits[size - 1][0] == hits[-1][0]:
        limit *= 4
        hits, _ = reader.best(query, limit, count=False)
    end = size
    while end < len(hits) and hits[end][0] == hits[size - 1][0]:
        end += 1
    found = _with_rows(reader, hits[:end])
    if len({score for score, _ in found}) < len(found):
        found.sort(key=lambda hit: (-hit[0], hit[1]))
    return found[:size], matches


def _with_rows(reader: TextReader, hits: Sequence[tuple[float, Address]]) -> list[Scored]:
    rows = reader.rows([address for _, address in hits])
    return [(hit[0], row) for hit, row in zip(hits, rows, strict=True)]


def first_rows(reader: TextReader, query: CompiledQuery, size: int, *, count: bool) -> tuple[list[Scored], int]:
    """For a query that gives every match the same score: simply the first ones."""
    hits, matches = reader.ordered(query, size, ROW, count=count)
    if not hits:
        return [], matches
    best, _ = reader.best(all_of([query, constant(reader.having(ROW, hits[0][0]), 0.0)]), 1, count=False)
    score = best[0][0]
    return [(score, row) for row, _ in hits], matches


def scoring_at_least(reader: TextReader, query: CompiledQuery, least: float) -> list[int]:
    """The rows of all documents with that score or a better one."""
    limit = 256
    while True:
        hits, _ = reader.best(query, limit, count=False)
        if len(hits) < limit or hits[-1][0] < least:
            return reader.rows([address for score, address in hits if score >= least])
        limit *= 4


def shortest(scores: Sequence[float]) -> list[float]:
    """The same float32 numbers with the fewest digits, as OpenSearch writes scores."""
    found: list[float] = json.decode(json.encode(np.array(scores, np.float32)))
    return found
