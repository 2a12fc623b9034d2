"""Buckets of the documents with a value between two bounds: `range` and `date_range`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place, token
from ragstone.dsl.aggregation import Aggregation, aggregations
from ragstone.dsl.clause import as_given, given, to_bool, to_float, to_text
from ragstone.dsl.object_parser import BOOLEAN, SCALAR, STRING, Declared, parse_object
from ragstone.dsl.unsupported import unsupported

_ARRAY = frozenset({"START_ARRAY"})


@dataclass(frozen=True, kw_only=True)
class Span:
    """From `low` on, and below `high`; None leaves a side open. Without a `key` the bounds make one."""

    key: str | None = None
    low: Any = None
    high: Any = None

    def to_json(self) -> JsonObject:
        return given({"key": self.key, "from": self.low, "to": self.high})


@aggregations.register("range")
@dataclass(frozen=True, kw_only=True)
class RangeAggregation(Aggregation):
    wire_name: ClassVar[str] = "range"
    holds_others: ClassVar[bool] = True
    name: str
    """What the request calls it."""
    field: str
    spans: tuple[Span, ...] = ()
    keyed: bool = False
    format: str | None = None

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        for key in ("script", "missing", "value_type", "time_zone"):
            if key in body:
                raise unsupported(f"{cls.wire_name} {key}")
        fields = {
            "field": Declared(STRING, to_text),
            "ranges": Declared(_ARRAY, cls._spans),
            "keyed": Declared(BOOLEAN, to_bool),
            "format": Declared(STRING, to_text),
        }
        found = parse_object(cls.wire_name, body, fields)
        if "field" not in found:
            raise IllegalArgumentException("Required one of fields [field, script], but none were specified. ")
        if "ranges" in found:
            found["spans"] = found.pop("ranges")
        return cls(name=name, **found)

    @classmethod
    def _spans(cls, entries: list[Any]) -> tuple[Span, ...]:
        spans = []
        for position, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise XContentParseException(
                    f"[{cls.wire_name}] Expected START_OBJECT but was: {token(entry)}",
                    place=Place(entries, position, "value"),
                )
            found = parse_object(
                "range",
                entry,
                {
                    "key": Declared(STRING, to_text),
                    "from": Declared(SCALAR, cls._bound),
                    "to": Declared(SCALAR, cls._bound),
                },
            )
            spans.append(Span(key=found.get("key"), low=found.get("from"), high=found.get("to")))
        return tuple(spans)

    @classmethod
    def _bound(cls, value: Any) -> Any:
        return None if value is None else to_float(value)

    def to_json(self) -> JsonObject:
        options = {"field": self.field, "ranges": [span.to_json() for span in self.spans], "format": self.format}
        return {self.wire_name: given(options) | ({"keyed": True} if self.keyed else {})}


@aggregations.register("date_range")
@dataclass(frozen=True, kw_only=True)
class DateRangeAggregation(RangeAggregation):
    """Its bounds are dates, also by date math."""

    wire_name: ClassVar[str] = "date_range"

    @classmethod
    def _bound(cls, value: Any) -> Any:
        return as_given(value)


__all__ = ["DateRangeAggregation", "RangeAggregation", "Span"]
