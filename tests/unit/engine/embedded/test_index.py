from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.errors import MapperParsingException, OpenSearchException, VersionConflictEngineException
from ragstone.core.ids import IdGenerator
from ragstone.engine.embedded import derived
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.indices import LOG_FILE, IndexFolders
from ragstone.engine.embedded.sqlite import StorageDamaged
from ragstone.engine.values import IndexMetadata, WriteOperation, WriteOutcome, WriteResult
from ragstone.testing.clock import ManualClock


class Home:
    """One index on disk that can be closed, crashed and opened again."""

    def __init__(self, data: Path, mappings: dict[str, Any] | None = None) -> None:
        self.data = data
        self.state = ClusterState.open(data / "cluster.sqlite", IdGenerator(seed=1))
        self.folders = IndexFolders(data, self.state.cluster_uuid)
        self.folder = self.folders.create("uuid")
        self.settings: dict[str, Any] = {"index.knn": "true"}
        self.state.add_index(IndexMetadata("i", "uuid", self.settings, mappings or {}, {}, 0))
        self.index = self.open()

    def open(self) -> Index:
        self.index = Index(self.folder, "i", self.state, SystemClock())
        return self.index

    def crash(self) -> Index:
        """As a kill leaves it: nothing is flushed."""
        self.index.abandon()
        return self.open()

    def close(self) -> None:
        self.index.close()
        self.state.close()

    def restart(self) -> Index:
        self.index.close()
        return self.open()

    def write(self, *operations: WriteOperation) -> list[WriteOutcome]:
        told: list[list[WriteOutcome]] = []
        self.index.write([operations], told.extend)
        return told[0]

    def put(self, **documents: dict[str, Any]) -> None:
        for outcome in self.write(*(index(id, source) for id, source in documents.items())):
            assert isinstance(outcome, WriteResult), outcome


def index(id: str, source: Any = None, **options: Any) -> WriteOperation:
    return WriteOperation("index", id, json.encode({} if source is None else source), **options)


def delete(id: str, **options: Any) -> WriteOperation:
    return WriteOperation("delete", id, **options)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.close()


def found(subject: Index) -> dict[str, Any]:
    """Every document a search would find, with its source."""
    snapshot = subject.snapshot
    rows = snapshot.text.matching_rows(snapshot.text.everything())
    return {stored.id: json.decode(stored.source or b"null") for stored in snapshot.rows([int(row) for row in rows])}


def told(outcomes: Sequence[WriteOutcome]) -> list[Any]:
    return [
        (outcome.result, outcome.version, outcome.seq_no) if isinstance(outcome, WriteResult) else type(outcome)
        for outcome in outcomes
    ]


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_operation_that_happens_gets_the_next_sequence_number(home: Home) -> None:
    outcomes = home.write(index("a"), index("a"), delete("a"), delete("a"), delete("never"), index("a"))
    assert told(outcomes) == [
        ("created", 1, 0),
        ("updated", 2, 1),
        ("deleted", 3, 2),
        ("not_found", 4, 3),
        ("not_found", 1, 4),
        ("created", 5, 5),
    ]


def test_a_failed_operation_leaves_no_trace_and_stops_no_other(home: Home) -> None:
    home.put(a={"n": 1})
    outcomes = home.write(
        index("b", {"n": "word", "new": 1}),
        WriteOperation("create", "a", b'{"other": 1}'),
        WriteOperation("index", "c", b"{"),
        index("d", {"n": 2}),
    )
    assert told(outcomes) == [
        MapperParsingException,
        VersionConflictEngineException,
        MapperParsingException,
        ("created", 1, 1),
    ]
    assert list(home.index.metadata.mappings["properties"]) == ["n"]
    assert home.index.get("b", realtime=True).found is False
    home.index.refresh()
    assert found(home.index) == {"a": {"n": 1}, "d": {"n": 2}}


def test_the_mapping_that_documents_need_is_stored_with_them(home: Home) -> None:
    home.put(a={"title": "x", "n": 1})
    assert home.state.metadata.indices["i"].mappings["properties"]["n"] == {"type": "long"}
    home.crash()
    assert home.index.metadata.mappings["properties"]["n"] == {"type": "long"}


