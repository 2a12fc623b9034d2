"""Aggregations that make one number, or a few, of a field's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggregation import Aggregation, aggregations
from ragstone.dsl.clause import as_given, given, to_int, to_text
from ragstone.dsl.object_parser import INT, SCALAR, STRING, Declared, parse_object
from ragstone.dsl.unsupported import unsupported


@dataclass(frozen=True, kw_only=True)
class Metric(Aggregation):
    """Of all values of `field`; documents without one count as having `missing`, if that is given."""

    field: str
    missing: Any = None
    format: str | None = None
    """How dates are shown."""

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        for key in ("script", "value_type", "time_zone"):
            if key in body:
                raise unsupported(f"{cls.wire_name} {key}")
        found = parse_object(cls.wire_name, body, cls.declared())
        if "field" not in found:
            raise IllegalArgumentException("Required one of fields [field, script], but none were specified. ")
        return cls(**found)

    @classmethod
    def declared(cls) -> dict[str, Declared]:
        return {
            "field": Declared(STRING, to_text),
            "missing": Declared(SCALAR, as_given),
            "format": Declared(STRING, to_text),
        }

    def to_json(self) -> JsonObject:
        return {self.wire_name: given({"field": self.field, "missing": self.missing, "format": self.format})}


@aggregations.register("avg")
@dataclass(frozen=True, kw_only=True)
class Avg(Metric):
    wire_name: ClassVar[str] = "avg"


@aggregations.register("sum")
@dataclass(frozen=True, kw_only=True)
class Sum(Metric):
    wire_name: ClassVar[str] = "sum"


@aggregations.register("min")
@dataclass(frozen=True, kw_only=True)
class Min(Metric):
    wire_name: ClassVar[str] = "min"


@aggregations.register("max")
@dataclass(frozen=True, kw_only=True)
class Max(Metric):
    wire_name: ClassVar[str] = "max"


@aggregations.register("stats")
@dataclass(frozen=True, kw_only=True)
class Stats(Metric):
    """Count, sum, and all that the four above say."""

    wire_name: ClassVar[str] = "stats"


@aggregations.register("value_count")
@dataclass(frozen=True, kw_only=True)
class ValueCount(Metric):
    """How many values there are, of any type."""

    wire_name: ClassVar[str] = "value_count"


@aggregations.register("cardinality")
@dataclass(frozen=True, kw_only=True)
class Cardinality(Metric):
    """How many different values there are, of any type. Exact, whatever `precision_threshold` says."""

    wire_name: ClassVar[str] = "cardinality"

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        plain = {key: value for key, value in body.items() if key not in ("precision_threshold", "execution_hint")}
        checked = {key: value for key, value in body.items() if key == "precision_threshold"}
        parse_object(
            "cardinality", checked, {"precision_threshold": Declared(INT, lambda value: _threshold(value, name))}
        )
        return super().parse(name, plain)


def _threshold(value: Any, name: str) -> int:
    threshold = to_int(value)
    if threshold < 0:
        raise IllegalArgumentException(
            f"[precisionThreshold] must be greater than or equal to 0. Found [{threshold}] in [{name}]"
        )
    return threshold


__all__ = ["Avg", "Cardinality", "Max", "Metric", "Min", "Stats", "Sum", "ValueCount"]
