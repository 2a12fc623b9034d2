"""`terms`: how many documents have each value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, token
from ragstone.dsl.aggregation import Aggregation, aggregations
from ragstone.dsl.clause import as_given, given, to_bool, to_int, to_text
from ragstone.dsl.object_parser import BOOLEAN, INT, OBJECT, SCALAR, STRING, STRING_ARRAY, Declared, parse_object
from ragstone.dsl.unsupported import unsupported

Order = tuple[str, Literal["asc", "desc"]]
"""`_count`, `_key`, or the path of a number that an aggregation inside computes: `mean`, `of.max`, `red>mean`."""


@aggregations.register("terms")
@dataclass(frozen=True, kw_only=True)
class TermsAggregation(Aggregation):
    """The `size` first buckets in `order`; ties go by key, ascending. Counts are exact, whatever `shard_size` says.

    With a `min_doc_count` of 0 values that only other documents have get a bucket too.
    """

    wire_name: ClassVar[str] = "terms"
    holds_others: ClassVar[bool] = True
    field: str
    size: int = 10
    min_doc_count: int = 1
    order: tuple[Order, ...] = (("_count", "desc"),)
    missing: Any = None
    """The value that documents without one count under."""
    include: tuple[Any, ...] | None = None
    """Only these values; None: all."""
    exclude: tuple[Any, ...] = ()
    format: str | None = None
    """How dates are shown."""
    shows_error: bool = False

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        for key in _REFUSED:
            if key in body:
                raise unsupported(f"terms {key}")
        found = parse_object("terms", body, _fields(name))
        if "field" not in found:
            raise IllegalArgumentException("Required one of fields [field, script], but none were specified. ")
        if "show_term_doc_count_error" in found:
            found["shows_error"] = found.pop("show_term_doc_count_error")
        for without_effect in ("shard_size", "shard_min_doc_count", "execution_hint", "collect_mode"):
            found.pop(without_effect, None)
        return cls(**found)

    def to_json(self) -> JsonObject:
        order = [{key: direction} for key, direction in self.order]
        options = {"field": self.field, "size": self.size, "min_doc_count": self.min_doc_count, "order": order}
        optional = {"missing": self.missing, "include": self.include, "exclude": self.exclude or None}
        listed = {key: list(value) if isinstance(value, tuple) else value for key, value in optional.items()}
        options |= given({**listed, "format": self.format, "show_term_doc_count_error": self.shows_error or None})
        return {"terms": options}


_REFUSED = ("script", "value_type")


def _fields(name: str) -> dict[str, Declared]:
    return {
        "field": Declared(STRING, to_text),
        "size": Declared(INT, lambda value: _size(value, name)),
        "min_doc_count": Declared(INT, _min_doc_count),
        "order": Declared(OBJECT | {"START_ARRAY"}, _order),
        "shard_size": Declared(INT, to_int),
        "shard_min_doc_count": Declared(INT, to_int),
        "execution_hint": Declared(STRING, to_text),
        "collect_mode": Declared(STRING, to_text),
        "missing": Declared(SCALAR, as_given),
        "include": Declared(STRING_ARRAY | OBJECT, lambda value: _values(value, "include")),
        "exclude": Declared(STRING_ARRAY, lambda value: _values(value, "exclude")),
        "format": Declared(STRING, to_text),
        "show_term_doc_count_error": Declared(BOOLEAN, to_bool),
    }


def _size(value: Any, name: str) -> int:
    size = to_int(value)
    if size <= 0:
        raise IllegalArgumentException(f"[size] must be greater than 0. Found [{size}] in [{name}]")
    return size


def _min_doc_count(value: Any) -> int:
    count = to_int(value)
    if count < 0:
        raise IllegalArgumentException(f"[min_doc_count] must be greater than or equal to 0. Found [{count}]")
    return count


def _values(value: Any, option: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise unsupported(f"terms {option} other than a list")
    return tuple(value)


def _order(value: Any) -> tuple[Order, ...]:
    order: list[Order] = []
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ParsingException(f"Must specify at least one field for [order], found [{token(entry)}]")
        key, direction = next(iter(entry.items()))
        if direction not in ("asc", "desc"):
            raise ParsingException(f"Unknown order direction [{direction}]")
        order.append(("_key" if key == "_term" else key, direction))
    return tuple(order)
