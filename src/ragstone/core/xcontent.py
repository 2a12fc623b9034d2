"""Reads a JSON object field by field, with the errors OpenSearch's parsers raise.

OpenSearch's parsers know the line and column of every token; ours decode whole bodies first. An error remembers its
`Place` in the decoded body, and `locate` finds it in the text again, in the rare moment that a message needs it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from json import JSONDecoder
from typing import Any, Literal

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ParsingException

JsonObject = dict[str, Any]


def token(value: Any, *, end: bool = False) -> str:
    """The parser token that `value` begins with: START_OBJECT, VALUE_STRING, ..."""
    if isinstance(value, dict):
        return "END_OBJECT" if end else "START_OBJECT"
    if isinstance(value, (list, tuple)):
        return "END_ARRAY" if end else "START_ARRAY"
    if isinstance(value, bool):
        return "VALUE_BOOLEAN"
    if isinstance(value, str):
        return "VALUE_STRING"
    if value is None:
        return "VALUE_NULL"
    return "VALUE_NUMBER"


def java_type(value: Any) -> str:
    """The Java class a JSON value becomes; messages of pipelines name it."""
    if isinstance(value, bool):
        return "java.lang.Boolean"
    if isinstance(value, str):
        return "java.lang.String"
    if isinstance(value, int):
        return "java.lang.Integer" if -(2**31) <= value < 2**31 else "java.lang.Long"
    if isinstance(value, float):
        return "java.lang.Double"
    if isinstance(value, list):
        return "java.util.ArrayList"
    if isinstance(value, dict):
        return "java.util.HashMap"
    return "null"


def java_text(value: Any) -> str:
    """Java's string form of a JSON value: `{a=1, b=[x, y]}`, `true`, `null`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={java_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(java_text(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    return java_double(value) if isinstance(value, float) else str(value)


def java_double(value: float) -> str:
    """`Double.toString`: `1.5`, but `1.0E7` from ten million on and `1.0E-4` below a thousandth."""
    if math.isnan(value) or math.isinf(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{int(exponent) + len(text) - 1}"


def require_object(value: Any, what: str = "Failed to parse object: expecting token of type") -> JsonObject:
    """`value` as an object. Raises ParsingException `<what> [START_OBJECT] but found [..]`."""
    if not isinstance(value, dict):
        raise ParsingException(f"{what} [START_OBJECT] but found [{token(value)}]", line=1, col=1)
    return value


def as_bool(value: Any) -> bool:
    """A JSON boolean, or the texts `true` and `false`."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise IllegalArgumentException(f"Failed to parse value [{java_text(value)}] as only [true] or [false] are allowed.")


@dataclass(frozen=True)
class Place:
    """Where in a body an error happened: at `container[key]`, its key, its value or the end of its value.

    Without a key it is the container itself: its first bracket or, with `end`, its last one. A parser knows the decoded
    container it stands in, not the text. The edge that holds the text calls `locate`.
    """

    container: JsonObject | list[Any]
    key: str | int | None
    part: Literal["key", "value", "end"] = "key"


def locate(error: OpenSearchException, body: bytes, decoded: Any) -> None:
    """Fill in line and column of every error in the chain that has a `place` in this body.

    ParsingException gets `line` and `col`, XContentParseException the `[line:col] ` before its reason. Positions are
    1-based and point at the first character of a token, as Jackson's do.
    """
    text = body.decode("utf-8", "replace")
    current: OpenSearchException | None = error
    while current is not None:
        if current.place is not None:
            place = current.place
            path = _path(decoded, place.container)
            if path is None:  # it happened in another part of the request, which has a text of its own
                current = current.cause
                continue
            if place.key is not None:
                offset = _offset(text, (*path, place.key), place.part)
            else:
                offset = _offset(text, path, "end" if place.part == "end" else "value")
            line = text.count("\n", 0, offset) + 1
            column = offset - (text.rfind("\n", 0, offset) + 1) + 1
            current.located(line, column)
            current.place = None
        current = current.cause


def _path(tree: Any, wanted: Any) -> tuple[str | int, ...] | None:
    if tree is wanted:
        return ()
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        below = _path(value, wanted)
        if below is not None:
            return (key, *below)
    return None


def _offset(text: str, path: tuple[str | int, ...], part: str) -> int:
    """Offset of a token in well-formed JSON text; 0 when the path does not exist."""
    decoder = JSONDecoder()

    def skip(at: int) -> int:
        while at < len(text) and text[at] in " \t\r\n,:":
            at += 1
        return at

    at = skip(0)
    if not path and part == "end":
        return int(decoder.raw_decode(text, at)[1]) - 1
    for depth, wanted in enumerate(path):
        last = depth == len(path) - 1
        position, at = 0, skip(at + 1)
        while True:
            if at >= len(text) or text[at] in "]}":
                return 0
            key_at = at
            if isinstance(wanted, str):
                key, at = decoder.raw_decode(text, at)
                at = skip(at)
            else:
                key = position
            if key == wanted:
                break
            _, at = decoder.raw_decode(text, at)
            at, position = skip(at), position + 1
        if last:
            if part == "key":
                return key_at
            if part == "value":
                return at
            return int(decoder.raw_decode(text, at)[1]) - 1
    return at
