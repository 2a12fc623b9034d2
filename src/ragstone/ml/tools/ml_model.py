"""`MLModelTool`: asks a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.tools.tool import ToolResult, ToolServices, input_schema, tools
from ragstone.ml.values import text_of


@tools.register("MLModelTool")
class MLModelTool:
    description: ClassVar[str] = (
        "Asks a model: every parameter is given to it, and one member of its answer comes back."
    )
    attributes: ClassVar[JsonObject] = input_schema(["input"], input={"type": "string", "description": "the question"})

    def __init__(self, parameters: Mapping[str, str], services: ToolServices) -> None:
        self._model_id = parameters.get("model_id", "")
        if not self._model_id.strip():
            raise IllegalArgumentException("Model ID can't be null or empty")
        self._field = parameters.get("response_field", "response")
        self._parameters = parameters
        self._models = services.models

    async def run(self) -> ToolResult:
        """The member of the answer that `response_field` names, or all of the answer as JSON."""
        answer = await self._models.predict_remote(self._model_id, self._parameters)
        found = answer.first_map()
        if found is None:
            return json.encode(answer.inference_results).decode()
        return text_of(found[self._field]) if self._field in found else json.encode(found).decode()
