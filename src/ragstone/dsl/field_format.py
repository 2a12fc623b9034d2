"""Fields whose values a search shows, and how: `"added"` or `{"field": "added", "format": "yyyy"}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.clause import to_text
from ragstone.dsl.object_parser import STRING, Declared, parse_object

_FORMAT = frozenset({"VALUE_STRING", "VALUE_NULL"})


@dataclass(frozen=True)
class FieldFormat:
    """`field` is a name or a pattern. `format` is how dates are written; None: as the mapping says."""

    field: str
    format: str | None = None

    def to_json(self) -> JsonObject:
        return {"field": self.field} | ({} if self.format is None else {"format": self.format})


def parse_field_formats(entries: Sequence[Any]) -> tuple[FieldFormat, ...]:
    """Raises XContentParseException for an entry that is none, IllegalArgumentException for one without a field."""
    return tuple(_parse(entry) if isinstance(entry, dict) else FieldFormat(java_text(entry)) for entry in entries)


def _parse(entry: JsonObject) -> FieldFormat:
    found = parse_object(
        "docvalues_field",
        entry,
        {
            "field": Declared(STRING, to_text),
            "format": Declared(_FORMAT, lambda value: None if value is None else to_text(value)),
        },
    )
    if "field" not in found:
        raise IllegalArgumentException("Required [field]")
    return FieldFormat(found["field"], found.get("format"))


__all__ = ["FieldFormat", "parse_field_formats"]
