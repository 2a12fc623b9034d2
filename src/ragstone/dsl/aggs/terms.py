"""`terms`: how many documents have each value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, token
from ragstone.dsl.aggregation import Aggregation, aggregations
from ragstone.dsl.clause import to_int, to_text
from ragstone.dsl.object_parser import INT, OBJECT, STRING, Declared, parse_object
from ragstone.dsl.unsupported import unsupported

Order = tuple[Literal["_count", "_key"], Literal["asc", "desc"]]


@aggregations.register("terms")
@dataclass(frozen=True, kw_only=True)
class TermsAggregation(Aggregation):
    """The `size` first buckets in `order`; ties go by key, ascending. Counts are exact, whatever `shard_size` says."""

    wire_name: ClassVar[str] = "terms"
    field: str
    size: int = 10
    min_doc_count: int = 1
    order: tuple[Order, ...] = (("_count", "desc"),)

    @classmethod
    def parse(cls, name: str, body: JsonObject) -> Self:
        for key in _REFUSED:
            if key in body:
                raise unsupported(f"terms {key}")
        found = parse_object("terms", body, _fields(name))
        if "field" not in found:
            raise IllegalArgumentException("Required one of fields [field, script], but none were specified. ")
        for without_effect in ("shard_size", "shard_min_doc_count", "execution_hint", "collect_mode"):
            found.pop(without_effect, None)
        return cls(**found)

    def to_json(self) -> JsonObject:
        order = [{key: direction} for key, direction in self.order]
        options = {"field": self.field, "size": self.size, "min_doc_count": self.min_doc_count, "order": order}
        return {"terms": options}


_REFUSED = ("script", "missing", "include", "exclude", "format", "value_type", "show_term_doc_count_error")


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
    if count == 0:
        raise unsupported("terms min_doc_count 0")
    return count


def _order(value: Any) -> tuple[Order, ...]:
    order: list[Order] = []
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ParsingException(f"Must specify at least one field for [order], found [{token(entry)}]")
        key, direction = next(iter(entry.items()))
        if direction not in ("asc", "desc"):
            raise ParsingException(f"Unknown order direction [{direction}]")
        if key not in ("_count", "_key"):
            raise unsupported(f"terms ordered by {key}")
        order.append((key, direction))
    return tuple(order)
