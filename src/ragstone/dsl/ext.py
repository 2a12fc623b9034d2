"""`ext`: sections of a search body that belong to processors. Each is parsed by the class registered for its name."""

from __future__ import annotations

from typing import Any, Protocol, Self

from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject


class ExtSection(Protocol):
    """A parsed, frozen section of `ext`."""

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises the parse error OpenSearch raises, a 400."""
        ...

    def to_json(self) -> JsonObject: ...


ext_sections: Registry[ExtSection] = Registry("ext section")
