"""Similarities: named scoring formulae in `index.similarity.*`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ragstone.core.errors import IllegalArgumentException, MapperParsingException, NumberFormatException
from ragstone.dsl.unsupported import unsupported

TYPES = ("BM25", "LegacyBM25", "boolean", "DFR", "DFI", "IB", "LMDirichlet", "LMJelinekMercer", "scripted")
BUILT_IN = ("BM25", "boolean")
"""Names a field may use without any setting."""


_K1, _B = 1.2, 0.75
"""BM25's parameters where a setting gives no others; the text index knows these alone."""


def check_similarity(name: str, settings: Mapping[str, Any], field: str) -> None:
    """Raises MapperParsingException for a name that nothing stands behind, IllegalArgumentException for a formula that
    is not here: fields would be scored by BM25 without a word."""
    groups = _groups(settings)
    if name not in BUILT_IN and name not in groups:
        raise MapperParsingException(f"Unknown Similarity type [{name}] for field [{field}]")
    _check_supported(groups.get(name, {"type": name}))


def check_similarities(settings: Mapping[str, Any]) -> None:
    """Raises IllegalArgumentException for an unknown type, BM25 parameters out of range, or a formula for all fields
    (`default`) that is not here."""
    for name, options in _groups(settings).items():
        kind = options.get("type")
        if kind is None:
            raise IllegalArgumentException(f"Similarity [{name}] must have an associated type")
        if kind not in TYPES:
            raise IllegalArgumentException(f"Unknown Similarity type [{kind}] for [{name}]")
        if kind in ("BM25", "LegacyBM25"):
            k1, b = _parameters(options)
            if not math.isfinite(k1) or k1 < 0:
                raise IllegalArgumentException(f"illegal k1 value: {k1}, must be a non-negative finite value")
            if math.isnan(b) or not 0 <= b <= 1:
                raise IllegalArgumentException(f"illegal b value: {b}, must be between 0 and 1")
        if name == "default":
            _check_supported(options)


def _check_supported(options: Mapping[str, str]) -> None:
    if options.get("type") != "BM25" or _parameters(options) != (_K1, _B):
        raise unsupported("similarity] other than [BM25] with k1 [1.2] and b [0.75")


def _parameters(options: Mapping[str, str]) -> tuple[float, float]:
    return _number(options.get("k1", str(_K1))), _number(options.get("b", str(_B)))


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
