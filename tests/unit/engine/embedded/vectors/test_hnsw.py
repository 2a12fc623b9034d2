"""Graphs: as good as exact search, whatever the data type, the space, the filter or the number of copies."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors.exact import best, index_form, raw_values
from ragstone.engine.embedded.vectors.hnsw import GraphPart, hash_vectors
from ragstone.engine.embedded.vectors.segments import FlatPart
from ragstone.engine.embedded.vectors.spaces import SpaceType, VectorSpec
from ragstone.engine.embedded.vectors.store import flat_part

COUNT, DIMENSION = 2000, 32


def clustered(count: int, seed: int) -> NDArray[np.float32]:
    """Points around 40 centres that lie in twelve dimensions: as embeddings are, and unlike white noise."""
    shape, points = np.random.default_rng(0), np.random.default_rng(seed)
    basis, centres = shape.standard_normal((12, DIMENSION)), shape.standard_normal((40, 12))
    inner = centres[points.integers(0, 40, count)] + 0.5 * points.standard_normal((count, 12))
    return (inner @ basis + 0.2 * points.standard_normal((count, DIMENSION))).astype(np.float32)


def vectors_of(spec: VectorSpec, count: int, seed: int) -> NDArray[np.float32]:
    if spec.data_type == "binary":
        bits = clustered(count, seed) > 0
        return np.packbits(bits, axis=1).view(np.int8).astype(np.float32)
    vectors = clustered(count, seed)
    return np.clip(np.rint(vectors * 12), -128, 127).astype(np.float32) if spec.data_type == "byte" else vectors


def graph(spec: VectorSpec, matrix: NDArray[np.float32], base: GraphPart | None = None) -> GraphPart:
    first = 0 if base is None else len(base.rows)
    part = GraphPart.build(spec, base, flat(spec, matrix, first), lambda: False)
    assert part is not None
    return part


def flat(spec: VectorSpec, matrix: NDArray[np.float32], first: int = 0) -> FlatPart:
    count = len(matrix)
    rows, shards, lengths = np.arange(first, first + count), np.zeros(count, np.uint16), np.ones(count, np.float32)
    return flat_part(spec, rows, shards, lengths, index_form(spec, matrix))


def recall(part: GraphPart, spec: VectorSpec, matrix: NDArray[np.float32], allowed: NDArray[np.int64] | None) -> float:
    """Share of ten results that are as near as the ten nearest, over fifty queries, always ten of them."""
    stored = index_form(spec, matrix)
    hits = 0
    for query in vectors_of(spec, 50, seed=99):
        form = index_form(spec, query)
        among = None if allowed is None else part.select(allowed)
        positions, raw = part.nearest(form, 10, ef=None, among=among)
        assert allowed is None or np.isin(positions, allowed).all()
        assert len(np.unique(positions)) == 10
        exact = raw_values(spec.space, stored if allowed is None else stored[allowed], form)
        assert raw == pytest.approx(raw_values(spec.space, stored[positions], form), rel=1e-3, abs=1e-4)
        limit = exact[best(spec.space, exact, 10)[-1]]
        slack = 1e-4 * abs(limit)
        hits += int((raw >= limit - slack).sum() if spec.space.is_similarity else (raw <= limit + slack).sum())
    return hits / 500


SPECS = [
    VectorSpec(DIMENSION, SpaceType.L2),
    VectorSpec(DIMENSION, SpaceType.COSINESIMIL),
    VectorSpec(DIMENSION, SpaceType.INNERPRODUCT),
    VectorSpec(DIMENSION, SpaceType.L1),
    VectorSpec(DIMENSION, SpaceType.LINF),
    VectorSpec(DIMENSION, SpaceType.L2, "byte"),
    VectorSpec(DIMENSION, SpaceType.INNERPRODUCT, "byte"),
    VectorSpec(DIMENSION, SpaceType.COSINESIMIL, "byte"),
    VectorSpec(DIMENSION, SpaceType.HAMMING, "binary"),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.space}-{spec.data_type}")
def test_recall_is_above_0_99_with_and_without_a_filter_and_after_extending_and_reading_again(
    spec: VectorSpec, tmp_path: Path
) -> None:
    matrix = vectors_of(spec, COUNT, seed=1)
    first = graph(spec, matrix[:1500])
    first.write(tmp_path / "first")
    part = graph(spec, matrix[1500:], GraphPart.read(spec, first.keys, tmp_path / "first"))
    part.write(tmp_path / "second")
    part = GraphPart.read(spec, part.keys, tmp_path / "second")
    assert recall(part, spec, matrix, None) >= 0.99
    random = np.random.default_rng(3)
    for share in (0.9, 0.5, 0.1, 0.01):
        allowed = np.sort(random.choice(COUNT, int(COUNT * share), replace=False))
        assert recall(part, spec, matrix, allowed) >= 0.99
    everything = part.raw_values(index_form(spec, matrix[0]), None)
    some = part.raw_values(index_form(spec, matrix[0]), np.array([0, 5, 1999]))
    assert everything[[0, 5, 1999]] == pytest.approx(some)
    assert (part.vectors(np.array([7, 1600])) == index_form(spec, matrix[[7, 1600]])).all()


def test_a_filter_that_avoids_the_neighbourhood_of_the_query_is_searched_well() -> None:
    spec = VectorSpec(DIMENSION, SpaceType.COSINESIMIL)
    matrix = vectors_of(spec, 8000, seed=1)
    part = graph(spec, matrix)
    stored = index_form(spec, matrix)
    far_first = np.argsort(stored @ stored[5])
    for share in (0.5, 0.2, 0.05):
        assert recall(part, spec, matrix, np.sort(far_first[: int(8000 * share)])) >= 0.99


@pytest.mark.parametrize("space", [SpaceType.L2, SpaceType.COSINESIMIL])
def test_many_copies_of_few_vectors_are_found_as_well_as_single_ones(space: SpaceType) -> None:
    spec = VectorSpec(DIMENSION, space)
    distinct = vectors_of(spec, 1500, seed=1)
    matrix = distinct[np.random.default_rng(2).integers(0, 1500, 15_000)]
    part = graph(spec, matrix)
    assert len(part.keys.hashes) <= 1500
    assert recall(part, spec, matrix, None) >= 0.99
    third = part.select(np.arange(0, 15_000, 3))
    positions, raw = part.nearest(index_form(spec, distinct[0]), 40, ef=None, among=third)
    assert len(positions) == 40
    assert not (positions % 3).any()
    assert (np.diff(raw) >= 0).all() if space is SpaceType.L2 else (np.diff(raw) <= 0).all()


def test_copies_are_recognised_across_an_extension(tmp_path: Path) -> None:
    spec = VectorSpec(DIMENSION)
    matrix = vectors_of(spec, 300, seed=1)
    base = graph(spec, matrix)
    base.write(tmp_path / "base")
    part = graph(spec, np.concatenate((matrix[:50], -matrix[:1])), GraphPart.read(spec, base.keys, tmp_path / "base"))
    assert len(part.keys.hashes) == 301
    positions, _ = part.nearest(matrix[3], 2, ef=None, among=None)
    assert positions.tolist() == [3, 303]


def test_vectors_whose_hashes_collide_keep_nodes_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        "ragstone.engine.embedded.vectors.hnsw.hash_vectors", lambda matrix: np.ones(len(matrix), np.uint64)
    )
    spec = VectorSpec(2)
    matrix = np.array([[0, 1], [0, 1], [2, 3], [4, 5], [2, 3]], np.float32)
    base = graph(spec, matrix)
    base.write(tmp_path / "base")
    part = graph(spec, matrix[2:4], GraphPart.read(spec, base.keys, tmp_path / "base"))
    assert (part.vectors(np.arange(7)) == np.concatenate((matrix, matrix[2:4]))).all()


def test_equal_rows_have_equal_hashes_and_different_ones_do_not() -> None:
    matrix = np.random.default_rng(0).integers(0, 3, (5000, 7), np.uint8)
    hashes = hash_vectors(matrix)
    assert len(np.unique(hashes)) == len(np.unique(matrix, axis=0))
    single = np.eye(9, dtype=np.float32)
    assert len(np.unique(hash_vectors(single))) == 9


def test_a_stopped_build_gives_nothing() -> None:
    spec = VectorSpec(DIMENSION)
    assert GraphPart.build(spec, None, flat(spec, vectors_of(spec, 10, 1)), lambda: True) is None
