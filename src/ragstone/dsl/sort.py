"""`sort`: one key of the order of hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.object_parser import OBJECT, SCALAR, STRING, Declared, parse_object
from ragstone.dsl.unsupported import unsupported

Order = Literal["asc", "desc"]

MODES = ("min", "max", "sum", "avg", "median")


@dataclass(frozen=True)
class SortField:
    """`field` may be `_score`, `_doc`, `_id`, `_shard_doc` (with a point in time) or a mapped field. `missing` is
    `_last`, `_first` or a value.

    `mode` picks among several values (None: min when ascending, max when descending).
    """

    field: str
    order: Order = "asc"
    missing: Any = "_last"
    mode: str | None = None
    unmapped_type: str | None = None
    numeric_type: str | None = None

    def to_json(self) -> JsonObject:
        shown: JsonObject = {"order": self.order}
        for key, default in (("missing", "_last"), ("mode", None), ("unmapped_type", None), ("numeric_type", None)):
            if getattr(self, key) != default:
                shown[key] = getattr(self, key)
        return {self.field: shown}


def parse_sort(value: Any) -> tuple[SortField, ...]:
    """From the body: a field's name, an object, or a list of either.

    Raises IllegalArgumentException, XContentParseException.
    """
    if isinstance(value, list):
        return tuple(key for item in value for key in _parse_item(item))
    if isinstance(value, (dict, str, int, float)):
        return _parse_item(value)
    raise IllegalArgumentException("malformed sort format, either start with array, object, or an actual string")


def parse_sort_parameter(text: str) -> tuple[SortField, ...]:
    """From the query string: `author:desc,year`. What follows the last colon is the order: `asc`, or else `desc`."""
    keys = []
    for part in text.split(","):
        field, colon, order = part.rpartition(":")
        keys.append(SortField(field, "asc" if order == "asc" else "desc") if colon else default_order(part))
    return tuple(keys)


def sort_to_json(keys: Sequence[SortField]) -> list[JsonObject]:
    return [key.to_json() for key in keys]


def default_order(field: str) -> SortField:
    """The best score comes first, everything else ascends."""
    return SortField(field, "desc" if field == "_score" else "asc")


def _parse_item(item: Any) -> tuple[SortField, ...]:
    if isinstance(item, dict):
        return tuple(_parse_key(field, value) for field, value in item.items())
    if isinstance(item, (str, int, float)):
        return (default_order(java_text(item)),)
    raise IllegalArgumentException(
        "malformed sort format, within the sort array, an object, or an actual string are allowed"
    )


def _parse_key(field: str, value: Any) -> SortField:
    if field in ("_script", "_geo_distance"):
        raise unsupported(f"sort by {field}")
    if isinstance(value, str):
        return SortField(field, _read_order(value))
    if not isinstance(value, dict):
        raise IllegalArgumentException(
            "malformed sort format, within the sort array, an object, or an actual string are allowed"
        )
    if field == "_score":
        return SortField(field, **{"order": "desc"} | parse_object("_score", value, _SCORE))
    if field == "_shard_doc":
        return SortField(field, **parse_object("_shard_doc", value, _SCORE))
    found = parse_object("field_sort", value, _FIELD)
    if "nested" in found:
        raise unsupported("nested sort")
    return SortField(field, **found)


def _read_order(value: Any) -> Order:
    text = java_text(value)
    if text.lower() not in ("asc", "desc"):
        raise IllegalArgumentException(f"No enum constant org.opensearch.search.sort.SortOrder.{text.upper()}")
    return "asc" if text.lower() == "asc" else "desc"


def _read_mode(value: Any) -> str:
    text = java_text(value)
    if text.lower() not in MODES:
        raise IllegalArgumentException(f"Unknown SortMode [{text}]")
    return text.lower()


_SCORE = {"order": Declared(STRING, _read_order)}
_FIELD = {
    "order": Declared(STRING, _read_order),
    "missing": Declared(SCALAR, lambda value: "_last" if value is None else value),
    "mode": Declared(STRING, _read_mode),
    "unmapped_type": Declared(STRING, java_text),
    "numeric_type": Declared(STRING, java_text),
    "nested": Declared(OBJECT, lambda value: value),
}
