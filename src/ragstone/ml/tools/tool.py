"""What a tool is, and how tools are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject
from ragstone.ml.ports import IndexPort, Predictor

ToolResult = str | JsonObject
"""A text, or an object that is answered as one."""


@dataclass(frozen=True)
class ToolServices:
    """What tools may use. Both do what the caller may do."""

    models: Predictor
    indices: IndexPort


class Tool(Protocol):
    """Made for one run, from all parameters as texts."""

    description: ClassVar[str]
    attributes: ClassVar[JsonObject]
    """What a model may be told of its input."""

    def __init__(self, parameters: Mapping[str, str], services: ToolServices) -> None:
        """Raises IllegalArgumentException for parameters that the tool can not do without."""
        ...

    async def run(self) -> ToolResult: ...


tools: Registry[Tool] = Registry("tool")


def make_tool(type: str, parameters: Mapping[str, str], services: ToolServices) -> Tool:
    """Raises IllegalArgumentException for an unknown type, and what the tool raises."""
    found = tools.get(type)
    if found is None:
        raise IllegalArgumentException(f"Tool not found: {type}")
    return found(parameters, services)


def input_schema(required: list[str], **properties: JsonObject) -> JsonObject:
    """`attributes` of a tool: a JSON schema as text."""
    schema = {"type": "object", "properties": properties, "required": required}
    return {"input_schema": json.encode(schema).decode(), "strict": False}


def names_of(text: str | None) -> list[str]:
    """A JSON list of names, or names with commas. Raises IllegalArgumentException for a broken list."""
    if text is None or not text.strip():
        return []
    if not text.lstrip().startswith("["):
        return [name.strip() for name in text.split(",")]
    try:
        return [str(name) for name in json.decode(text)]
    except JavaException as error:
        raise IllegalArgumentException(f"[{text}] is no list of names", cause=error) from None
