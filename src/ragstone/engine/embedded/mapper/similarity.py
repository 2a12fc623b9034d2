"""Similarities: named scoring formulae in `index.similarity.*`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ragstone.core.errors import IllegalArgumentException, NumberFormatException

TYPES = ("BM25", "LegacyBM25", "boolean", "DFR", "DFI", "IB", "LMDirichlet", "LMJelinekMercer", "scripted")
BUILT_IN = ("BM25", "boolean")
"""Names a field may use without any setting."""


def similarity_names(settings: Mapping[str, Any]) -> set[str]:
    """All names that a field's `similarity` may have."""
    return {*BUILT_IN, *_groups(settings)}


def check_similarities(settings: Mapping[str, Any]) -> None:
    """Raises IllegalArgumentException for an unknown type, or BM25 parameters out of range."""
    for name, options in _groups(settings).items():
        kind = options.get("type")
        if kind is None:
            raise IllegalArgumentException(f"Similarity [{name}] must have an associated type")
        if kind not in TYPES:
            raise IllegalArgumentException(f"Unknown Similarity type [{kind}] for [{name}]")
        if kind in ("BM25", "LegacyBM25"):
            k1, b = _number(options.get("k1", "1.2")), _number(options.get("b", "0.75"))
            if not math.isfinite(k1) or k1 < 0:
                raise IllegalArgumentException(f"illegal k1 value: {k1}, must be a non-negative finite value")
            if math.isnan(b) or not 0 <= b <= 1:
                raise IllegalArgumentException(f"illegal b value: {b}, must be between 0 and 1")


def _groups(settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for key, value in settings.items():
        if key.startswith("index.similarity."):
            name, _, option = key.removeprefix("index.similarity.").partition(".")
            groups.setdefault(name, {})[option] = str(value)
    return groups


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NumberFormatException.of(text) from None
