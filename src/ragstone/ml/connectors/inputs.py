"""What a predict call is given, by the kind of model it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ParametersInput:
    """`parameters` for a connector's template. `literal`: the values are data, see `template`."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    literal: bool = False


@dataclass(frozen=True)
class TextDocsInput:
    """Texts to embed, and which parts of the vectors to return (local models only).

    `content_type` is `query` or `passage`, for models that embed the two differently.
    """

    texts: tuple[str, ...]
    return_number: bool = True
    return_bytes: bool = False
    target_response: tuple[str, ...] | None = None
    target_response_positions: tuple[int, ...] | None = None
    content_type: str | None = None


@dataclass(frozen=True)
class SimilarityInput:
    """A query and the texts to compare it with."""

    query: str
    texts: tuple[str, ...]


ModelInput = ParametersInput | TextDocsInput | SimilarityInput
