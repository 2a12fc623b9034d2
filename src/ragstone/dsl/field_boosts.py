"""`fields` with boosts: `["title^3", "body", "tags.*"]`."""

from __future__ import annotations

from typing import Any

from ragstone.core.errors import NumberFormatException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, java_text, token

FieldBoosts = tuple[tuple[str, float], ...]
"""Name or pattern, and the factor of its scores."""


def parse_field_boost(text: str) -> tuple[str, float]:
    """`title^3` → ("title", 3.0). Raises NumberFormatException."""
    name, caret, boost = text.partition("^")
    if not caret:
        return text, 1.0
    try:
        return name, float(boost)
    except ValueError:
        raise NumberFormatException.of(boost) from None


def read_fields(query: str, body: JsonObject) -> FieldBoosts:
    """The `fields` of a clause: one name or a list; empty when not given. Raises ParsingException."""
    fields = body.get("fields")
    if fields is None:
        return ()
    names = fields if isinstance(fields, list) else [fields]
    for position, name in enumerate(names):
        if isinstance(name, (dict, list)) or name is None:
            place = Place(names, position, "value") if names is fields else Place(body, "fields", "value")
            raise ParsingException(f"[{query}] unknown token [{token(name)}] after [fields]", place=place)
    return tuple(parse_field_boost(java_text(name)) for name in names)


def field_boosts_to_json(fields: FieldBoosts) -> list[Any]:
    return [f"{name}^{boost}" for name, boost in fields]
