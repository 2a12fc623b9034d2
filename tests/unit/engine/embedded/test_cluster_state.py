from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ragstone.core.errors import IllegalStateException, IOException, VersionConflictEngineException
from ragstone.core.ids import IdGenerator
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.sqlite import StorageDamaged
from ragstone.engine.values import IndexMetadata


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cluster.sqlite"


@pytest.fixture
def state(file: Path) -> Iterator[ClusterState]:
    opened = ClusterState.open(file, IdGenerator(seed=1))
    yield opened
    opened.close()


def index(name: str, uuid: str | None = None) -> IndexMetadata:
    return IndexMetadata(name, uuid or f"uuid-{name}", {"index.hidden": "true"}, {}, {}, creation_date=5)


def test_node_and_cluster_keep_their_ids(file: Path) -> None:
    first = ClusterState.open(file, IdGenerator(seed=1))
    first.close()
    second = ClusterState.open(file, IdGenerator(seed=2))
    assert (second.node_id, second.cluster_uuid) == (first.node_id, first.cluster_uuid)
    assert first.node_id != first.cluster_uuid
    assert len(first.node_id) == 22
    second.close()


def test_indices_are_there_after_opening_again(file: Path) -> None:
    state = ClusterState.open(file, IdGenerator(seed=1))
    state.add_index(index("b"))
    state.add_index(replace(index("a"), mappings={"properties": {}}, aliases={"x": {"routing": "1"}}, open=False))
    before = state.metadata
    state.close()
    again = ClusterState.open(file, IdGenerator())
    assert again.metadata == before
    assert list(again.metadata.indices) == ["a", "b"]
    again.close()


def test_a_picture_once_taken_does_not_change(state: ClusterState) -> None:
    state.add_index(index("a"))
    before = state.metadata
    state.remove_index("a")
    assert list(before.indices) == ["a"]
    assert list(state.metadata.indices) == []


def test_the_version_grows_only_with_a_change(state: ClusterState) -> None:
    state.add_index(index("a"))
    state.change_indices({"a": lambda old: replace(old, settings=dict(old.settings))})
    assert state.metadata.indices["a"].version == 1
    state.change_indices({"a": lambda old: replace(old, aliases={"x": {}})})
    assert state.metadata.indices["a"].version == 2


def test_changes_of_several_indices_happen_together_or_not_at_all(state: ClusterState) -> None:
    state.add_index(index("a"))
    state.add_index(index("b"))

    def refuse(old: IndexMetadata) -> IndexMetadata:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        state.change_indices({"a": lambda old: replace(old, aliases={"x": {}}), "b": refuse})
    assert state.metadata.indices["a"].aliases == {}
    state.change_indices({"a": lambda old: replace(old, open=False)})
    assert state.metadata.indices["a"].version == 2


def test_a_write_the_disk_refuses_changes_no_picture(state: ClusterState) -> None:
    state.add_index(index("a", "same"))
    before = state.metadata
    state._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(IOException, match="cannot write the cluster state"):
        state.remove_index("a")
    assert state.metadata is before


def test_records_are_listed_by_name_and_kept_apart_by_kind(state: ClusterState) -> None:
    state.put_record("ingest", "b", {"n": 1}, None)
    state.put_record("ingest", "a", {"n": 2}, None)
    state.put_record("search", "a", {"n": 3}, None)
    assert [(r.name, r.value, r.version) for r in state.list_records("ingest")] == [
        ("a", {"n": 2}, 1),
        ("b", {"n": 1}, 1),
    ]
    assert state.get_record("search", "a").value == {"n": 3}  # type: ignore[union-attr]
    assert state.get_record("search", "b") is None


def test_a_record_is_stored_only_on_the_version_demanded(state: ClusterState) -> None:
    assert state.put_record("k", "r", {"n": 1}, 0).version == 1
    with pytest.raises(VersionConflictEngineException):
        state.put_record("k", "r", {"n": 2}, 0)
    assert state.put_record("k", "r", {"n": 2}, 1).version == 2
    with pytest.raises(VersionConflictEngineException):
        state.delete_record("k", "r", 1)
    assert state.get_record("k", "r").value == {"n": 2}  # type: ignore[union-attr]
    assert state.delete_record("k", "r", 2) is True
    assert state.delete_record("k", "r", None) is False


def test_a_records_version_is_never_used_again(state: ClusterState) -> None:
    state.put_record("k", "r", {}, None)
    state.delete_record("k", "r", None)
    assert state.put_record("k", "r", {}, 0).version == 3
    assert state.list_records("k")[0].version == 3


def test_a_stored_record_does_not_follow_its_value(state: ClusterState) -> None:
    value = {"list": [1]}
    record = state.put_record("k", "r", value, None)
    value["list"].append(2)
    assert record.value == {"list": [1]}
    assert state.get_record("k", "r").value == {"list": [1]}  # type: ignore[union-attr]


def test_a_newer_format_is_refused(state: ClusterState, file: Path) -> None:
    state.close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=2")
    connection.close()
    with pytest.raises(IllegalStateException, match=r"format \[2\]"):
        ClusterState.open(file, IdGenerator())


def test_a_damaged_file_is_not_replaced_by_a_new_cluster(state: ClusterState, file: Path) -> None:
    state.close()
    file.write_bytes(b"")
    with pytest.raises(StorageDamaged):
        ClusterState.open(file, IdGenerator())


def test_a_half_made_file_of_a_crashed_start_is_made_anew(file: Path) -> None:
    file.with_suffix(".new").write_bytes(b"half")
    state = ClusterState.open(file, IdGenerator(seed=1))
    assert state.node_id
    assert not file.with_suffix(".new").exists()
    state.close()
