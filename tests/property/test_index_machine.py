"""One index driven at random, crashes and damage included, beside a dictionary that says what must be there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.indices import IndexFolders
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.values import IndexMetadata, WriteOperation, WriteOutcome, WriteResult

MAPPINGS = {"properties": {"v": {"type": "knn_vector", "dimension": 2, "space_type": "l2"}}}

ids = st.sampled_from(["a", "b", "c", "ä ", "d\x00"])
sources = st.fixed_dictionaries(
    {"n": st.integers(-5, 5)},
    optional={"v": st.lists(st.integers(0, 3), min_size=2, max_size=2), "t": st.sampled_from(["x y", "", "z"])},
)
writes = st.tuples(ids, st.one_of(st.none(), sources))


class IndexMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.data = Path(tempfile.mkdtemp())
        self.state = ClusterState.open(self.data / "cluster.sqlite", IdGenerator(seed=1))
        folders = IndexFolders(self.data, self.state.cluster_uuid)
        self.folder = folders.create("uuid")
        self.state.add_index(IndexMetadata("i", "uuid", {"index.knn": "true"}, MAPPINGS, {}, 0))
        self.newest: dict[str, tuple[Any, int]] = {}
        """id → (source or None, version)"""
        self.refreshed: dict[str, Any] = {}
        self.held: list[tuple[Snapshot, dict[str, Any]]] = []
        self.operations = 0

    @initialize()
    def open(self) -> None:
        self.index = Index(self.folder, "i", self.state, SystemClock())
        self.refreshed = self.live()

    def live(self) -> dict[str, Any]:
        return {id: source for id, (source, _) in self.newest.items() if source is not None}

    def teardown(self) -> None:
        self.held.clear()
        self.index.close()
        self.state.close()
        shutil.rmtree(self.data)

    # ── what may happen ──────────────────────────────────────────────────────────────────────────────────────────────

    @rule(calls=st.lists(st.lists(writes, min_size=1, max_size=4), min_size=1, max_size=3))
    def write(self, calls: list[list[tuple[str, Any]]]) -> None:
        batches = [
            [
                WriteOperation("delete", id) if s is None else WriteOperation("index", id, json.encode(s))
                for id, s in call
            ]
            for call in calls
        ]
        told: list[list[WriteOutcome]] = []
        self.index.write(batches, told.extend)
        for call, outcomes in zip(calls, told, strict=True):
            for (id, source), outcome in zip(call, outcomes, strict=True):
                assert isinstance(outcome, WriteResult), outcome
                before, version = self.newest.get(id, (None, 0))
                results = {(True, True): "updated", (False, True): "created", (True, False): "deleted"}
                expected = results.get((before is not None, source is not None), "not_found")
                assert (outcome.result, outcome.version, outcome.seq_no) == (expected, version + 1, self.operations)
                self.newest[id] = (source, version + 1)
                self.operations += 1

    @rule()
    def refresh(self) -> None:
        self.index.refresh()
        self.refreshed = self.live()

    @rule()
    def flush(self) -> None:
        self.index.flush()
        self.refreshed = self.live()

    @rule()
    def purge(self) -> None:
        self.index.purge()

    @rule()
    def hold(self) -> None:
        self.held = [*self.held[-1:], (self.index.snapshot, self.refreshed)]

    @rule()
    def crash(self) -> None:
        self.held.clear()
        self.index.abandon()
        self.open()

    @rule()
    def restart(self) -> None:
        self.held.clear()
        self.index.close()
        self.open()

    @rule(part=st.sampled_from(["text", "vectors"]), data=st.data())
    def crash_and_lose_derived_files(self, part: str, data: st.DataObject) -> None:
        self.held.clear()
        self.index.abandon()
        files = sorted(path for path in (self.folder / part).rglob("*") if path.is_file())
        for file in data.draw(st.sets(st.sampled_from(files))) if files else ():
            file.unlink()
        self.open()

    # ── what must hold ───────────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def get_tells_the_newest_version(self) -> None:
        for id, (source, version) in self.newest.items():
            got = self.index.get(id, realtime=True)
            assert got.found is (source is not None)
            if source is not None:
                assert (json.decode(got.source or b""), got.version) == (source, version)

    @invariant()
    def search_sees_the_last_refresh(self) -> None:
        self.expect(self.index.snapshot, self.refreshed)

    @precondition(lambda self: self.held)
    @invariant()
    def a_held_snapshot_never_changes(self) -> None:
        for snapshot, documents in self.held:
            self.expect(snapshot, documents)

    def expect(self, snapshot: Snapshot, documents: dict[str, Any]) -> None:
        rows = snapshot.text.matching_rows(snapshot.text.everything()).tolist()
        assert {stored.id: json.decode(stored.source or b"") for stored in snapshot.rows(rows)} == documents
        assert snapshot.documents == len(documents)
        assert snapshot.vectors["v"].count == sum("v" in source for source in documents.values())
        for id in documents:
            assert snapshot.row_of(id) in rows


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
