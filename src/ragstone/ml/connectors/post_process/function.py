"""What a post-process function is, and the shapes that several families share."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeGuard

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject

_DATA_TYPES = (
    "FLOAT32", "FLOAT64", "FLOAT16", "UINT8", "INT32", "INT8", "INT64", "BOOLEAN", "STRING", "BINARY", "UBINARY",
)  # fmt: skip


class PostProcess(Protocol):
    path: ClassVar[str]
    """JSONPath of the part of the answer that `tensors` reads; a `response_filter` takes its place."""

    def tensors(self, value: Any, path: str) -> list[JsonObject]:
        """The output of one call. `path` is where `value` was found.

        Raises IllegalArgumentException when the value has the wrong shape.
        """
        ...


post_process_functions: Registry[PostProcess] = Registry("post-process function")


class VectorList:
    """A list of vectors."""

    path: ClassVar[str]

    def tensors(self, value: Any, path: str) -> list[JsonObject]:
        vectors = as_list(value)
        for vector in vectors:
            if not isinstance(vector, list) or not vector or not all(_is_number(x) for x in vector):
                raise IllegalArgumentException(
                    "The embedding should be a non-empty List containing List of Float values."
                )
        return [_vector(vector, path) for vector in vectors]


class OneVector:
    path: ClassVar[str]

    def tensors(self, value: Any, path: str) -> list[JsonObject]:
        vector = as_list(value)
        if not vector or not all(_is_number(x) for x in vector):
            raise IllegalArgumentException("The embedding should be a non-empty List containing Float values.")
        return [_vector(vector, path)]


class Scores:
    """A list of `{index, <score>}`, in any order.

    `Differs:` whole numbers are scores too, and an index out of range is a 400; OpenSearch answers both with a 500.
    """

    path: ClassVar[str]
    score: ClassVar[str] = "relevance_score"

    def tensors(self, value: Any, path: str) -> list[JsonObject]:
        results = as_list(value)
        scores: list[float | None] = [None] * len(results)
        for result in results:
            if not isinstance(result, dict):
                raise IllegalArgumentException("Post process function input is not a List of Map.")
            index, score = result.get("index"), result.get(self.score)
            if not _is_number(index) or not _is_number(score):
                raise IllegalArgumentException(f"The rerank result should contain index and {self.score}.")
            if int(index) != index or not 0 <= index < len(scores):
                raise IllegalArgumentException(
                    f"The rerank result has the index {index}, which is none of {len(scores)} documents"
                )
            scores[int(index)] = score
        return [{"name": "similarity", "data_type": "FLOAT32", "shape": [1], "data": [score]} for score in scores]


def as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IllegalArgumentException("Post process function input is not a List.")
    return value


def _vector(numbers: list[Any], path: str) -> JsonObject:
    return {
        "name": "sentence_embedding",
        "data_type": data_type(path),
        "shape": [len(numbers)],
        "data": numbers,
    }


def data_type(path: str) -> str:
    """The tensor type that a step of the path names (`$.embeddings.int8`), else FLOAT32."""
    steps = {step.strip().upper() for step in path.split(".")}
    return next((name for name in _DATA_TYPES if name in steps), "FLOAT32")


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
