"""Buckets of one width: `histogram` over numbers, `date_histogram` over dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.units import parse_time
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggregation import Aggregation, aggregations
from ragstone.dsl.clause import as_given, given, to_bool, to_float, to_int, to_text
from ragstone.dsl.object_parser import BOOLEAN, INT, OBJECT, SCALAR, STRING, Declared, parse_object
from ragstone.dsl.unsupported import unsupported

CALENDAR = {
    name: unit
    for unit, names in {
        "s": ("second", "1s"),
        "m": ("minute", "1m"),
        "h": ("hour", "1h"),
        "d": ("day", "1d"),
        "w": ("week", "1w"),
        "M": ("month", "1M"),
        "q": ("quarter", "1q"),
        "y": ("year", "1y"),
    }.items()
    for name in names
}
"""What a calendar interval may be called, and its unit."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """As the request gives them; None leaves a side open."""

    low: Any = None
    high: Any = None

    def to_json(self) -> JsonObject:
        return given({"min": self.low, "max": self.high})


@dataclass(frozen=True, kw_only=True)
class _Histogram(Aggregation):
    """`extended` bounds have buckets even if these are empty, beyond `hard` bounds there are none. With a
    `min_doc_count` of 0 there are no gaps."""

    holds_others: ClassVar[bool] = True
    field: str
    min_doc_count: int = 0
    keyed: bool = False
    order: tuple[Literal["_key", "_count"], Literal["asc", "desc"]] = ("_key", "asc")
    extended: Bounds | None = None
    hard: Bounds | None = None
    format: str | None = None

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        for key in ("script", "missing", "value_type"):
            if key in body:
                raise unsupported(f"{cls.wire_name} {key}")
        fields = {
            "field": Declared(STRING, to_text),
            "min_doc_count": Declared(INT, lambda value: _min_doc_count(value, name)),
            "keyed": Declared(BOOLEAN, to_bool),
            "order": Declared(OBJECT, lambda value: _order(value, cls.wire_name)),
            "extended_bounds": Declared(OBJECT, _bounds),
            "hard_bounds": Declared(OBJECT, _bounds),
            "format": Declared(STRING, to_text),
            **cls.declared(name),
        }
        found = parse_object(cls.wire_name, body, fields)
        if "field" not in found:
            raise IllegalArgumentException("Required one of fields [field, script], but none were specified. ")
        return cls(**cls.arguments(found))

    @classmethod
    def arguments(cls, found: dict[str, Any]) -> dict[str, Any]:
        """What was read, by the names that it has here."""
        renamed = {"extended_bounds": "extended", "hard_bounds": "hard"}
        return {renamed.get(key, key): value for key, value in found.items()}

    @classmethod
    def declared(cls, name: str) -> dict[str, Declared]:
        raise NotImplementedError

    def own_json(self) -> JsonObject:
        raise NotImplementedError

    def to_json(self) -> JsonObject:
        by, direction = self.order
        shared = {
            "field": self.field,
            "min_doc_count": self.min_doc_count,
            "keyed": self.keyed,
            "order": {by: direction},
            "extended_bounds": self.extended and self.extended.to_json(),
            "hard_bounds": self.hard and self.hard.to_json(),
            "format": self.format,
        }
        return {self.wire_name: given(shared) | self.own_json()}


@aggregations.register("histogram")
@dataclass(frozen=True, kw_only=True)
class HistogramAggregation(_Histogram):
    wire_name: ClassVar[str] = "histogram"
    interval: float
    offset: float = 0.0

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        if "format" in body:
            raise unsupported("histogram format")
        if "interval" not in body:
            raise IllegalArgumentException(f"[interval] must be >0 for histogram aggregation [{name}]")
        return super().parse(name, body)

    @classmethod
    def declared(cls, name: str) -> dict[str, Declared]:
        return {"interval": Declared(INT, lambda value: _interval(value, name)), "offset": Declared(INT, to_float)}

    def own_json(self) -> JsonObject:
        return {"interval": self.interval, "offset": self.offset}


@aggregations.register("date_histogram")
@dataclass(frozen=True, kw_only=True)
class DateHistogramAggregation(_Histogram):
    """`calendar` is a unit of `CALENDAR`, `fixed` a length in milliseconds; without either no shard can answer."""

    wire_name: ClassVar[str] = "date_histogram"
    calendar: str | None = None
    fixed: int | None = None
    time_zone: str | None = None
    offset: int = 0
    """Milliseconds."""

    @classmethod
    def arguments(cls, found: dict[str, Any]) -> dict[str, Any]:
        named = [key for key in ("calendar_interval", "fixed_interval", "interval") if key in found]
        if len(named) > 1:
            raise IllegalArgumentException(f"Cannot use [{named[1]}] with [{named[0]}] configuration option.")
        calendar, fixed = found.pop("calendar_interval", None), found.pop("fixed_interval", None)
        either = found.pop("interval", None)
        if isinstance(either, str):
            calendar = either
        elif either is not None:
            fixed = either
        return super().arguments({**found, "calendar": calendar, "fixed": fixed})

    @classmethod
    def declared(cls, name: str) -> dict[str, Declared]:
        return {
            "calendar_interval": Declared(STRING, _calendar),
            "fixed_interval": Declared(STRING, _fixed),
            "interval": Declared(STRING, lambda value: CALENDAR.get(value) or _fixed(value)),
            "time_zone": Declared(STRING, to_text),
            "offset": Declared(INT, _offset),
        }

    def own_json(self) -> JsonObject:
        interval: JsonObject = {"fixed_interval": f"{self.fixed}ms"} if self.fixed is not None else {}
        if self.calendar is not None:
            interval = {"calendar_interval": f"1{self.calendar}"}
        shown = interval | given({"time_zone": self.time_zone})
        return shown | ({"offset": f"{self.offset}ms"} if self.offset else {})


def _min_doc_count(value: Any, name: str) -> int:
    count = to_int(value)
    if count < 0:
        raise IllegalArgumentException(f"[minDocCount] must be greater than or equal to 0. Found [{count}] in [{name}]")
    return count


def _order(value: Any, kind: str) -> tuple[Any, Any]:
    [(by, direction)] = list(value.items()) if len(value) == 1 else [(None, None)]
    if by not in ("_key", "_count") or direction not in ("asc", "desc"):
        raise unsupported(f"{kind} ordered by anything but _key or _count")
    return by, direction


def _bounds(value: Any) -> Bounds:
    found = parse_object("bounds", value, {"min": Declared(SCALAR, as_given), "max": Declared(SCALAR, as_given)})
    return Bounds(low=found.get("min"), high=found.get("max"))


def _interval(value: Any, name: str) -> float:
    interval = to_float(value)
    if not interval > 0:
        raise IllegalArgumentException(f"[interval] must be >0 for histogram aggregation [{name}]")
    return interval


def _calendar(value: Any) -> str:
    unit = CALENDAR.get(to_text(value))
    if unit is None:
        raise IllegalArgumentException(f"The supplied interval [{value}] could not be parsed as a calendar interval.")
    return unit


def _fixed(value: Any) -> int:
    text = to_text(value)
    if text.endswith("M"):  # a month, where `m` is a minute
        raise IllegalArgumentException(
            f"failed to parse setting [date_histogram.fixedInterval] with value [{text}] as a time value: unit is "
            "missing or unrecognized"
        )
    millis = round(parse_time(text, "date_histogram.fixedInterval") * 1000)
    if millis < 1:
        raise IllegalArgumentException("Zero or negative time interval not supported")
    return millis


def _offset(value: Any) -> int:
    if isinstance(value, (int, float)):
        return int(value)
    text = to_text(value)
    sign = -1 if text.startswith("-") else 1
    return sign * round(parse_time(text.lstrip("+-"), "DateHistogramAggregationBuilder.parseOffset") * 1000)


__all__ = ["CALENDAR", "Bounds", "DateHistogramAggregation", "HistogramAggregation"]
