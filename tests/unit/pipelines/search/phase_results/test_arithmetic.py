"""The numbers that OpenSearch 3.4 answers for the worked example of hybrid search."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ragstone.pipelines.search.phase_results import arithmetic
from ragstone.pipelines.search.phase_results.arithmetic import Bound, Floats

FIRST = {"A": 3.0, "B": 2.0, "C": 1.0}
SECOND = {"B": 0.9, "C": 0.6, "D": 0.3}
HALVES, WEIGHTS = (1.0, 1.0), (0.3, 0.7)


def floats(*scores: float) -> Floats:
    return np.array(scores, np.float32)


def rrf(scores: Floats) -> Floats:
    return arithmetic.reciprocal_ranks(len(scores), 60)


def table(normalize: Callable[[Floats], Floats]) -> Floats:
    """Normalised scores, a row for each of A to D."""
    rows = np.zeros((4, 2), np.float32)
    for column, found in enumerate((FIRST, SECOND)):
        for name, score in zip(found, normalize(floats(*found.values())), strict=True):
            rows["ABCD".index(name), column] = score
    return rows


@pytest.mark.parametrize(
    ("normalize", "combine", "weights", "wanted"),
    [
        (arithmetic.min_max, arithmetic.arithmetic_mean, HALVES, (0.5, 0.75, 0.25050002, 0.0005)),
        (arithmetic.min_max, arithmetic.geometric_mean, HALVES, (1.0, 0.70710677, 0.022360679, 0.0009999999)),
        (arithmetic.min_max, arithmetic.harmonic_mean, HALVES, (1.0, 0.6666667, 0.0019960082, 0.001)),
        (arithmetic.min_max, arithmetic.arithmetic_mean, WEIGHTS, (0.3, 0.85, 0.3503, 0.00070000003)),
        (arithmetic.min_max, arithmetic.geometric_mean, WEIGHTS, (1.0, 0.8122524, 0.07749594, 0.0009999999)),
        (arithmetic.min_max, arithmetic.harmonic_mean, WEIGHTS, (1.0, 0.7692308, 0.0033178502, 0.001)),
        (arithmetic.l2, arithmetic.arithmetic_mean, HALVES, (0.40089184, 0.6681531, 0.4008919, 0.13363063)),
        (arithmetic.l2, arithmetic.geometric_mean, HALVES, (0.8017837, 0.65465367, 0.3779645, 0.26726127)),
        (arithmetic.l2, arithmetic.harmonic_mean, HALVES, (0.8017837, 0.641427, 0.35634834, 0.26726127)),
        (arithmetic.l2, arithmetic.arithmetic_mean, WEIGHTS, (0.24053511, 0.72160536, 0.45434415, 0.18708289)),
        (arithmetic.l2, arithmetic.geometric_mean, WEIGHTS, (0.8017837, 0.7099534, 0.43416718, 0.26726127)),
        (arithmetic.l2, arithmetic.harmonic_mean, WEIGHTS, (0.8017837, 0.6972032, 0.41117114, 0.26726127)),
        (arithmetic.z_score, arithmetic.arithmetic_mean, HALVES, (0.5, 2.0, 0.45049998, 0.0005)),
        (arithmetic.z_score, arithmetic.arithmetic_mean, WEIGHTS, (0.3, 1.5999999, 0.6303, 0.00070000003)),
        (rrf, arithmetic.weighted_sum, HALVES, (0.016393442, 0.032522473, 0.032002047, 0.015873017)),
        (rrf, arithmetic.weighted_sum, WEIGHTS, (0.004918033, 0.01631412, 0.016052227, 0.011111111)),
    ],
)
def test_the_worked_example_comes_out_as_recorded(
    normalize: Callable[[Floats], Floats],
    combine: Callable[[Floats, Sequence[float]], Floats],
    weights: tuple[float, ...],
    wanted: tuple[float, ...],
) -> None:
    np.testing.assert_allclose(combine(table(normalize), weights), floats(*wanted), rtol=1e-6)


@pytest.mark.parametrize(
    ("lower", "upper", "wanted"),
    [
        (None, None, (1.0, 0.50000006, 0.001)),
        (Bound(0.5), None, (1.0, 0.2500001, 0.001)),
        (Bound(0.5, "clip"), None, (1.0, 0.2500001, 0.001)),
        (Bound(0.5, "ignore"), None, (1.0, 0.50000006, 0.001)),
        (Bound(1.0), None, (1.0, 0.50000006, 0.001)),
        (None, Bound(0.8, "clip"), (1.0, 0.6, 0.001)),
        (None, Bound(1.0), (0.8571428, 0.42857146, 0.001)),
        (None, Bound(1.0, "ignore"), (1.0, 0.50000006, 0.001)),
        (Bound(0.1), Bound(2.0), (0.4210526, 0.2631579, 0.105263166)),
    ],
)
def test_bounds_move_or_cut_the_ends_of_the_scale(
    lower: Bound | None, upper: Bound | None, wanted: tuple[float, ...]
) -> None:
    np.testing.assert_allclose(arithmetic.min_max(floats(0.9, 0.6, 0.3), lower, upper), floats(*wanted), rtol=1e-6)


@pytest.mark.parametrize("scores", [(), (2.0,), (1.5, 1.5)])
def test_scores_that_do_not_differ(scores: tuple[float, ...]) -> None:
    assert arithmetic.min_max(floats(*scores)).tolist() == [1.0] * len(scores)
    assert arithmetic.z_score(floats(*scores)).tolist() == list(scores)


def test_scores_of_zero_have_no_length() -> None:
    assert arithmetic.l2(floats(0.0, 0.0)).tolist() == [0.0, 0.0]


def test_a_document_that_no_weighted_query_has_scores_nothing() -> None:
    for mean in (arithmetic.arithmetic_mean, arithmetic.geometric_mean, arithmetic.harmonic_mean):
        assert mean(np.zeros((1, 2), np.float32), WEIGHTS).tolist() == [0.0]
    assert arithmetic.geometric_mean(np.array([[0.5, 0.0]], np.float32), (0.0, 1.0)).tolist() == [0.0]


def test_a_share_by_rank_is_rounded_to_ten_decimals() -> None:
    assert arithmetic.reciprocal_ranks(2, 1).tolist() == [0.5, float(np.float32(0.3333333333))]
