"""`SearchIndexTool`: an ordinary search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.tools.tool import ToolResult, ToolServices, input_schema, tools
from ragstone.ml.values import text_of

_WANTED = "SearchIndexTool's two parameters: index and query are required and should be in valid format"


@tools.register("SearchIndexTool")
class SearchIndexTool:
    description: ClassVar[str] = "Searches the index `index` with the request body `query`, and gives a line per hit."
    attributes: ClassVar[JsonObject] = input_schema(
        ["index", "query"],
        index={"type": "string", "description": "the name of the index"},
        query={"type": "object", "description": "a search body in OpenSearch's query DSL"},
    )

    def __init__(self, parameters: Mapping[str, str], services: ToolServices) -> None:
        if "input" not in parameters and not ("index" in parameters and "query" in parameters):
            raise IllegalArgumentException("Invalid parameters for tool: SearchIndexTool")
        given: Any = parameters
        if "input" in parameters:
            given = _decoded(parameters["input"])
        index, query = (given.get("index"), given.get("query")) if isinstance(given, Mapping) else (None, None)
        body = _decoded(query) if isinstance(query, str) else query
        if index is None or not isinstance(body, dict):
            raise IllegalArgumentException(_WANTED)
        self._index, self._body = text_of(index), body
        self._raw = parameters.get("return_raw_response", "false").lower() == "true"
        self._indices = services.indices

    async def run(self) -> ToolResult:
        """`{"_index", "_source", "_id", "_score"}` per hit and line; with `return_raw_response` the whole response.

        `Differs:` a hit without a score has null; OpenSearch writes the bare word NaN.
        """
        response = await self._indices.search(self._index, self._body)
        return response if self._raw else lines(response)


def lines(response: JsonObject) -> str:
    """The hits of a search, each as a line of JSON."""
    shown = ("_index", "_source", "_id", "_score")
    found = ({name: hit.get(name) for name in shown} for hit in response["hits"]["hits"])
    # sources are kept as they were sent, with their line breaks
    return "".join(json.encode(json.decode(json.encode(hit))).decode() + "\n" for hit in found)


def _decoded(text: Any) -> Any:
    try:
        return json.decode(text_of(text))
    except JavaException:
        raise IllegalArgumentException(_WANTED) from None
