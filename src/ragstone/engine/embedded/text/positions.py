"""Terms and their positions in a document's field, values and gaps counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragstone.engine.embedded.mapper.field_type import IndexValue
from ragstone.engine.embedded.mapper.text import AnalyzedField, TextField

POSITION_GAP = 100
"""Positions left free between two values of one field, where the mapping says nothing else."""


def positioned(field: AnalyzedField, values: Sequence[IndexValue]) -> Iterator[tuple[str, int]]:
    """(term, position) of all values, one after the other, with the field's gap between them."""
    gap = field.position_increment_gap if isinstance(field, TextField) else POSITION_GAP
    start = 0
    for value in values:
        last = start - 1
        for term, position in field.analyzer.terms(str(value)):
            last = start + position
            yield term, last
        start = last + 1 + gap


def positions_of(field: AnalyzedField, values: Sequence[IndexValue]) -> tuple[dict[str, list[int]], int]:
    """Where each term stands, ascending, and how many terms there are."""
    found: dict[str, list[int]] = {}
    length = 0
    for term, position in positioned(field, values):
        found.setdefault(term, []).append(position)
        length += 1
    return found, length
