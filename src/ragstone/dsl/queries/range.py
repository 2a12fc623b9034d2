"""range: values between two bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, java_text
from ragstone.dsl.clause import COMMON, check_field, common, given, to_bool, to_text, unknown
from ragstone.dsl.query import Query, queries

RELATIONS = ("intersects", "contains", "within", "disjoint")


@queries.register("range")
@dataclass(frozen=True, kw_only=True)
class RangeQuery(Query):
    """A bound of None is open. `format` and `time_zone` are for bounds on dates given as text."""

    wire_name: ClassVar[str] = "range"

    field: str
    low: Any = None
    high: Any = None
    include_low: bool = True
    include_high: bool = True
    format: str | None = None
    time_zone: str | None = None
    relation: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        field: str | None = None
        arguments: dict[str, Any] = {}
        for key, value in body.items():
            if isinstance(value, dict):
                if field is not None:
                    raise ParsingException(
                        f"[range] query doesn't support multiple fields, found [{field}] and [{key}]",
                        place=Place(body, key, "value"),
                    )
                field = key
                arguments |= _read_bounds(value)
            elif key == "_name" and value is not None:
                arguments["name"] = to_text(value)
            else:
                raise unknown("range", body, key)
        return cls(field=check_field(field), **arguments)

    def to_json(self) -> JsonObject:
        shown: JsonObject = {
            "from": self.low,
            "to": self.high,
            "include_lower": self.include_low,
            "include_upper": self.include_high,
        }
        shown |= given({"time_zone": self.time_zone, "format": self.format, "relation": self.relation})
        return {"range": {self.field: shown | common(self)}}


def _read_bounds(clause: JsonObject) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for key, value in clause.items():
        if isinstance(value, (dict, list)):
            raise unknown("range", clause, key)
        if key in _BOUNDS:
            name, include = _BOUNDS[key]
            arguments[name] = value
            if include is not None:
                arguments[f"include_{name}"] = include
        elif key in ("include_lower", "include_upper"):
            arguments["include_low" if key == "include_lower" else "include_high"] = to_bool(value)
        elif key == "relation":
            arguments["relation"] = _read_relation(value)
        elif key in ("format", "time_zone"):
            arguments[key] = to_text(value)
        elif key in COMMON:
            name, read = COMMON[key]
            arguments[name] = read(value)
        else:
            raise unknown("range", clause, key)
    return arguments


def _read_relation(value: Any) -> str:
    text = java_text(value)
    if text.lower() not in RELATIONS:
        raise IllegalArgumentException(f"{text} is not a valid relation")
    return text.lower()


_BOUNDS: dict[str, tuple[str, bool | None]] = {
    "from": ("low", None),
    "to": ("high", None),
    "gt": ("low", False),
    "gte": ("low", True),
    "lt": ("high", False),
    "lte": ("high", True),
}
"""Key → which bound it is, and whether the bound itself belongs to the range (None: another key tells)."""
