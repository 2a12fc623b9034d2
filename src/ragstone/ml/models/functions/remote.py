"""Remote models: parameters for the connector's template."""

from __future__ import annotations

from ragstone.ml.connectors.inputs import ModelInput, ParametersInput
from ragstone.ml.fields import Fields
from ragstone.ml.models.functions.function import model_functions


@model_functions.register("REMOTE")
class Remote:
    def parse(self, body: Fields, *, remote: bool) -> ModelInput:
        # A text counts as no parameters, as in OpenSearch; an array is refused.
        if isinstance(body.body.get("parameters"), str):
            return ParametersInput()
        return ParametersInput(body.object("parameters") or {})
