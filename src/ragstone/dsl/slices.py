"""`slice`: one of several parts of a scroll or a point in time, for readers that work side by side."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.core.errors import IllegalArgumentException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place
from ragstone.dsl.clause import to_int, to_text
from ragstone.dsl.object_parser import INT, STRING, Declared, parse_object
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.query import Query
from ragstone.dsl.unsupported import unsupported

_OCTAVES = 40
"""Sequence numbers may have so many binary digits."""
_ROUNDS = 4
"""The more, the more alike slices are in size, and the more ranges each of them is."""


@dataclass(frozen=True)
class Slice:
    """Part `id` of `max`, counted from 0. Every document is in one of them, and stays there until it is changed."""

    id: int
    max: int

    def to_json(self) -> JsonObject:
        return {"id": self.id, "max": self.max}

    def query(self) -> Query:
        """What it has: of the operations from 2^n on to 2^(n+1), for every n, every `max`th of equal parts.

        `Differs:` OpenSearch goes by a hash of the id, which no index of ours has.
        """
        return BoolQuery(should=tuple(self._ranges()))

    def _ranges(self) -> list[Query]:
        found: list[Query] = []
        parts = _ROUNDS * self.max
        for octave in (2**n for n in range(_OCTAVES)):
            for part in range(self.id, min(parts, octave), self.max):
                length = max(octave // parts, 1)
                low = octave + part * length
                high = low + length if part + 1 < parts else 2 * octave
                # The first operation has the number 0.
                found.append(RangeQuery(field="_seq_no", low=low - 1, high=high - 1, include_high=False))
        return found


def parse_slice(body: JsonObject) -> Slice:
    """Raises XContentParseException, IllegalArgumentException."""
    found = parse_object("slice", body, _FIELDS)
    if "id" not in found or "max" not in found:
        # Differs: OpenSearch takes what is missing for -1, and finds what may come of that.
        raise IllegalArgumentException("[slice] must have [id] and [max]")
    if found["max"] <= found["id"]:
        last = [key for key in body if key in ("id", "max")][-1]
        raise XContentParseException(
            f"[slice] failed to parse field [{last}]",
            cause=IllegalArgumentException("max must be greater than id"),
            place=Place(body, last, "value"),
        )
    if found.get("field", "_id") != "_id":
        raise unsupported("slice by a field")
    return Slice(found["id"], found["max"])


def _read_id(value: object) -> int:
    number = to_int(value)
    if number < 0:
        raise IllegalArgumentException("id must be greater than or equal to 0")
    return number


def _read_max(value: object) -> int:
    number = to_int(value)
    if number <= 1:
        raise IllegalArgumentException("max must be greater than 1")
    return number


_FIELDS = {
    "field": Declared(STRING, to_text),
    "id": Declared(INT, _read_id),
    "max": Declared(INT, _read_max),
}

__all__ = ["Slice", "parse_slice"]
