"""A remote ML Commons as the provider."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.post_process.function import post_process_functions


@post_process_functions.register("connector.post_process.mlcommons.passthrough")
class Passthrough:
    """The remote tensors as they are; any other object becomes the response."""

    path: ClassVar[str] = "$"

    def tensors(self, value: Any, path: str) -> list[JsonObject]:
        if isinstance(value, dict) and isinstance(value.get("inference_results"), list):
            return [
                output
                for result in value["inference_results"]
                if isinstance(result, dict)
                for output in result.get("output") or []
                if isinstance(output, dict)
            ]
        return [{"name": "response", "dataAsMap": value if isinstance(value, dict) else {"response": value}}]
