"""Reading the shapes that most query clauses share.

`{"<field>": value}` or `{"<field>": {options}}`, and `boost` and `_name` everywhere. The errors are those of
OpenSearch's hand-written parsers: they stand at the value at which the parser stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ragstone.core.errors import IllegalArgumentException, NumberFormatException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, as_bool, java_text, token
from ragstone.dsl.query import Query


def one_field(query: str, body: JsonObject) -> tuple[str, Any] | None:
    """The single field of a clause and what stands under it; None when there is none.

    Raises ParsingException when there are several.
    """
    fields = list(body)
    if not fields:
        return None
    if len(fields) > 1:
        raise ParsingException(
            f"[{query}] query doesn't support multiple fields, found [{fields[0]}] and [{fields[1]}]",
            place=Place(body, fields[1], "value"),
        )
    return fields[0], body[fields[0]]


Options = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""Wire name of an option → name of the node's argument, and how its value is read."""


def read_options(
    query: str, body: JsonObject, known: Options, *, nulls: bool = False, skip: Collection[str] = ()
) -> dict[str, Any]:
    """The options of a clause that takes only scalars, as arguments of its node.

    Raises ParsingException for an unknown option or one that is no scalar, and what the readers raise. With `nulls`, a
    null counts as not given. Keys in `skip` are somebody else's.
    """
    arguments: dict[str, Any] = {}
    for key, value in body.items():
        if key in skip or (value is None and nulls and key in known):
            continue
        if isinstance(value, (dict, list)) or value is None:
            raise ParsingException(
                f"[{query}] unknown token [{token(value)}] after [{key}]", place=Place(body, key, "value")
            )
        if key not in known:
            raise unknown(query, body, key)
        name, read = known[key]
        arguments[name] = read(value)
    return arguments


def field_options(query: str, body: JsonObject, known: Options, *, short: str = "value") -> tuple[str, dict[str, Any]]:
    """The field of a term-level clause and its options; the short form gives only `short`.

    Raises ParsingException, and IllegalArgumentException when there is no field or no value.
    """
    found = one_field(query, body)
    field = check_field(found[0] if found else None)
    value = body[field]
    arguments = read_options(query, value, known, nulls=True) if isinstance(value, dict) else {}
    if not isinstance(value, dict) and value is not None:
        arguments = {known[short][0]: known[short][1](scalar(query, body, field))}
    if arguments.get(known[short][0]) is None:
        raise IllegalArgumentException("value cannot be null")
    return field, arguments


def scalar(query: str, body: JsonObject, field: str) -> Any:
    """The value of the short form. `Differs:` 400 for an array, which OpenSearch answers with 500."""
    value = body[field]
    if isinstance(value, (dict, list)):
        raise ParsingException(
            f"[{query}] unknown token [{token(value)}] after [{field}]", place=Place(body, field, "value")
        )
    return value


def unknown(query: str, body: JsonObject, key: str) -> ParsingException:
    """`[match] query does not support [speed]`."""
    return ParsingException(f"[{query}] query does not support [{key}]", place=Place(body, key, "value"))


def missing(reason: str, body: JsonObject) -> ParsingException:
    """Something is not there; noticed at the closing brace."""
    return ParsingException(reason, place=Place(body, None, "end"))


# ── scalars, as OpenSearch's lenient parser reads them ───────────────────────────────────────────────────────────────


def to_float(value: Any) -> float:
    """A number, or a text that is one. Raises NumberFormatException."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    text = java_text(value)
    try:
        return float(text)
    except ValueError:
        raise NumberFormatException.of(text) from None


def to_int(value: Any) -> int:
    """A whole number; fractions are cut off. Raises NumberFormatException, IllegalArgumentException."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = to_float(value)
    if number != number or abs(number) == float("inf"):
        raise NumberFormatException.of(java_text(value))
    return int(number)


def to_bool(value: Any) -> bool:
    return as_bool(value)


def to_text(value: Any) -> str:
    return java_text(value)


def as_given(value: Any) -> Any:
    return value


COMMON: Options = {"boost": ("boost", to_float), "_name": ("name", to_text)}


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def common(query: Query) -> JsonObject:
    """`boost` and `_name`, as OpenSearch writes them at the end of a clause."""
    shown: JsonObject = {"boost": query.boost}
    if query.name is not None:
        shown["_name"] = query.name
    return shown


def given(values: Mapping[str, Any]) -> JsonObject:
    """Without the parts that are None."""
    return {key: value for key, value in values.items() if value is not None}


def check_field(field: str | None) -> str:
    if not field:
        raise IllegalArgumentException("field name is null or empty")
    return field
