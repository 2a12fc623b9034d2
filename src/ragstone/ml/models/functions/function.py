"""What a model function is."""

from __future__ import annotations

from typing import Protocol

from ragstone.core.errors import UnsupportedOperationException
from ragstone.core.registry import Registry
from ragstone.ml.connectors.inputs import ModelInput
from ragstone.ml.fields import Fields


class ModelFunction(Protocol):
    def parse(self, body: Fields, *, remote: bool) -> ModelInput:
        """The input of one call; `remote` is whether the model it is for runs elsewhere.

        Raises IllegalArgumentException, ParsingException.
        """
        ...


model_functions: Registry[ModelFunction] = Registry("model function")


def function_of(name: str) -> ModelFunction:
    """By its name in upper case. Raises UnsupportedOperationException for one whose models can not be asked here."""
    found = model_functions.get(name)
    if found is None:
        raise UnsupportedOperationException(f"Predictions with the algorithm [{name}] are not supported")
    return found()
