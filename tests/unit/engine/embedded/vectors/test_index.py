"""What is added, deleted, published and searched; what is persisted and what a damaged file costs."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragstone.engine.embedded.vectors import index as index_module
from ragstone.engine.embedded.vectors.index import VectorIndex
from ragstone.engine.embedded.vectors.reader import VectorReader

MakeIndex = Callable[..., VectorIndex]


def floats(*numbers: float) -> NDArray[np.float32]:
    return np.array(numbers, np.float32)


def filled(vectors: VectorIndex, count: int, width: int = 8, seed: int = 0, first: int = 0) -> NDArray[np.float32]:
    matrix = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    for row, vector in enumerate(matrix):
        vectors.add(first + row, vector)
    return matrix


def built(vectors: VectorIndex) -> VectorReader:
    """A reader after every build that was due is done."""
    reader = vectors.publish()
    while not vectors.is_settled:
        assert vectors.wait_for_build(30)
        reader = vectors.publish()
    return reader


# ── searching ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_sees_what_was_there_when_it_was_published(index: MakeIndex) -> None:
    vectors = index(dimension=2)
    vectors.add(1, floats(0, 0))
    first = vectors.publish()
    vectors.add(2, floats(0, 1))
    vectors.delete(1)
    second = vectors.publish()
    vectors.delete(2)
    assert first.search(floats(0, 0), 5)[0].tolist() == [1]
    assert second.search(floats(0, 0), 5)[0].tolist() == [2]
    assert (first.count, second.count, vectors.publish().count) == (1, 1, 0)


def test_exactly_k_come_back_and_ties_are_ordered_by_row(index: MakeIndex) -> None:
    vectors = index(dimension=2)
    for row in (4, 7, 9, 12):
        vectors.add(row, floats(1, 0))
    reader = vectors.publish()
    assert reader.search(floats(1, 0), 2)[0].tolist() == [4, 7]
    assert reader.search(floats(1, 0), 10)[0].tolist() == [4, 7, 9, 12]


def test_the_sizes_of_graphs_are_known_and_flat_vectors_are_no_graph(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    filled(vectors, 10)
    assert vectors.publish().graphs == []
    vectors.graph_from = 50
    filled(vectors, 90, first=10)
    reader = built(vectors)
    (size,) = reader.graphs
    assert 100 * 8 * 4 < size < 100 * 8 * 4 + 100 * 4 * 64
    assert vectors.built > 0
    reader.touch()


def test_a_row_that_comes_again_changes_nothing(index: MakeIndex) -> None:
    vectors = index(dimension=1)
    vectors.add(5, floats(1))
    vectors.add(5, floats(2))
    vectors.delete(99)
    assert vectors.publish().search(floats(2), 5)[1].tolist() == [0.5]


def test_a_filter_narrows_before_the_k_are_chosen(index: MakeIndex) -> None:
    vectors = index(dimension=1)
    for row in range(0, 40, 2):
        vectors.add(row, floats(row))
    vectors.delete(10)
    reader = vectors.publish()
    rows, _ = reader.search(floats(9), 2, allowed=np.array([1, 2, 10, 11, 14, 30, 77]))
    assert rows.tolist() == [14, 2]
    assert reader.search(floats(9), 2, allowed=np.array([1, 10]))[0].tolist() == []


def test_radial_search_keeps_what_lies_on_the_limit(index: MakeIndex) -> None:
    vectors = index(dimension=3)
    for row, vector in enumerate(([1, 2, 3], [2, 2, 3], [4, 6, 3]), 1):
        vectors.add(row, floats(*vector))
    reader = vectors.publish()
    query = floats(1, 2, 3)
    assert reader.search_radial(query, max_distance=1)[0].tolist() == [1, 2]
    assert reader.search_radial(query, min_score=0.5)[0].tolist() == [1, 2]
    assert reader.search_radial(query, max_distance=0)[0].tolist() == [1]
    assert reader.search_radial(query, min_score=0.01, allowed=np.array([1, 3]))[0].tolist() == [1, 3]
    assert reader.search_radial(query, min_score=0.01, limit=2)[0].tolist() == [1, 2]


def test_k_counts_for_each_shard(index: MakeIndex) -> None:
    vectors = index(dimension=2, shards=5)
    for row, shard in enumerate((4, 3, 0, 1, 0, 3), 1):
        vectors.add(row, floats(row, 0), shard)
    reader = vectors.publish()
    assert reader.search(floats(0, 0), 1)[0].tolist() == [1, 2, 3, 4]
    assert reader.search(floats(0, 0), 5)[0].tolist() == [1, 2, 3, 4, 5, 6]


def test_k_counts_for_each_shard_where_one_shard_has_all_the_best(index: MakeIndex) -> None:
    vectors = index(dimension=1, shards=2)
    for row in range(400):
        vectors.add(row, floats(row), 0 if row < 300 else 1)
    rows, scores = vectors.publish().search(floats(0), 3)
    assert rows.tolist() == [0, 1, 2, 300, 301, 302]
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_ties_are_ordered_by_shard_first(index: MakeIndex) -> None:
    vectors = index(dimension=1, shards=3)
    for row, shard in enumerate((2, 0, 1, 0)):
        vectors.add(row, floats(1), shard)
    assert vectors.publish().search(floats(1), 5)[0].tolist() == [1, 3, 2, 0]


def test_vectors_of_rows_can_be_read(index: MakeIndex) -> None:
    vectors = index(dimension=16, data_type="binary", space_type="hamming")
    vectors.add(3, floats(-128, 127))
    vectors.add(8, floats(0, 1))
    reader = vectors.publish()
    found, matrix = reader.vectors(np.array([1, 3, 8, 9]))
    assert found.tolist() == [3, 8]
    assert matrix.tolist() == [[-128, 127], [0, 1]]
    assert reader.vector(9) is None


@pytest.mark.parametrize("graph_from", [2, 1000])
def test_vectors_of_a_cosine_field_come_back_as_long_as_they_were(index: MakeIndex, graph_from: int) -> None:
    vectors = index(dimension=2, space_type="cosinesimil")
    vectors.graph_from = graph_from
    vectors.add(1, floats(3, 4))
    vectors.add(2, floats(30, 40))
    built(vectors)
    vectors.close()
    _, matrix = index(dimension=2, space_type="cosinesimil").publish().vectors(np.array([1, 2]))
    assert matrix == pytest.approx(np.array([[3, 4], [30, 40]]))


def test_a_flat_field_keeps_its_vectors_as_they_are_and_never_builds_a_graph(index: MakeIndex) -> None:
    vectors = index(dimension=2, space_type="cosinesimil", knn=False)
    filled(vectors, 2000, 2)
    vectors.add(5000, floats(0, 0))
    reader = vectors.publish()
    assert vectors.is_settled
    zero = reader.vector(5000)
    assert zero is not None
    assert zero.tolist() == [0, 0]


# ── graphs ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_graph_takes_the_place_of_many_flat_vectors_without_changing_the_answer(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    vectors.graph_from = 200
    matrix = filled(vectors, 500)
    before, after = vectors.publish(), built(vectors)
    vectors.delete(17)
    last = vectors.publish()
    assert after.count == 500
    assert last.count == 499
    query = matrix[17]
    assert after.search(query, 5)[0].tolist() == before.search(query, 5)[0].tolist()
    assert last.search(query, 4)[0].tolist() == before.search(query, 5)[0].tolist()[1:]
    assert [part.name for part in sorted(_files(vectors))] != []


def test_deletes_during_a_build_hold_in_its_result(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    vectors.graph_from = 300
    matrix = filled(vectors, 300)
    vectors.delete(5)
    reader = built(vectors)
    assert reader.count == 299
    assert reader.search(matrix[5], 1)[0].tolist() != [5]


def test_small_graphs_are_taken_into_larger_ones(index: MakeIndex) -> None:
    vectors = index(dimension=4)
    vectors.graph_from = 50
    for batch in range(12):
        filled(vectors, 50, 4, seed=batch, first=50 * batch)
        reader = built(vectors)
    assert reader.count == 600
    assert len([path for path in _files(vectors) if path.suffix == ".graph"]) <= 3


def test_a_long_load_is_built_piece_by_piece(index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_LARGEST_BUILD", 100)
    vectors = index(dimension=4)
    vectors.graph_from = 10_000
    matrix = filled(vectors, 730, 4)
    vectors.graph_from = 100
    reader = built(vectors)
    assert reader.count == 730
    assert [reader.search(vector, 1)[0][0] for vector in matrix[::50]] == list(range(0, 730, 50))


def test_a_graph_of_mostly_dead_vectors_is_built_anew(index: MakeIndex) -> None:
    vectors = index(dimension=4)
    vectors.graph_from = 100
    filled(vectors, 100, 4)
    built(vectors)
    for row in range(60):
        vectors.delete(row)
    filled(vectors, 100, 4, seed=1, first=100)
    reader = built(vectors)
    assert reader.count == 140
    vectors.close()
    again = index(dimension=4).publish()
    assert again.count == 140


def test_a_failed_build_leaves_everything_searchable(index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    vectors = index(dimension=4)
    vectors.graph_from = 50
    with monkeypatch.context() as patched:
        patched.setattr("ragstone.engine.embedded.vectors.store.Store.write_graph", fail)
        filled(vectors, 60, 4)
        assert built(vectors).count == 60
    filled(vectors, 100, 4, seed=1, first=60)
    assert built(vectors).count == 160
    assert any(path.suffix == ".graph" for path in _files(vectors))


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _files(vectors: VectorIndex) -> list[Path]:
    return list(vectors._store._directory.iterdir())


def test_an_index_that_is_opened_again_has_what_it_was_closed_with(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    vectors.graph_from = 200
    matrix = filled(vectors, 250)
    built(vectors)
    filled(vectors, 20, seed=1, first=250)
    vectors.close()
    again = index(dimension=8, live=lambda rows: rows != 7)
    assert again.covered_row == 269
    reader = again.publish()
    assert reader.count == 269
    assert reader.search(matrix[7], 1)[0].tolist() != [7]
    assert reader.search(matrix[8], 1)[0].tolist() == [8]
    assert reader.search(matrix[8], 1)[1][0] == 1.0


def test_without_a_flush_the_log_has_to_give_again_what_is_in_no_graph(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    vectors.graph_from = 100
    filled(vectors, 100)
    built(vectors)
    filled(vectors, 30, seed=1, first=100)
    assert vectors.covered_row == 99
    vectors.flush()
    assert vectors.covered_row == 129
    vectors.flush(through=500)
    assert vectors.covered_row == 500
    assert index(dimension=8).publish().count == 130


def test_rows_without_vectors_are_covered_without_writing_the_vectors_again(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    filled(vectors, 30)
    vectors.flush()
    (before,) = (path for path in _files(vectors) if path.name.endswith(".flat.npz"))
    vectors.flush(through=500)
    assert before in _files(vectors)
    again = index(dimension=8)
    assert (again.covered_row, again.publish().count) == (500, 30)


def test_a_small_index_does_not_load_faiss(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.vectors.index import VectorIndex
mappings = {"properties": {"v": {"type": "knn_vector", "dimension": 2}}}
field = Mapper.parse(mappings, IndexSettings({"index.knn": "true"})).field("v")
index = VectorIndex.open(Path(sys.argv[1]), field, lambda rows: rows >= 0)
index.add(1, np.ones(2, np.float32))
assert index.publish().search(np.ones(2, np.float32), 1)[0].tolist() == [1]
index.close()
assert "faiss" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)


def test_rows_up_to_the_covered_one_are_not_taken_again(index: MakeIndex) -> None:
    vectors = index(dimension=1)
    vectors.add(5, floats(1))
    vectors.close(through=10)
    again = index(dimension=1)
    again.add(5, floats(3))
    again.add(11, floats(4))
    assert again.publish().search(floats(4), 5)[0].tolist() == [11, 5]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
@pytest.mark.parametrize("suffix", [".graph", ".keys.npz", ".flat.npz", "manifest.json"])
def test_damaged_files_are_dropped_and_covered_row_says_so(index: MakeIndex, suffix: str, damage: str) -> None:
    vectors = index(dimension=8)
    vectors.graph_from = 200
    filled(vectors, 200)
    built(vectors)
    filled(vectors, 50, seed=1, first=200)
    vectors.close()
    (path,) = (path for path in _files(vectors) if path.name.endswith(suffix))
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    again = index(dimension=8)
    assert again.covered_row == (199 if suffix == ".flat.npz" else -1)
    assert again.publish().count == again.covered_row + 1
    filled(again, 200)
    filled(again, 50, seed=1, first=200)
    assert again.publish().count == 250


def test_what_can_not_be_written_is_left_to_the_log(index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    vectors = index(dimension=8)
    filled(vectors, 30)
    monkeypatch.setattr("ragstone.engine.embedded.vectors.store.Store.write_flat", fail)
    vectors.flush()
    vectors.close()
    vectors.close()
    assert vectors.covered_row == -1


def test_files_for_another_dimension_are_dropped(index: MakeIndex) -> None:
    vectors = index(dimension=2)
    vectors.add(1, floats(1, 2))
    vectors.close()
    assert index(dimension=3).publish().count == 0


def test_closing_gives_up_a_build_and_keeps_its_vectors(index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragstone.engine.embedded.vectors.hnsw._CHUNK_WORK", 1)
    vectors = index(dimension=64)
    vectors.graph_from = 4000
    matrix = filled(vectors, 4000, 64)
    reader = vectors.publish()
    assert not vectors.is_settled
    vectors.close()
    assert reader.search(matrix[3], 1)[0].tolist() == [3]
    assert not any(path.suffix == ".graph" for path in _files(vectors))
    again = index(dimension=64).publish()
    assert again.count == 4000
    assert again.search(matrix[3], 1)[0].tolist() == [3]


def test_a_build_that_outlives_its_index_writes_nothing(index: MakeIndex) -> None:
    vectors = index(dimension=8)
    vectors.graph_from = 200
    filled(vectors, 200)
    vectors._store.close()
    reader = built(vectors)
    assert reader.count == 200
    assert not any(path.suffix in (".graph", ".tmp") for path in _files(vectors))


def test_threads_search_while_the_writer_adds_builds_and_publishes(index: MakeIndex) -> None:
    vectors = index(dimension=16)
    vectors.graph_from = 150
    matrix = filled(vectors, 150, 16)
    readers = [vectors.publish()]
    stop, failures = threading.Event(), list[str]()

    def search() -> None:
        while not stop.is_set():
            reader = readers[-1]
            rows, scores = reader.search(matrix[3], 5)
            if rows[0] != 3 or len(rows) != 5 or (np.diff(scores) > 0).any():
                failures.append(f"{rows} {scores}")

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for batch in range(1, 8):
        filled(vectors, 150, 16, seed=batch, first=150 * batch)
        vectors.delete(150 * batch + 5)
        readers.append(built(vectors))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert readers[-1].count == 8 * 150 - 7
