"""Which of a text's weighted tokens are worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ragstone.core.errors import IllegalArgumentException

Tokens = Mapping[str, float]


@dataclass(frozen=True)
class Pruning:
    """`kind` is max_ratio, alpha_mass, top_k or abs_value, as in neural-search's `util/prune/PruneUtils.java`."""

    kind: str
    ratio: float

    def kept(self, tokens: Tokens) -> dict[str, float]:
        """The tokens that stay, in the order they came."""
        return _KINDS[self.kind](tokens, self.ratio)


def read_pruning(kind: str | None, ratio: float | None) -> Pruning | None:
    """None where nothing is to be pruned. Raises IllegalArgumentException."""
    if kind is None or kind == "none" or ratio is None:
        if kind not in (None, "none"):
            raise IllegalArgumentException("Prune type and prune ratio must be provided")
        return None
    if kind not in _KINDS:
        raise IllegalArgumentException(f"Unknown prune type: {kind}")
    demand, fits = _DEMANDS[kind]
    if not fits(ratio):
        raise IllegalArgumentException(f"Illegal prune_ratio {ratio:f} for prune_type: {kind}. {demand}")
    return Pruning(kind, ratio)


def _max_ratio(tokens: Tokens, ratio: float) -> dict[str, float]:
    """Those with at least that part of the highest weight."""
    least = ratio * max(tokens.values(), default=0.0)
    return {token: weight for token, weight in tokens.items() if weight >= least}


def _alpha_mass(tokens: Tokens, ratio: float) -> dict[str, float]:
    """The heaviest, as long as they are together no more than that part of the whole weight."""
    whole, together = sum(tokens.values()), 0.0
    kept = set()
    for token in sorted(tokens, key=lambda token: -tokens[token]):
        together += tokens[token]
        if together <= ratio * whole:
            kept.add(token)
    return {token: weight for token, weight in tokens.items() if token in kept}


def _top_k(tokens: Tokens, ratio: float) -> dict[str, float]:
    """So many of the heaviest."""
    kept = set(sorted(tokens, key=lambda token: -tokens[token])[: int(ratio)])
    return {token: weight for token, weight in tokens.items() if token in kept}


def _abs_value(tokens: Tokens, ratio: float) -> dict[str, float]:
    """Those with at least that weight."""
    return {token: weight for token, weight in tokens.items() if weight >= ratio}


_KINDS: Mapping[str, Callable[[Tokens, float], dict[str, float]]] = {
    "max_ratio": _max_ratio,
    "alpha_mass": _alpha_mass,
    "top_k": _top_k,
    "abs_value": _abs_value,
}
_PART = ("prune_ratio should be in the range [0, 1).", lambda ratio: 0 <= ratio < 1)
_DEMANDS: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    "max_ratio": _PART,
    "alpha_mass": _PART,
    "top_k": ("prune_ratio should be positive integer.", lambda ratio: ratio > 0 and ratio == int(ratio)),
    "abs_value": ("prune_ratio should be non-negative.", lambda ratio: ratio >= 0),
}
