"""Models that take texts: dense and sparse embeddings."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.connectors.inputs import ModelInput, TextDocsInput
from ragstone.ml.fields import Fields
from ragstone.ml.models.functions.function import model_functions


@model_functions.register("TEXT_EMBEDDING", "SPARSE_ENCODING", "SPARSE_TOKENIZE")
class TextDocs:
    def parse(self, body: Fields, *, remote: bool) -> ModelInput:
        texts = body.texts("text_docs")
        if not texts:
            raise IllegalArgumentException("Empty text docs" if remote else "empty docs")
        parameters = body.object("parameters")
        numbers, names = body.boolean("return_number"), body.texts("target_response")
        positions = body.texts("target_response_positions")
        return TextDocsInput(
            texts=tuple(texts),
            return_number=numbers is None or numbers,
            return_bytes=body.boolean("return_bytes") or False,
            target_response=tuple(names) if names is not None else None,
            target_response_positions=tuple(_position(text) for text in positions) if positions is not None else None,
            content_type=Fields(parameters).text("content_type") if parameters is not None else None,
        )


def _position(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise IllegalArgumentException(f"target_response_positions holds [{text}], which is no number") from None
