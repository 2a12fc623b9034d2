"""What a pre-process function is."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.registry import Registry
from ragstone.ml.connectors.inputs import ModelInput, SimilarityInput, TextDocsInput


class PreProcess(Protocol):
    """`one_call_per_text`: each text is sent alone, whatever the step size."""

    one_call_per_text: ClassVar[bool]

    def parameters(self, given: ModelInput) -> dict[str, Any]:
        """Parameters for the template. Raises IllegalArgumentException when the input is of the wrong kind."""
        ...


pre_process_functions: Registry[PreProcess] = Registry("pre-process function")


def texts_of(given: ModelInput) -> tuple[str, ...]:
    if not isinstance(given, TextDocsInput):
        raise IllegalArgumentException(
            "This pre_process_function can only support TextDocsInputDataSet which including a list of string with key "
            "'text_docs'"
        )
    return given.texts


def similarity_of(given: ModelInput) -> SimilarityInput:
    if not isinstance(given, SimilarityInput):
        raise IllegalArgumentException("This pre_process_function can only support TextSimilarityInputDataSet")
    return given
