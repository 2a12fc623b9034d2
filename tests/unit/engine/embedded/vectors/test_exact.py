"""Exact nearest neighbours, where the short form of the distance is treacherous too."""

import numpy as np
import pytest

from ragstone.engine.embedded.vectors.exact import best, nearest, raw_values, squared_norms
from ragstone.engine.embedded.vectors.spaces import SpaceType

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("offset", [0.0, 10.0, 1e4])
@pytest.mark.parametrize("masked", [False, True])
def test_l2_neighbours_are_exact_however_far_from_the_origin(offset: float, masked: bool) -> None:
    matrix = (RANDOM.standard_normal((500, 16)) + offset).astype(np.float32)
    query = (RANDOM.standard_normal(16) + offset).astype(np.float32)
    alive = RANDOM.random(500) < 0.4 if masked else None
    positions, raw = nearest(SpaceType.L2, matrix, squared_norms(matrix), query, 7, alive)
    distances = ((matrix.astype(np.float64) - query) ** 2).sum(axis=1)
    if alive is not None:
        distances[~alive] = np.inf
    assert positions.tolist() == np.argsort(distances, kind="stable")[:7].tolist()
    assert raw == pytest.approx(distances[positions], rel=1e-5)


def test_neighbours_are_found_among_vectors_whose_squares_overflow() -> None:
    matrix = np.full((200, 2), 3e38, np.float32)
    matrix[150] = (1, 1)
    positions, raw = nearest(SpaceType.L2, matrix, squared_norms(matrix), np.array([1, 2], np.float32), 3, None)
    assert positions.tolist() == [150, 0, 1]
    assert raw[0] == 1


def test_equal_values_come_in_the_order_of_their_positions() -> None:
    raw = np.array([2, 1, 1, 3, 1, 2], np.float32)
    assert best(SpaceType.L2, raw, 2).tolist() == [1, 2]
    assert best(SpaceType.L2, raw, 5).tolist() == [1, 2, 4, 0, 5]
    assert best(SpaceType.INNERPRODUCT, raw, 3).tolist() == [3, 0, 5]
    assert best(SpaceType.L2, np.full(9, np.nan, np.float32), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("space", [SpaceType.L1, SpaceType.LINF, SpaceType.L2])
def test_differences_are_taken_in_pieces_without_changing_the_result(space: SpaceType) -> None:
    matrix = RANDOM.standard_normal((70, 20_000)).astype(np.float32)
    whole = raw_values(space, matrix, matrix[0])
    assert whole[[0, 60]] == pytest.approx([0, raw_values(space, matrix[60:61], matrix[0])[0]], rel=1e-5)