def test_calls_that_share_a_commit_see_each_other_in_order(home: Home) -> None:
    told_: list[list[WriteOutcome]] = []
    create = WriteOperation("create", "a", b"{}")
    home.index.write([[create], [create], [index("a", if_seq_no=0, if_primary_term=1)]], told_.extend)
    assert [told(outcomes) for outcomes in told_] == [
        [("created", 1, 0)],
        [VersionConflictEngineException],
        [("updated", 2, 1)],
    ]


def test_nothing_is_acknowledged_when_the_disk_refuses(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put(a={"n": 1})
    home.index._log._writer.execute("PRAGMA query_only=ON")
    outcomes = home.write(index("b", {"n": 2}), index("c", {"n": "word"}))
    assert isinstance(outcomes[0], OpenSearchException)
    assert outcomes[0].status == 500
    assert isinstance(outcomes[1], MapperParsingException)
    home.index._log._writer.execute("PRAGMA query_only=OFF")
    assert told(home.write(index("b", {"n": 2}))) == [("created", 1, 1)]


def test_a_defect_in_reading_one_document_does_not_fail_those_beside_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapper = type(home.index._mapper)
    parse = mapper.parse_document

    def faulty(self: Any, id: str, source: bytes) -> Any:
        if id == "bad":
            raise KeyError("a bug")
        return parse(self, id, source)

    monkeypatch.setattr(mapper, "parse_document", faulty)
    outcomes = home.write(index("a"), index("bad"), index("b"))
    assert told(outcomes) == [("created", 1, 0), OpenSearchException, ("created", 1, 1)]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_get_is_real_time_and_search_sees_the_last_refresh(home: Home) -> None:
    home.put(a={"n": 1})
    home.index.refresh()
    home.put(a={"n": 2}, b={"n": 3})
    assert home.index.get("a", realtime=True).source == b'{"n":2}'
    assert home.index.get("a", realtime=False).source == b'{"n":1}'
    assert home.index.get("b", realtime=False).found is False
    assert found(home.index) == {"a": {"n": 1}}
    home.index.refresh()
    assert found(home.index) == {"a": {"n": 2}, "b": {"n": 3}}


def test_a_snapshot_keeps_its_documents_while_it_is_held(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put(a={"n": 1}, b={"n": 1})
    home.index.refresh()
    held = home.index.snapshot
    home.put(a={"n": 2})
    home.write(delete("b"))
    home.index.refresh()
    home.index.purge()
    assert [stored.source for stored in held.rows([1, 2])] == [b'{"n":1}', b'{"n":1}']
    assert held.row_of("b") == 2
    del held
    assert home.index.purge() == 2
    with pytest.raises(KeyError):
        home.index.snapshot.rows([1])


def test_deletes_are_forgotten_after_gc_deletes(tmp_path: Path) -> None:
    clock = ManualClock()
    home = Home(tmp_path)
    home.index.close()
    subject = Index(home.folder, "i", home.state, clock)
    home.index = subject
    home.write(delete("gone"), index("a"))
    subject.refresh()
    assert subject.purge() == 0
    clock.time = 30.0
    assert subject.purge() == 0
    assert told(home.write(delete("gone"))) == [("not_found", 2, 2)]
    home.write(index("b"))
    subject.refresh()
    clock.time = 200.0
    assert subject.purge() == 1
    clock.time = 400.0
    assert subject.purge() == 1
    assert told(home.write(delete("gone"))) == [("not_found", 1, 4)]
    home.close()


def test_a_new_field_is_known_to_searches_before_the_refresh(home: Home) -> None:
    home.put(a={"n": 1})
    assert home.index.snapshot.mapper.field("n") is not None
    home.index.put_mapping({"properties": {"m": {"type": "keyword"}}})
    assert home.index.snapshot.mapper.field("m") is not None
    assert home.index.snapshot.metadata.mappings == home.index.metadata.mappings


def test_a_mapping_may_keep_only_parts_of_the_source(tmp_path: Path) -> None:
    home = Home(tmp_path, {"_source": {"excludes": ["secret.*"]}})
    home.put(a={"n": 1, "secret": {"key": "x"}})
    home.index.refresh()
    assert home.index.get("a", realtime=True).source == b'{"n":1,"secret":{}}'
    assert found(home.index) == {"a": {"n": 1, "secret": {}}}
    home.index.abandon()
    shutil.rmtree(home.folder / "text")
    home.open()
    assert home.index.snapshot.text.documents == 1
    assert home.index.snapshot.log.rows([1])[0].source == b'{"n":1,"secret":{"key":"x"}}'
    home.close()


def test_a_mapping_may_keep_no_source_at_all(tmp_path: Path) -> None:
    home = Home(tmp_path, {"_source": {"enabled": False}})
    home.put(a={"n": 1})
    home.index.refresh()
    got = home.index.get("a", realtime=True)
    assert (got.found, got.source) == (True, None)
    assert home.index.snapshot.rows([1])[0].source is None
    home.close()


# ── coming back ──────────────────────────────────────────────────────────────────────────────────────────────────────

VECTORS = {"properties": {"v": {"type": "knn_vector", "dimension": 2, "space_type": "l2"}}}


def expect_found(subject: Index, documents: dict[str, Any]) -> None:
    assert found(subject) == documents
    with_vector = {id for id, source in documents.items() if "v" in source}
    reader = subject.snapshot.vectors["v"]
    assert reader.count == len(with_vector)
    assert subject.stats().documents == len(documents)


@pytest.fixture
def filled(home: Home) -> Home:
    """Refreshed, unrefreshed, updated and deleted documents, with vectors."""
    home.index.put_mapping(VECTORS)
    home.put(**{f"d{n}": {"n": n, "v": [n, 1]} for n in range(20)})
    home.index.refresh()
    home.put(d1={"n": 100, "v": [0, 0]}, d2={"n": 101}, new={"word": "fresh", "v": [5, 5]})
    home.write(delete("d3"))
    return home


def expected() -> dict[str, Any]:
    documents: dict[str, Any] = {f"d{n}": {"n": n, "v": [n, 1]} for n in range(20)}
    documents |= {"d1": {"n": 100, "v": [0, 0]}, "d2": {"n": 101}, "new": {"word": "fresh", "v": [5, 5]}}
    del documents["d3"]
    return documents


def test_everything_acknowledged_is_found_after_a_crash(filled: Home) -> None:
    expect_found(filled.crash(), expected())


def test_everything_is_found_after_a_proper_end_without_a_replay(filled: Home) -> None:
    subject = filled.restart()
    expect_found(subject, expected())
    assert subject._log.checkpoint == subject.max_row


def test_a_crash_between_commit_and_checkpoint_replays_harmlessly(filled: Home) -> None:
    checkpoint = filled.index._log.checkpoint
    filled.index.refresh()
    filled.index._log.record_checkpoint(checkpoint)
    filled.put(d1={"n": 102, "v": [9, 9]})
    subject = filled.crash()
    expect_found(subject, expected() | {"d1": {"n": 102, "v": [9, 9]}})


def wipe(folder: Path) -> None:
    shutil.rmtree(folder)


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def truncate_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scramble_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff" * path.stat().st_size)


def remove_every_second(folder: Path) -> None:
    for path in sorted(p for p in folder.rglob("*") if p.is_file())[::2]:
        path.unlink()


@pytest.mark.parametrize("damage", [wipe, empty, truncate_all, scramble_all, remove_every_second])
@pytest.mark.parametrize("part", ["text", "text/1", "vectors"])
def test_missing_or_damaged_derived_files_are_rebuilt(filled: Home, part: str, damage: Callable[[Path], None]) -> None:
    filled.index.flush()
    filled.index.abandon()
    if (filled.folder / part).exists():
        damage(filled.folder / part)
    expect_found(filled.open(), expected())
    filled.put(after={"n": 7, "v": [1, 1]})
    filled.index.refresh()
    expect_found(filled.index, expected() | {"after": {"n": 7, "v": [1, 1]}})
    expect_found(filled.restart(), expected() | {"after": {"n": 7, "v": [1, 1]}})


def test_more_fields_than_the_text_index_has_room_for_make_a_new_generation(home: Home) -> None:
    home.put(first={"a": 1})
    home.index.refresh()
    generation = home.index._log.generation
    home.put(**{f"d{n}": {f"f{n}": n} for n in range(60)})
    home.index.refresh()
    assert home.index._log.generation > generation
    assert len(found(home.index)) == 61
    assert len(list((home.folder / "text").iterdir())) == 1
    assert len(found(home.crash())) == 61


def test_documents_that_no_longer_fit_the_mapping_survive_a_rebuild(home: Home) -> None:
    home.index.put_mapping({"dynamic": "false", "properties": {"n": {"type": "long"}}})
    home.put(a={"n": 1, "later": "word", "never": 5})
    home.index.put_mapping({"dynamic": "strict", "properties": {"later": {"type": "long"}}})
    home.index.abandon()
    shutil.rmtree(home.folder / "text")
    home.open()
    assert found(home.index) == {"a": {"n": 1, "later": "word", "never": 5}}
    assert set(home.index.metadata.mappings["properties"]) == {"n", "later"}


def test_vectors_are_persisted_before_a_crash_would_cost_a_long_replay(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "_FLUSH_ROWS", 50)
    home.index.put_mapping(VECTORS)
    needs: list[bool] = []
    home.put(**{f"d{n}": {"v": [n, 1]} for n in range(40)})
    needs.append(home.index.needs_upkeep)
    home.put(**{f"d{n}": {"n": n} for n in range(40, 60)})
    needs.append(home.index.needs_upkeep)
    home.index.keep_up()
    needs.append(home.index.needs_upkeep)
    assert needs == [False, True, False]
    assert home.index._derived._vectors["v"].covered_row == 60


class Refusing:
    """A part of which one method fails."""

    def __init__(self, part: Any, method: str) -> None:
        self._part, self._method = part, method

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            raise ValueError("no space left on device")
        return getattr(self._part, name)


@pytest.mark.parametrize("method", ["add", "delete", "commit"])
def test_a_failing_text_index_is_rebuilt_by_the_next_refresh(home: Home, method: str) -> None:
    home.put(a={"n": 1}, z={"n": 0})
    home.index.refresh()
    subject: Any = home.index._derived
    subject._text = Refusing(subject._text, method)
    home.put(b={"n": 2}, z={"n": 5})
    if method == "commit":
        with pytest.raises(ValueError, match="no space"):
            home.index.refresh()
        assert set(found(home.index)) == {"a", "z"}
    home.put(c={"n": 3})
    home.index.refresh()
    assert found(home.index) == {"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}, "z": {"n": 5}}


@pytest.mark.parametrize("method", ["add", "delete"])
def test_failing_vectors_are_replayed_by_the_next_refresh(filled: Home, method: str) -> None:
    subject: Any = filled.index._derived
    subject._vectors["v"] = Refusing(subject._vectors["v"], method)
    filled.put(d5={"v": [7, 7]}, more={"v": [8, 8]})
    filled.index.refresh()
    expect_found(filled.index, expected() | {"d5": {"v": [7, 7]}, "more": {"v": [8, 8]}})


def test_a_missing_log_is_damage_and_is_not_replaced(filled: Home) -> None:
    filled.index.close()
    log = filled.folder / LOG_FILE
    kept = log.read_bytes()
    log.unlink()
    with pytest.raises(StorageDamaged, match="is missing"):
        Index(filled.folder, "i", filled.state, SystemClock())
    assert not log.exists()
    log.write_bytes(kept)
    expect_found(filled.open(), expected())


def test_the_log_of_another_index_is_damage(filled: Home) -> None:
    filled.state.add_index(IndexMetadata("other", "uuid2", {}, {}, {}, 0))
    filled.index.close()
    with pytest.raises(StorageDamaged, match=r"belongs to index \[uuid\]"):
        Index(filled.folder, "other", filled.state, SystemClock())
    filled.open()


def test_stats_count_live_and_dead_documents(filled: Home) -> None:
    filled.index.refresh()
    stats = filled.index.stats()
    assert (stats.documents, stats.deleted, stats.max_seq_no) == (20, 4, 23)
    assert stats.size > 10_000
