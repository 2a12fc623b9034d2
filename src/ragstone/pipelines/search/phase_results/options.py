"""Options that both phase-results processors have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragstone.core.errors import IllegalArgumentException, SearchPhaseExecutionException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.pipelines.config import ProcessorConfig

_TOLERANCE = 0.01


def technique(config: ProcessorConfig, part: str, default: str) -> tuple[str, JsonObject, JsonObject]:
    """`{"technique": ..., "parameters": {...}}` under `part`: the name, the parameters, and all that stands there."""
    given = config.optional_map(part) or {}
    name, parameters = given.get("technique", default), given.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise config.fault(f"property isn't a map, but of type [{type(parameters).__name__}]", "parameters")
    return java_text(name), parameters, given


def read_weights(parameters: JsonObject) -> tuple[float, ...]:
    """`weights`, empty where none are given. `Differs:` whole numbers are numbers too.

    Raises IllegalArgumentException for another parameter, for weights outside 0 to 1, and for a sum that is not 1.
    """
    if any(key != "weights" for key in parameters):
        raise IllegalArgumentException(
            "provided parameter for combination technique is not supported. supported parameters are [weights]"
        )
    if "weights" not in parameters:
        return ()
    weights = parameters["weights"]
    if not isinstance(weights, list) or not all(map(is_number, weights)):
        raise IllegalArgumentException("parameter [weights] must be a collection of numbers")
    found = tuple(float(weight) for weight in weights)
    shown = f"[{', '.join(java_text(weight) for weight in found)}]"
    if not all(0.0 <= weight <= 1.0 for weight in found):
        raise IllegalArgumentException(f"all weights must be in range [0.0 ... 1.0], submitted weights: {shown}")
    if found and abs(sum(found) - 1.0) > _TOLERANCE:
        raise IllegalArgumentException(
            f"sum of weights for combination must be equal to 1.0, submitted weights: {shown}"
        )
    return found


def weights_for(weights: Sequence[float], sub_queries: int) -> Sequence[float]:
    """One weight per sub-query; 1.0 each where none were given. Raises SearchPhaseExecutionException."""
    if weights and len(weights) != sub_queries:
        raise phase_failed(
            f"number of weights [{len(weights)}] must match number of sub-queries [{sub_queries}] in hybrid query"
        )
    return weights or (1.0,) * sub_queries


def phase_failed(reason: str) -> SearchPhaseExecutionException:
    """What a search answers when making one list of several fails."""
    return SearchPhaseExecutionException("The phase has failed", cause=IllegalArgumentException(reason))


def is_number(value: Any) -> bool:
    """A JSON number, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True
