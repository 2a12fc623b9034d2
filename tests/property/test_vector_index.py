"""A VectorIndex against a list: whatever is written, deleted, built, closed and opened again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from numpy.typing import NDArray

from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.parameter import MappingContext
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.vectors.exact import index_form, raw_values
from ragstone.engine.embedded.vectors.index import VectorIndex
from ragstone.engine.embedded.vectors.reader import VectorReader
from ragstone.engine.embedded.vectors.spaces import score

DIMENSION = 8
KINDS = [
    {"space_type": "l2"},
    {"space_type": "cosinesimil"},
    {"space_type": "innerproduct"},
    {"space_type": "l2", "data_type": "byte"},
    {"space_type": "hamming", "data_type": "binary"},
]
small = st.integers(-3, 3)


class VectorIndexMachine(RuleBasedStateMachine):
    """`rows` is the truth, as the log would hold it: row → (shard, vector, live)."""

    def __init__(self) -> None:
        super().__init__()
        self._scratch = tempfile.TemporaryDirectory()
        self.rows: dict[int, tuple[int, NDArray[np.float32]]] = {}
        self.dead: set[int] = set()
        self.next_row = 1

    @initialize(kind=st.sampled_from(KINDS), shards=st.sampled_from([1, 1, 3]))
    def open_first(self, kind: dict[str, str], shards: int) -> None:
        context = MappingContext(
            IndexSettings({"index.knn": "true", "index.number_of_shards": str(shards)}), Analyzers({})
        )
        self.field = KnnVectorField.from_mapping("v", {"type": "knn_vector", "dimension": DIMENSION, **kind}, context)
        self.shards = shards
        self.open()

    def open(self) -> None:
        """As recovery does: open, then replay every live row above the covered one."""
        self.index = VectorIndex.open(
            Path(self._scratch.name) / "v", self.field, lambda rows: ~np.isin(rows, list(self.dead))
        )
        self.index.graph_from = 20
        for row, (shard, vector) in self.rows.items():
            if row > self.index.covered_row and row not in self.dead:
                self.index.add(row, vector, shard)
        self.reader = self.index.publish()
        self.seen = self.live()

    def live(self) -> list[int]:
        return [row for row in self.rows if row not in self.dead]

    @rule(seed=st.integers(0, 2**16), count=st.integers(1, 40), gap=st.integers(1, 3))
    def add(self, seed: int, count: int, gap: int) -> None:
        """Small whole numbers, so that there are copies and ties; some rows have no vector."""
        random = np.random.default_rng(seed)
        for _ in range(count):
            vector = random.integers(-3, 4, self.field.spec.width).astype(np.float32)
            if not vector.any():
                vector[0] = 1
            shard = int(random.integers(self.shards))
            self.index.add(self.next_row, vector, shard)
            self.rows[self.next_row] = shard, vector
            self.next_row += gap

    @precondition(lambda self: self.rows)
    @rule(choice=st.integers(0, 2**16))
    def delete(self, choice: int) -> None:
        row = list(self.rows)[choice % len(self.rows)]
        self.index.delete(row)
        self.dead.add(row)

    @precondition(lambda self: self.rows)
    @rule(choice=st.integers(0, 2**16), many=st.integers(5, 30))
    def delete_many(self, choice: int, many: int) -> None:
        rows = list(self.rows)
        for row in rows[choice % len(rows) :][:many]:
            self.index.delete(row)
            self.dead.add(row)

    @rule()
    def publish(self) -> None:
        self.reader, self.seen = self.index.publish(), self.live()

    @rule()
    def finish_build(self) -> None:
        assert self.index.wait_for_build(30)
        self.publish()

    @rule()
    def flush(self) -> None:
        self.index.flush(self.next_row - 1)

    @rule()
    def close_and_open(self) -> None:
        self.index.close(self.next_row - 1)
        assert self.index.covered_row == self.next_row - 1
        self.open()

    @rule()
    def crash_and_open(self) -> None:
        """Nothing is flushed; a build that still runs must not disturb the successor."""
        self.index._store.close()
        self.open()

    @invariant()
    def reader_is_as_the_list(self) -> None:
        if hasattr(self, "reader"):
            assert self.reader.count == len(self.seen)

    @rule(query=st.lists(small, min_size=DIMENSION, max_size=DIMENSION).filter(any), k=st.integers(1, 15))
    def search(self, query: list[int], k: int) -> None:
        self._compare(np.array(query[: self.field.spec.width], np.float32) + 0.0, k, None)

    @rule(
        query=st.lists(small, min_size=DIMENSION, max_size=DIMENSION).filter(any),
        k=st.integers(1, 15),
        step=st.integers(1, 7),
    )
    def search_filtered(self, query: list[int], k: int, step: int) -> None:
        allowed = np.arange(0, self.next_row + 5, step, dtype=np.int64)
        self._compare(np.array(query[: self.field.spec.width], np.float32), k, allowed)

    @rule(query=st.lists(small, min_size=DIMENSION, max_size=DIMENSION).filter(any), limit=st.integers(1, 9))
    def search_radial(self, query: list[int], limit: int) -> None:
        vector = self._query(query)
        rows, scores = self.reader.search_radial(vector, min_score=limit / 10)
        expected = {row: value for row, value in self._scores(vector, None).items() if value >= limit / 10 + 1e-6}
        assert set(expected) <= set(rows.tolist())
        assert (scores >= np.float32(limit / 10)).all()
        assert (np.diff(scores) <= 0).all()

    def _query(self, query: list[int]) -> NDArray[np.float32]:
        vector = np.array(query[: self.field.spec.width], np.float32)
        if not vector.any():
            vector[0] = 1
        return vector

    def _scores(self, query: NDArray[np.float32], allowed: NDArray[np.int64] | None) -> dict[int, float]:
        spec = self.field.spec
        form = index_form(spec, query)
        passing = [row for row in self.seen if allowed is None or row in allowed]
        if not passing:
            return {}
        matrix = np.stack([index_form(spec, self.rows[row][1]) for row in passing])
        return dict(zip(passing, score(spec.space, raw_values(spec.space, matrix, form)).tolist(), strict=True))

    def _compare(self, query: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None) -> None:
        """Graphs of a few hundred nodes are searched whole, so everything is exact but the order of near ties."""
        query = self._query(query.tolist())
        rows, scores = self.reader.search(query, k, allowed=allowed)
        truth = self._scores(query, allowed)
        expected: list[float] = []
        for shard in range(self.shards):
            of_shard = [value for row, value in truth.items() if self.rows[row][0] == shard]
            expected += sorted(of_shard, reverse=True)[:k]
        assert len(set(rows.tolist())) == len(rows)
        assert np.allclose(scores, sorted(expected, reverse=True), rtol=1e-5, atol=1e-6)
        assert np.allclose(scores, [truth[row] for row in rows.tolist()], rtol=1e-5, atol=1e-6)
        found, vectors = self.reader.vectors(np.sort(rows))
        assert found.tolist() == sorted(rows.tolist())
        assert len(vectors) == len(rows)

    def teardown(self) -> None:
        if hasattr(self, "index"):
            self.index.close()
            assert isinstance(self.reader, VectorReader)
            if self.seen:
                assert len(self.reader.search(np.ones(self.field.spec.width, np.float32), 1)[0]) >= 1
        self._scratch.cleanup()


VectorIndexMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVectorIndex = VectorIndexMachine.TestCase
