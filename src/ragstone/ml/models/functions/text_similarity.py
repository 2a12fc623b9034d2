"""Models that compare a query with texts: rerankers."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.connectors.inputs import ModelInput, SimilarityInput
from ragstone.ml.fields import Fields
from ragstone.ml.models.functions.function import model_functions


@model_functions.register("TEXT_SIMILARITY")
class TextSimilarity:
    def parse(self, body: Fields, *, remote: bool) -> ModelInput:
        query, texts = body.text("query_text"), body.texts("text_docs")
        if not texts:
            raise IllegalArgumentException("No text documents were provided")
        if query is None:
            raise IllegalArgumentException("No query text was provided")
        return SimilarityInput(query, tuple(texts))
