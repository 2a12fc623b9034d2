"""Numbers made of a field's values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.aggs.metrics import Avg, Cardinality, Max, Metric, Min, Stats, Sum, ValueCount
from ragstone.dsl.clause import to_float
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.aggregations.run import Matching, aggregates
from ragstone.engine.embedded.aggregations.values import Column, columns
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.number import UnsignedLongField
from ragstone.engine.embedded.search.failures import shard_failures

MOST_VALUES = 65_000
"""Up to how many different values an index can tell at once."""


@dataclass(frozen=True)
class Summary:
    """Of some numbers."""

    count: int = 0
    total: float = 0.0
    least: float = inf
    most: float = -inf

    def __add__(self, other: Summary) -> Summary:
        return Summary(
            self.count + other.count,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
        )

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    def as_json(self) -> JsonObject:
        known = self.count > 0
        return {
            "count": self.count,
            "min": self.least if known else None,
            "max": self.most if known else None,
            "avg": self.mean,
            "sum": self.total,
        }


@aggregates(Avg, Sum, Min, Max)
def single(aggregation: Metric, matching: Matching) -> JsonObject:
    found, show = _summary(aggregation, matching)
    value = found.as_json()[aggregation.wire_name]
    shown: JsonObject = {"value": value}
    if show is not None and value is not None:
        shown["value_as_string"] = show(value)
    return shown


@aggregates(Stats)
def stats(aggregation: Stats, matching: Matching) -> JsonObject:
    found, show = _summary(aggregation, matching)
    shown = found.as_json()
    if show is not None and found.count:
        shown |= {f"{name}_as_string": show(shown[name]) for name in ("min", "max", "avg", "sum")}
    return shown


@aggregates(ValueCount)
def value_count(aggregation: ValueCount, matching: Matching) -> JsonObject:
    found = sum(map(_how_many, _columns(aggregation, matching, masked=True)))
    return {"value": found + (_without(aggregation, matching) if aggregation.missing is not None else 0)}


@aggregates(Cardinality)
def cardinality(aggregation: Cardinality, matching: Matching) -> JsonObject:
    """Exact. Raises IllegalArgumentException above `MOST_VALUES` in one index."""
    known: set[Any] = set()
    for column in _columns(aggregation, matching, masked=True):
        found = column.counts()
        if len(found) >= MOST_VALUES:
            raise unsupported(f"cardinality above {MOST_VALUES}")
        known.update(map(column.text, found))
    if aggregation.missing is not None and _without(aggregation, matching):
        known.add(_missing_text(aggregation, matching))
    return {"value": len(known)}


def _summary(aggregation: Metric, matching: Matching) -> tuple[Summary, Callable[[float], str] | None]:
    """Of the numbers in a field, and how those show as texts: None where they do not."""
    found, field = Summary(), None
    for column in _columns(aggregation, matching):
        field = field or column.field
        with shard_failures(column.snapshot):
            _check_number(column.field, aggregation)
        found += _read(column)
    if aggregation.missing is not None and (without := _without(aggregation, matching)):
        value = _missing_number(aggregation, field, matching)
        found += Summary(without, value * without, value, value)
    return found, _shower(field, aggregation)


def _columns(aggregation: Metric, matching: Matching, *, masked: bool = False) -> Iterable[Column]:
    return columns(matching, aggregation.field, masked=masked)


def _read(column: Column) -> Summary:
    if column.slot is None:
        return Summary()
    if column.field.storage == "bool" or isinstance(column.field, UnsignedLongField):
        # tantivy adds up no booleans, and those of unsigned 64 bits are shifted in the column
        counts = column.counts()
        if len(counts) >= MOST_VALUES:
            raise unsupported(f"numbers of more than {MOST_VALUES} values of an unsigned_long")
        numbers = {float(column.field.sort_value(value)): count for value, count in counts.items()}
        total = sum(number * count for number, count in numbers.items())
        count = sum(counts.values())
        return Summary(count, total, min(numbers), max(numbers)) if numbers else Summary()
    found = column.snapshot.text.metric(column.query, column.slot, "stats")
    return Summary(int(found["count"]), found["sum"], found["min"], found["max"]) if found["count"] else Summary()


def _how_many(column: Column) -> int:
    """Of a text that a document repeats one counts; of a number all. Above `MOST_VALUES` texts count like numbers."""
    if column.slot is None:
        return 0
    if column.field.storage == "keyword" and column.snapshot.text.many(column.slot):
        counts = column.counts()
        if len(counts) < MOST_VALUES:
            return sum(counts.values())
    return int(column.snapshot.text.metric(column.query, column.slot, "value_count")["value"])


def _without(aggregation: Metric, matching: Matching) -> int:
    """How many documents have no value, those of indices without the field included."""
    having = {column.snapshot.metadata.name: column for column in _columns(aggregation, matching, masked=True)}
    return sum(
        having[snapshot.metadata.name].without() if snapshot.metadata.name in having else snapshot.text.count(query)
        for snapshot, query in matching.parts
    )


def _check_number(field: FieldType, aggregation: Metric) -> None:
    if field.storage not in ("i64", "f64", "bool"):
        raise IllegalArgumentException(
            f"Field [{field.name}] of type [{field.wire_type}] is not supported for aggregation "
            f"[{aggregation.wire_name}]"
        )


def _missing_number(aggregation: Metric, field: FieldType | None, matching: Matching) -> float:
    if field is None:
        return to_float(aggregation.missing)
    snapshot = next(snapshot for snapshot, _ in matching.parts)
    with shard_failures(snapshot):
        value = field.sort_value(field.term(aggregation.missing, now_millis=matching.now_millis))
        return float(value)


def _missing_text(aggregation: Metric, matching: Matching) -> str:
    """Never masked: whether its mask is among those of the field would tell whether the field has it."""
    for column in _columns(aggregation, matching):
        with shard_failures(column.snapshot):
            return column.text(column.field.term(aggregation.missing, now_millis=matching.now_millis))
    return java_text(aggregation.missing)


def _shower(field: FieldType | None, aggregation: Metric) -> Callable[[float], str] | None:
    """How a number shows as a text."""
    if field is None:
        return None
    if field.storage == "bool":
        return lambda value: "true" if value else "false"
    if field.wire_type in ("date", "date_nanos"):
        return lambda value: str(field.shown(int(value), format=aggregation.format))
    if aggregation.format is not None:
        raise unsupported(f"{aggregation.wire_name} format of numbers")
    return None


__all__ = ["cardinality", "single", "stats", "value_count"]
