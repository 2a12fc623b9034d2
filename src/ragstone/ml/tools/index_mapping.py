"""`IndexMappingTool`: what fields and settings indices have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.engine.values import IndexMetadata
from ragstone.ml.tools.tool import ToolResult, ToolServices, input_schema, names_of, tools


@tools.register("IndexMappingTool")
class IndexMappingTool:
    description: ClassVar[str] = "Shows the mapping and the settings of indices."
    attributes: ClassVar[JsonObject] = input_schema(
        ["index"], index={"type": "array", "items": {"type": "string"}, "description": "names of indices"}
    )

    def __init__(self, parameters: Mapping[str, str], services: ToolServices) -> None:
        self._names = names_of(parameters.get("index"))
        if not self._names:
            raise IllegalArgumentException("Invalid parameters for tool: IndexMappingTool")
        self._indices = services.indices

    async def run(self) -> ToolResult:
        found = await self._indices.listed(self._names, "indices:admin/get")
        return "".join(_shown(index) for index, _ in found)


def _shown(index: IndexMetadata) -> str:
    mappings = "".join(f"{name}={java_text(value)}\n" for name, value in index.mappings.items())
    settings = "".join(f"{name}={java_text(value)}\n" for name, value in sorted(index.settings.items()))
    return f"index: {index.name}\n\nmappings:\n{mappings}\n\nsettings:\n{settings}\n\n"
