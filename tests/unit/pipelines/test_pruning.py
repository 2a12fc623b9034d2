"""Which tokens pruning leaves."""

from __future__ import annotations

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.pipelines.pruning import read_pruning

TOKENS = {"far": 1.0, "red": 1.6941, "fox": 1.4667, "runs": 1.1216}


@pytest.mark.parametrize(
    ("kind", "ratio", "kept"),
    [
        ("max_ratio", 0.9, ["red"]),
        ("max_ratio", 0.0, ["far", "red", "fox", "runs"]),
        ("top_k", 2, ["red", "fox"]),
        ("top_k", 9, ["far", "red", "fox", "runs"]),
        ("alpha_mass", 0.5, ["red"]),
        ("alpha_mass", 0.6, ["red", "fox"]),
        ("abs_value", 1.4, ["red", "fox"]),
    ],
)
def test_the_weights_decide_and_the_order_stays(kind: str, ratio: float, kept: list[str]) -> None:
    pruning = read_pruning(kind, ratio)
    assert pruning is not None
    assert list(pruning.kept(TOKENS)) == kept
    assert pruning.kept({}) == {}


@pytest.mark.parametrize("kind", [None, "none"])
def test_nothing_is_pruned_unasked(kind: str | None) -> None:
    assert read_pruning(kind, None) is None


@pytest.mark.parametrize(
    ("kind", "ratio", "reason"),
    [
        ("x", 0.1, "Unknown prune type: x"),
        ("top_k", None, "Prune type and prune ratio must be provided"),
        ("top_k", 1.5, "Illegal prune_ratio 1.500000 for prune_type: top_k. prune_ratio should be positive integer."),
        (
            "max_ratio",
            1.5,
            "Illegal prune_ratio 1.500000 for prune_type: max_ratio. prune_ratio should be in the range [0, 1).",
        ),
        (
            "alpha_mass",
            -1.0,
            "Illegal prune_ratio -1.000000 for prune_type: alpha_mass. prune_ratio should be in the range [0, 1).",
        ),
        (
            "abs_value",
            -1.0,
            "Illegal prune_ratio -1.000000 for prune_type: abs_value. prune_ratio should be non-negative.",
        ),
    ],
)
def test_a_ratio_must_fit_its_kind(kind: str, ratio: float | None, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as caught:
        read_pruning(kind, ratio)
    assert caught.value.reason == reason
