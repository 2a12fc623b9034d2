"""Scores and radial limits: the worked values that a real OpenSearch gave."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ragstone.engine.embedded.vectors.exact import index_form, raw_values
from ragstone.engine.embedded.vectors.index import VectorIndex
from ragstone.engine.embedded.vectors.spaces import SpaceType, VectorSpec, least_score, score

WORKED = [
    ("l2", "float", [1, 2, 3], [1, 2, 3], 1.0),
    ("l2", "float", [1, 2, 3], [2, 2, 3], 0.5),
    ("l2", "float", [1, 2, 3], [4, 6, 3], 0.03846154),
    ("l2", "float", [1, 1, 1], [10, 10, 10], 0.0040983604),
    ("l2", "float", [9.9, 9.9], [10, 10], 0.98039216),
    ("l2", "float", [9.9, 9.9], [20, 20], 0.004877573),
    ("cosinesimil", "float", [1, 0], [1, 0], 1.0),
    ("cosinesimil", "float", [1, 0], [3, 4], 0.8),
    ("cosinesimil", "float", [1, 0], [1, 1], 0.8535534),
    ("cosinesimil", "float", [1, 0], [0, 1], 0.5),
    ("cosinesimil", "float", [1, 0], [-1, 1], 0.14644662),
    ("cosinesimil", "float", [1, 0], [-1, 0], 0.0),
    ("cosinesimil", "float", [1, 2, 3, 4], [4, 3, 2, 1], 0.8333333),
    ("cosinesimil", "byte", [1, 2], [2, 1], 0.9),
    ("innerproduct", "float", [1, 2], [3, 4], 12.0),
    ("innerproduct", "float", [1, 2], [0.1, 0.2], 1.5),
    ("innerproduct", "float", [1, 2], [2, -1], 1.0),
    ("innerproduct", "float", [1, 2], [-1, -1], 0.25),
    ("innerproduct", "byte", [1, 2], [4, -2], 1.0),
    ("l2", "byte", [1, 2], [4, -2], 0.03846154),
    ("hamming", "binary", [7, 0], [5, 1], 0.33333334),
    ("hamming", "binary", [-1, 0], [0, 0], 0.11111111),
    ("l1", "float", [1, 2, 3], [2, 0, 6], 0.14285715),
    ("linf", "float", [1, 2, 3], [2, 0, 6], 0.25),
]


@pytest.mark.parametrize(("space", "data_type", "query", "document", "expected"), WORKED)
def test_a_search_gives_the_worked_scores(
    index: Callable[..., VectorIndex],
    space: str,
    data_type: str,
    query: list[float],
    document: list[float],
    expected: float,
) -> None:
    vectors = index(
        dimension=len(query) * (8 if data_type == "binary" else 1),
        data_type=data_type,
        space_type=space,
        engine="nmslib" if space in ("l1", "linf") else "faiss",
    )
    vectors.add(1, np.array(document, np.float32))
    rows, scores = vectors.publish().search(np.array(query, np.float32), 5)
    assert rows.tolist() == [1]
    assert scores.dtype == np.float32
    assert scores[0] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_hamming_counts_bits_of_signed_bytes() -> None:
    spec = VectorSpec(24, SpaceType.HAMMING, "binary")
    query, other = (index_form(spec, np.array(v, np.float32)) for v in ([-1, 0, -128], [0, 0, 127]))
    assert raw_values(spec.space, other[np.newaxis], query).tolist() == [16.0]


@pytest.mark.parametrize(
    ("space", "limits", "expected"),
    [
        ("l2", {"min_score": 0.5}, 0.5),
        ("l2", {"max_distance": 2}, 0.33333334),
        ("l2", {"max_distance": 0}, 1.0),
        ("cosinesimil", {"max_distance": 0.4}, 0.8),
        ("cosinesimil", {"max_distance": 2.5}, 0.0),
        ("innerproduct", {"max_distance": -11.0}, 12.0),
        ("innerproduct", {"max_distance": 3.0}, 0.25),
        ("innerproduct", {"min_score": 12}, 12.0),
        ("l1", {"max_distance": 6.0}, 0.14285715),
    ],
)
def test_radial_limits_become_scores(space: str, limits: dict[str, Any], expected: float) -> None:
    given = {"min_score": None, "max_distance": None, **limits}
    assert least_score(VectorSpec(2, SpaceType(space)), **given) == pytest.approx(expected, rel=1e-6)


def test_lucene_reads_a_radius_of_innerproduct_as_a_dot_product() -> None:
    spec = VectorSpec(2, SpaceType.INNERPRODUCT, radius_is_dot_product=True)
    assert least_score(spec, min_score=None, max_distance=0.5) == pytest.approx(1.5)
    assert least_score(spec, min_score=None, max_distance=-1.0) == pytest.approx(0.5)


def test_scores_stay_finite_where_the_arithmetic_overflows() -> None:
    raw = np.array([np.inf, -np.inf, np.nan, 3e38], np.float32)
    assert np.isfinite(score(SpaceType.INNERPRODUCT, raw)).all()
    assert score(SpaceType.L2, np.array([np.inf], np.float32)).tolist() == [0.0]
