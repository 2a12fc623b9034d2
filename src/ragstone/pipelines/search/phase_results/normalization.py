"""`normalization-processor`: scores of sub-queries made comparable, and combined by a mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.queries.hybrid import MAX_SUB_QUERIES, HybridQuery
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.values import QueryPhaseResult
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, phase_results_processors
from ragstone.pipelines.search.phase_results import arithmetic
from ragstone.pipelines.search.phase_results.arithmetic import Bound, Floats
from ragstone.pipelines.search.phase_results.merging import merge, scores_of
from ragstone.pipelines.search.phase_results.options import (
    is_number,
    phase_failed,
    read_weights,
    technique,
    weights_for,
)
from ragstone.pipelines.search.phase_results.rank_constant import DEFAULT_RANK_CONSTANT, read_rank_constant

_MEANS: Mapping[str, Callable[[Floats, Sequence[float]], Floats]] = {
    "arithmetic_mean": arithmetic.arithmetic_mean,
    "geometric_mean": arithmetic.geometric_mean,
    "harmonic_mean": arithmetic.harmonic_mean,
}
_NORMALIZATIONS = ("min_max", "l2", "z_score", "rrf")
_BOUNDS = {"lower_bounds": ("min_score", 0.0), "upper_bounds": ("max_score", 1.0)}
_MODES = ("apply", "clip", "ignore")
_FARTHEST = 10_000.0

Bounds = tuple[Bound, ...] | None
"""One per sub-query; None where none are given."""


@phase_results_processors.register("normalization-processor")
@dataclass(frozen=True)
class NormalizationProcessor:
    """Works on hybrid searches, and leaves others as they are."""

    normalization: str = "min_max"
    lower_bounds: Bounds = None
    upper_bounds: Bounds = None
    rank_constant: int = DEFAULT_RANK_CONSTANT
    combination: str = "arithmetic_mean"
    weights: tuple[float, ...] = ()

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Self:
        normalization, parameters, _ = technique(config, "normalization", "min_max")
        combination, more, _ = technique(config, "combination", "arithmetic_mean")
        if normalization not in _NORMALIZATIONS:
            raise IllegalArgumentException("provided normalization technique is not supported")
        known = {"min_max": tuple(_BOUNDS), "l2": (), "rrf": ("rank_constant",)}.get(normalization)
        if known is not None and any(key not in known for key in parameters):
            raise IllegalArgumentException("unrecognized parameters in normalization technique")
        bounds = normalization == "min_max"
        lower = _read_bounds(parameters, "lower_bounds") if bounds else None
        upper = _read_bounds(parameters, "upper_bounds") if bounds else None
        if combination not in _MEANS and combination != "rrf":
            raise IllegalArgumentException("provided combination technique is not supported")
        means = ("arithmetic_mean",) if normalization == "z_score" else tuple(_MEANS)
        if combination not in means:
            raise IllegalArgumentException(
                f"provided combination technique {combination} is not supported for normalization technique "
                f"{normalization}. Supported techniques are: {', '.join(means)}"
            )
        rank_constant = read_rank_constant(parameters) if normalization == "rrf" else DEFAULT_RANK_CONSTANT
        return cls(normalization, lower, upper, rank_constant, combination, read_weights(more))

    def process_results(self, result: QueryPhaseResult, body: SearchBody, context: PipelineContext) -> None:
        """Raises SearchPhaseExecutionException when weights or bounds are not one per sub-query."""
        if not isinstance(body.query, HybridQuery) or result.combined:
            return
        count = len(result.lists)
        weights = weights_for(self.weights, count)
        if any(bounds is not None and len(bounds) != count for bounds in (self.lower_bounds, self.upper_bounds)):
            raise phase_failed(
                f"expected bounds array to contain {count} elements matching the number of sub-queries, but found a "
                "mismatch"
            )
        normalized = [self._normalized(scores_of(found), number) for number, found in enumerate(result.lists)]
        merge(result, normalized, lambda scores: _MEANS[self.combination](scores, weights))

    def _normalized(self, scores: Floats, number: int) -> Floats:
        if self.normalization == "l2":
            return arithmetic.l2(scores)
        if self.normalization == "z_score":
            return arithmetic.z_score(scores)
        if self.normalization == "rrf":
            return arithmetic.reciprocal_ranks(len(scores), self.rank_constant)
        return arithmetic.min_max(
            scores,
            self.lower_bounds[number] if self.lower_bounds is not None else None,
            self.upper_bounds[number] if self.upper_bounds is not None else None,
        )


def _read_bounds(parameters: JsonObject, name: str) -> Bounds:
    if name not in parameters:
        return None
    given = parameters[name]
    if not isinstance(given, list):
        raise IllegalArgumentException(f"{name} must be a List")
    if len(given) > MAX_SUB_QUERIES:
        raise IllegalArgumentException(f"{name} size {len(given)} should be less than or equal to {MAX_SUB_QUERIES}")
    return tuple(_read_bound(bound, *_BOUNDS[name]) for bound in given)


def _read_bound(given: Any, score_name: str, default: float) -> Bound:
    if not isinstance(given, dict):
        raise IllegalArgumentException("each bound must be a map")
    if any(key not in ("mode", score_name) for key in given):
        raise IllegalArgumentException("unrecognized parameters in normalization technique")
    mode = java_text(given.get("mode") or "apply").lower()
    if mode not in _MODES:
        raise IllegalArgumentException(f"invalid mode: {mode}, valid values are: {', '.join(_MODES)}")
    score = given.get(score_name, default)
    if not is_number(score) or not abs(float(score)) <= _FARTHEST:
        raise IllegalArgumentException(
            f"{score_name} must be a valid finite number between {-_FARTHEST:f} and {_FARTHEST:f}"
        )
    return Bound(float(score), mode)  # type: ignore[arg-type]  # one of _MODES
