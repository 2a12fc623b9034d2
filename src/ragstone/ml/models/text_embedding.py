"""Local embedding models: texts to vectors, vectors to tensors."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.inputs import TextDocsInput
from ragstone.providers.api import Vectors

_TENSOR = "sentence_embedding"
_CONTENT_TYPES = ("query", "passage")


def prefixed(texts: Sequence[str], config: Mapping[str, Any] | None, content_type: str | None) -> list[str]:
    """The texts as an asymmetric model wants them: with its prefix for queries or for passages.

    Raises IllegalArgumentException when the model is asymmetric and nobody says which, and the other way round.
    """
    prefixes = {kind: (config or {}).get(f"{kind}_prefix") for kind in _CONTENT_TYPES}
    asymmetric = any(prefix is not None for prefix in prefixes.values())
    if content_type is None:
        if asymmetric:
            raise IllegalArgumentException(
                "The embedding model chosen is asymmetric. To use it, you must declare whether the input is of type "
                "query or of type passage."
            )
        return list(texts)
    if not asymmetric:
        raise IllegalArgumentException(
            "When passing AsymmetricTextEmbeddingParameters, the model requires to be registered with at least one of "
            "`query_prefix` or `passage_prefix`."
        )
    prefix = prefixes["passage" if content_type.lower() == "passage" else "query"] or ""
    return [prefix + text for text in texts]


def as_lists(vectors: Vectors) -> list[list[float]]:
    """The numbers in their shortest form: 0.1, not the 0.10000000149011612 that a 32-bit 0.1 becomes in 64 bits."""
    lists: list[list[float]] = json.decode(json.encode(vectors))
    return lists


def results(vectors: Vectors, given: TextDocsInput) -> list[JsonObject]:
    """One `inference_results` element per text."""
    numbers = as_lists(vectors) if given.return_number else None
    if not _asked_for(given):
        return [{} for _ in vectors]
    return [{"output": [_tensor(vectors, row, numbers, given)]} for row in range(len(vectors))]


def _tensor(vectors: Vectors, row: int, numbers: list[list[float]] | None, given: TextDocsInput) -> JsonObject:
    tensor: JsonObject = {"name": _TENSOR, "data_type": "FLOAT32", "shape": [int(vectors.shape[1])]}
    if numbers is not None:
        tensor["data"] = numbers[row]
    if given.return_bytes:
        raw = vectors[row].astype("<f4").tobytes()
        tensor["byte_buffer"] = {"array": base64.b64encode(raw).decode(), "order": "LITTLE_ENDIAN"}
    return tensor


def _asked_for(given: TextDocsInput) -> bool:
    """Whether the one tensor there is, the first, is among those wanted; without a wish it is."""
    names, positions = given.target_response, given.target_response_positions
    return (not names and not positions) or _TENSOR in (names or ()) or 0 in (positions or ())
