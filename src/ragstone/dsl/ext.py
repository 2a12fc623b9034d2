"""`ext`: sections of a search body that belong to processors. Each is parsed by the class registered for its name."""

from __future__ import annotations

from typing import Any, Protocol, Self

from ragstone.core.errors import NamedObjectNotFoundException, ParsingException
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject, Place


class ExtSection(Protocol):
    """A parsed, frozen section of `ext`."""

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises the parse error OpenSearch raises, a 400."""
        ...

    def to_json(self) -> JsonObject: ...


ext_sections: Registry[ExtSection] = Registry("ext section")


def parse_section(sections: JsonObject, name: str) -> ExtSection:
    """One section of `ext`. Raises NamedObjectNotFoundException for a name that nobody has registered, and what the
    section's own parser raises."""
    found = ext_sections.get(name)
    if found is None:
        raise NamedObjectNotFoundException(f"unknown field [{name}]", place=Place(sections, name, "value"))
    try:
        return found.parse(sections[name])
    except ParsingException as error:
        error.place = error.place or Place(sections, name, "value")
        raise
