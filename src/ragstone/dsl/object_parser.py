"""Reading an object by declared fields, with the errors of OpenSearch's declarative object parser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ragstone.core.did_you_mean import hint, similar
from ragstone.core.errors import OpenSearchException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place, token
from ragstone.dsl.clause import to_bool, to_float, to_text
from ragstone.dsl.query import Query, parse_query

FLOAT = frozenset({"VALUE_NUMBER", "VALUE_STRING"})
INT = FLOAT
BOOLEAN = frozenset({"VALUE_BOOLEAN", "VALUE_STRING"})
STRING = frozenset({"VALUE_STRING"})
STRING_ARRAY = frozenset({"VALUE_STRING", "START_ARRAY"})
SCALAR = frozenset({"VALUE_BOOLEAN", "VALUE_NULL", "VALUE_NUMBER", "VALUE_STRING"})
OBJECT = frozenset({"START_OBJECT"})
OBJECT_ARRAY_OR_NULL = frozenset({"START_OBJECT", "START_ARRAY", "VALUE_NULL"})


@dataclass(frozen=True)
class Declared:
    """A field an object may have: which tokens its value may begin with, and how it is read."""

    tokens: frozenset[str]
    read: Callable[[Any], Any]


COMMON: Mapping[str, Declared] = {"boost": Declared(FLOAT, to_float), "_name": Declared(STRING, to_text)}


def parse_object(what: str, body: JsonObject, fields: Mapping[str, Declared]) -> dict[str, Any]:
    """The parsed values of the fields that are there, by name.

    `what` names the object in errors. Raises XContentParseException; what a field's reader raises becomes its cause.
    """
    found: dict[str, Any] = {}
    for key, value in body.items():
        declared = fields.get(key)
        if declared is None:
            raise XContentParseException(unknown_field(what, key, fields), place=Place(body, key))
        if token(value) not in declared.tokens:
            raise XContentParseException(
                f"[{what}] {key} doesn't support values of type: {token(value)}", place=Place(body, key, "value")
            )
        try:
            found[key] = declared.read(value)
        except OpenSearchException as error:
            place = place_of_parser(error) or Place(body, key, "value")
            raise XContentParseException(f"[{what}] failed to parse field [{key}]", cause=error, place=place) from error
    return found


def place_of_parser(error: OpenSearchException) -> Place | None:
    """Where OpenSearch's parser stood when an error was raised: it names an unknown field, and is at its value."""
    place = error.place
    if isinstance(error, XContentParseException) and place is not None and place.part == "key":
        return replace(place, part="value")
    return place


def unknown_field(what: str, key: str, known: Iterable[str]) -> str:
    """`[bool] unknown field [musst] did you mean any of [must, mustNot]?`."""
    return f"[{what}] unknown field [{key}]{hint(similar(key, known))}"


def as_arguments(found: dict[str, Any]) -> dict[str, Any]:
    """Parsed fields as arguments of a node: `_name` is called `name` there."""
    if "_name" in found:
        found["name"] = found.pop("_name")
    return found


def read_queries(value: Any) -> tuple[Query, ...]:
    """A clause, a list of clauses, or null."""
    if value is None:
        return ()
    return tuple(map(parse_query, value)) if isinstance(value, list) else (parse_query(value),)


def read_bool(value: Any) -> bool:
    return to_bool(value)
