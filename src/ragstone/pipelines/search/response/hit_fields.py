"""Changes of single fields of hits: their top-level `_source` and their `fields`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.engine.values import Hit


def source_of(hit: Hit) -> JsonObject:
    """The document, decoded; empty where the hit brings none."""
    source: JsonObject = json.decode(hit.source) if hit.source is not None else {}
    return source


def change_field(hit: Hit, field: str, target: str, change: Callable[[Any], Any]) -> None:
    """Put what `change` makes of a field's value into `target`.

    Raises IllegalArgumentException when the hit has the field neither in `fields` nor in `_source`.
    """
    source, fields = source_of(hit), hit.extra.get("fields", {})
    if field not in source and field not in fields:
        raise IllegalArgumentException(f"field [{field}] not present as part of path [{field}]")
    if field in fields:
        hit.extra = {**hit.extra, "fields": {**fields, target: _listed(change(_single(fields[field])))}}
    if field in source:
        source[target] = change(source[field])
        hit.source = json.encode(source)


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
