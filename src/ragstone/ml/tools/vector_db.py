"""`VectorDBTool`: the documents nearest to a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.tools.search_index import lines
from ragstone.ml.tools.tool import ToolResult, ToolServices, input_schema, tools

_REQUIRED = ("index", "model_id", "embedding_field", "source_field", "input")


@tools.register("VectorDBTool")
class VectorDBTool:
    """`doc_size` documents of the `k` whose `embedding_field` is nearest to what `model_id` makes of `input`; of each
    the fields that `source_field` lists, a JSON array as text."""

    description: ClassVar[str] = "Finds the passages of an index that are nearest in meaning to a question."
    attributes: ClassVar[JsonObject] = input_schema(["input"], input={"type": "string", "description": "the question"})

    def __init__(self, parameters: Mapping[str, str], services: ToolServices) -> None:
        missing = [name for name in _REQUIRED if not parameters.get(name, "").strip()]
        if missing:
            raise IllegalArgumentException(f"VectorDBTool needs the parameters [{', '.join(missing)}]")
        if parameters.get("nested_path"):
            raise IllegalArgumentException("[nested_path] is not supported by VectorDBTool here")
        self._index = parameters["index"]
        size, k = _number(parameters, "doc_size", 2), _number(parameters, "k", 10)
        neural = {"query_text": parameters["input"], "model_id": parameters["model_id"], "k": k}
        self._body: JsonObject = {
            "query": {"neural": {parameters["embedding_field"]: neural}},
            "size": size,
            "_source": _fields(parameters["source_field"]),
        }
        self._indices = services.indices

    async def run(self) -> ToolResult:
        return lines(await self._indices.search(self._index, self._body))


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    given = parameters.get(name, str(default))
    try:
        return int(given)
    except ValueError:
        raise IllegalArgumentException(f"[{name}] must be a whole number, not [{given}]") from None


def _fields(text: str) -> list[Any]:
    try:
        found = json.decode(text)
    except JavaException:
        found = None
    if not isinstance(found, list):
        raise IllegalArgumentException("[source_field] must be a JSON array of field names")
    return found
