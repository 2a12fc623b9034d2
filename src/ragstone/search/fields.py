"""`fields` of a search: values of mapped fields, read from the stored document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ragstone.core.clock import iso_instant
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.source_path import values_at


def field_values(mappings: JsonObject, patterns: Sequence[str], source: JsonObject) -> JsonObject:
    """What a hit shows under `fields`: each mapped field that a pattern describes, with all its values in a list.

    Fields without a value are left out, as are names that are not mapped.
    """
    shown: JsonObject = {}
    for path, source_path, type in _leaves(mappings):
        if any(matches(pattern, path) for pattern in patterns):
            read = (_shown(value, type) for value in values_at(source, source_path) if value is not None)
            values = [value for value in read if value is not None]
            if values:
                shown[path] = values
    return shown


def _leaves(node: JsonObject, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, path in the document and type of every mapped field; a multi-field reads its parent's value."""
    for name, definition in node.get("properties", {}).items():
        path = f"{prefix}{name}"
        if "properties" in definition or definition.get("type") in ("object", "nested"):
            yield from _leaves(definition, f"{path}.")
            continue
        yield path, path, definition.get("type", "")
        for sub, below in definition.get("fields", {}).items():
            yield f"{path}.{sub}", path, below.get("type", "")


def _shown(value: Any, type: str) -> Any:
    """None for a text that is no number where there should be one."""
    if type in ("keyword", "text"):
        return java_text(value)
    if type == "date":
        return _date(value)
    if type == "boolean":
        return value == "true" if isinstance(value, str) else value
    if isinstance(value, str) and type in _NUMBERS:
        try:
            return _NUMBERS[type](value)
        except (ValueError, OverflowError):  # malformed and ignored, or masked
            return None
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(float(text))


_NUMBERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("byte", "short", "integer", "long"), _whole),
    **dict.fromkeys(("half_float", "float", "double"), float),
}


def _date(value: Any) -> Any:
    """In the default date format; a date in another format is shown as the document has it."""
    if isinstance(value, (int, float)):
        return iso_instant(value / 1000)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return value
    return iso_instant((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
