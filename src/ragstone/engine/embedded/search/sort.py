"""The keys hits are ordered by: where each comes from, how values compare, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, Literal

from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.dsl.sort import SortField
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.mapper.field_type import FieldType, field_types
from ragstone.engine.embedded.mapper.rank_features import RankFeaturesField
from ragstone.engine.embedded.query.compile import Context
from ragstone.engine.embedded.text.schema import ID, ROUTING, ROW

LONG = (-(2**63), 2**63 - 1)
HIGHEST_ROW = 2**62
"""Above every row there will ever be."""
_ROWS_OF_AN_INDEX = 2**40
"""How far two neighbouring indices are apart in `_shard_doc`: in thousands of them it is exact as a double."""
INTEGER = (-(2**31), 2**31 - 1)
_INTEGER_TYPES = ("integer", "short", "byte", "boolean")
_INFINITY = float("inf")

Comparable = Any
"""What order keys are made of: numbers, or pairs for texts."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Reversed:
    """A text that sorts the other way round."""

    text: str

    def __lt__(self, other: Reversed) -> bool:
        return self.text > other.text


@dataclass(frozen=True)
class SortKey:
    """One key, resolved for one index.

    `source` says where values come from: the score, the order of arrival (`row`), a column of the text index, or
    nowhere (`nothing`: no document here has a value). Numbers that are missing count as the extreme that puts them
    where they belong, as in Lucene, so that `search_after` can name them; missing texts come last or first.
    """

    source: Literal["score", "row", "column", "nothing"]
    descending: bool
    column: str = ""
    field: FieldType | None = None
    numeric: bool = True
    bounds: tuple[float, float] = LONG
    missing_first: bool = False
    missing: Any = None
    """The value that documents without one are given; None when they have none."""
    mode: str = "min"
    first_row: int = 1
    """What `row` counts from: it is shown as 0. Far below 1 in the second and later indices of a reader."""

    @property
    def plain(self) -> bool:
        """Documents without a value stand together at one end."""
        return self.missing is None

    def order(self, value: Any) -> Comparable:
        """What to compare, ascending, for a raw value (None: there is none)."""
        if value is None:
            value = self.missing
        if self.numeric:
            number = self._absent() if value is None else value
            if self.source == "row":
                number -= self.first_row
            return -number if self.descending else +number
        if value is None:
            return (-1 if self.missing_first else 1, "")
        return (0, Reversed(value) if self.descending else value)

    def show(self, value: Any) -> Json:
        """The value as `sort` of a hit has it."""
        if value is None:
            value = self.missing
        if self.source == "row":
            return value - self.first_row
        if not self.numeric or self.source == "score":
            return value
        if value is None:
            value = self._absent()
            return ("Infinity" if value > 0 else "-Infinity") if abs(value) == _INFINITY else value
        return value if self.field is None else self.field.sort_value(value)

    def _absent(self) -> float:
        return self.bounds[self.missing_first == self.descending]

    def read(self, value: Json) -> Any:
        """The raw value of one entry of `search_after`. Raises IllegalArgumentException."""
        if value is None:
            return None
        try:
            if self.source == "score":
                return float(value)
            if self.source == "row":
                return min(max(int(value) + self.first_row, -HIGHEST_ROW), HIGHEST_ROW)
            if not self.numeric:
                return java_text(value)
            if self.field is None:
                return float(value)
            if self.field.storage == "bool" and value in (0, 1):
                return bool(value)
            if isinstance(value, (int, float)):
                return value
            if value in ("Infinity", "-Infinity"):
                return float(value)
            return self.field.bound(value, round_up=False)
        except (JavaException, ValueError, TypeError) as error:
            name = self.field.name if self.field is not None else "_score" if self.source == "score" else "_doc"
            raise IllegalArgumentException(
                f"Failed to parse search_after value for field [{name}].",
                cause=error if isinstance(error, JavaException) else None,
            ) from error


def sort_keys(fields: Sequence[SortField], context: Context, place: int = 0) -> list[SortKey]:
    """The keys of one search, resolved for one index, which is the one at `place` among those searched.

    Raises QueryShardException for an unmapped field, IllegalArgumentException for one that can't be sorted by.
    """
    return [
        SortKey("row", field.order == "desc", ROW, first_row=1 - place * _ROWS_OF_AN_INDEX)
        if field.field == "_shard_doc"
        else _resolve(field, context)
        for field in fields
    ]


def _resolve(sort: SortField, context: Context) -> SortKey:
    descending = sort.order == "desc"
    if sort.field == "_score":
        return SortKey("score", descending)
    if sort.field in ("_doc", "_seq_no"):
        return SortKey("row", descending, ROW)
    field = context.field(sort.field)
    if field is None:
        return _unmapped(sort, context)
    check_field_data(field)
    numeric = field.storage != "keyword"
    slot = {"_id": ID, "_routing": ROUTING}.get(field.name) or context.reader.slot(field.name)
    missing_first, missing = _missing(sort, field)
    return SortKey(
        "nothing" if slot is None else "column",
        descending,
        slot or "",
        field,
        numeric,
        _bounds(field.wire_type),
        missing_first,
        missing,
        sort.mode or ("max" if descending else "min"),
    )


def _unmapped(sort: SortField, context: Context) -> SortKey:
    kind: type[FieldType] | FieldType | None = context.mapper.concealed.get(sort.field)
    if kind is None:
        if sort.unmapped_type is None:
            raise context.error(f"No mapping found for [{sort.field}] in order to sort on")
        kind = field_types.get(sort.unmapped_type)
    if kind is None:
        raise IllegalArgumentException(f"No mapper found for type [{sort.unmapped_type}]")
    first = sort.missing == "_first"
    return SortKey(
        "nothing",
        sort.order == "desc",
        numeric=kind.storage not in ("keyword", "text"),
        bounds=_bounds(kind.wire_type),
        missing_first=first,
    )


def check_field_data(field: FieldType) -> None:
    """Raises IllegalArgumentException for a field whose values are not kept by document, to sort or aggregate by."""
    if field.storage == "text":
        raise IllegalArgumentException(
            "Text fields are not optimised for operations that require per-document field data like aggregations and "
            "sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, "
            f"set fielddata=true on [{field.name}] in order to load field data by uninverting the inverted index. Note "
            "that this can use significant memory."
        )
    if field.name in ("_index", "_version", "_primary_term"):
        raise unsupported(f"sort by {field.name}")
    if isinstance(field, RankFeaturesField):
        raise IllegalArgumentException("[rank_features] fields do not support sorting, scripting or aggregating")
    if field.storage in ("vector", "none") or not (field.doc_values or field.name.startswith("_")):
        raise IllegalArgumentException(
            f"Can't load fielddata on [{field.name}] because fielddata is unsupported on fields of type "
            f"[{field.wire_type}]. Use doc values instead."
        )


def _missing(sort: SortField, field: FieldType) -> tuple[bool, Any]:
    if sort.missing in ("_last", "_first"):
        return sort.missing == "_first", None
    return False, field.term(sort.missing)


def _bounds(wire_type: str) -> tuple[float, float]:
    if wire_type in ("float", "double", "half_float", "scaled_float"):
        return -_INFINITY, _INFINITY
    return INTEGER if wire_type in _INTEGER_TYPES else LONG
