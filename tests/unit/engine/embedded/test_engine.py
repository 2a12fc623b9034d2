from __future__ import annotations

import asyncio
import gc
import shutil
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core.clock import SystemClock
from ragstone.core.errors import (
    IllegalStateException,
    IndexNotFoundException,
    IOException,
    SearchContextMissingException,
    SearchPhaseExecutionException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.dsl.query import parse_query
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.embedded.log import DocumentLog
from ragstone.engine.embedded.open_indices import NoShardAvailableActionException
from ragstone.engine.values import FetchOptions, QueryRequest, WriteOperation, WriteResult
from ragstone.testing.engine_contract import EngineContract, OpenEngine
from ragstone.testing.timer import ManualTimer

Opened = Callable[..., AbstractAsyncContextManager[EmbeddedEngine]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def opened(data: Path) -> Opened:
    @asynccontextmanager
    async def open_engine(**options: Any) -> AsyncIterator[EmbeddedEngine]:
        pools = ThreadPools()
        engine = EmbeddedEngine(data, pools=pools, clock=SystemClock(), ids=IdGenerator(), **options)
        try:
            await engine.start()
            try:
                yield engine
            finally:
                await engine.close()
        finally:
            pools.close()

    return open_engine


class TestContract(EngineContract):
    @pytest.fixture
    def open_engine(self, opened: OpenEngine) -> OpenEngine:
        return opened


def index(id: str, source: bytes = b"{}") -> WriteOperation:
    return WriteOperation("index", id, source)


EVERYTHING: dict[str, Any] = {"match_all": {}}


async def found(engine: EmbeddedEngine, *names: str) -> int:
    return await engine.count(names, parse_query(EVERYTHING))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what changes it is a thread of the product
            await asyncio.sleep(0.001)


# ── start and end ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_start_publishes_everything_acknowledged_before(opened: OpenEngine) -> None:
    async with opened() as engine:
        await engine.create_index("books", {"refresh_interval": "-1"}, {}, {})
        await engine.bulk("books", [index("1"), index("2")])
    async with opened() as engine:
        assert await engine.count(["books"], parse_query(EVERYTHING)) == 2


async def test_node_and_cluster_keep_their_ids_over_restarts(opened: Opened) -> None:
    async with opened() as engine:
        first = (engine.node_id, engine.cluster_uuid)
    async with opened() as engine:
        assert (engine.node_id, engine.cluster_uuid) == first


async def test_a_second_engine_on_one_folder_is_refused(opened: Opened, data: Path) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        with pytest.raises(IllegalStateException, match="it is in use by another server"):
            async with opened():
                pass
        await engine.bulk("i", [index("1")], refresh="true")
    async with opened() as engine:
        assert await found(engine, "i") == 1


async def test_a_closed_engine_refuses_writes_and_leaves_nothing_behind(opened: Opened) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        write = asyncio.create_task(engine.bulk("i", [index("1")]))
        await asyncio.sleep(0)
    assert isinstance((await write)[0], WriteResult)
    async with opened() as engine:
        assert await found(engine, "i") == 1


async def test_many_empty_indices_start_quickly(opened: Opened) -> None:
    async with opened() as engine:
        for n in range(5):
            await engine.create_index(f"i{n}", {}, {}, {})
    clock = SystemClock()
    before = clock.monotonic()
    async with opened() as engine:
        assert clock.monotonic() - before < 1.0
        assert len((await engine.metadata()).indices) == 5


# ── schedules ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_write_is_found_after_the_refresh_interval(opened: Opened) -> None:
    timer = ManualTimer()
    async with opened(wait=timer.wait) as engine:
        await engine.create_index("i", {"refresh_interval": "7s"}, {}, {})
        (outcome,) = await engine.bulk("i", [index("1")])
        assert isinstance(outcome, WriteResult)
        assert outcome.forced_refresh is False
        waiting = asyncio.create_task(engine.bulk("i", [], refresh="wait_for"))
        await asyncio.sleep(0)
        assert await found(engine, "i") == 0
        assert await timer.ring() == 7.0
        assert await waiting == []
        assert await found(engine, "i") == 1


async def test_a_changed_refresh_interval_counts_at_once(opened: Opened) -> None:
    timer = ManualTimer()
    async with opened(wait=timer.wait) as engine:
        await engine.create_index("i", {"refresh_interval": "-1"}, {}, {})
        await engine.bulk("i", [index("1")])
        assert timer.waiting == []
        await engine.put_settings("i", {"refresh_interval": "2s"})
        waiting = asyncio.create_task(engine.bulk("i", [], refresh="wait_for"))
        await asyncio.sleep(0)
        assert await timer.ring() == 2.0
        await waiting
        assert await found(engine, "i") == 1


async def test_asynchronous_durability_is_synced_on_its_interval(opened: Opened) -> None:
    timer = ManualTimer()
    async with opened(wait=timer.wait) as engine:
        settings = {"index.translog.durability": "async", "index.translog.sync_interval": "9s", "refresh_interval": -1}
        await engine.create_index("i", settings, {}, {})
        await engine.bulk("i", [index("1")])
        subject = engine._open.by_name["i"].index
        assert subject.needs_sync
        assert await timer.ring() == 9.0
        await until(lambda: not subject.needs_sync)
    async with opened() as engine:
        assert await found(engine, "i") == 1


async def test_replaced_versions_are_forgotten_in_the_background(opened: Opened) -> None:
    timer = ManualTimer()
    async with opened(wait=timer.wait) as engine:
        await engine.create_index("i", {"refresh_interval": "-1"}, {}, {})
        for _ in range(11):
            await engine.bulk("i", [index(f"{n}") for n in range(100)], refresh="true")
        assert (await engine.stats("i")).deleted == 1000
        await timer.ring()
        await until(lambda: not engine._open.by_name["i"].index.needs_upkeep)
        assert (await engine.stats("i")).deleted == 0
        assert await found(engine, "i") == 100


class Building:
    """Vectors whose graph is built some time after the refresh, and taken over by the next publish."""

    def __init__(self, vectors: Any) -> None:
        self._vectors = vectors
        self._published = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vectors, name)

    def publish(self) -> Any:
        self._published += 1
        return self._vectors.publish()

    @property
    def is_settled(self) -> bool:
        return self._published >= 2


async def test_a_vector_graph_is_searched_once_it_is_built(opened: Opened) -> None:
    timer = ManualTimer()
    async with opened(wait=timer.wait) as engine:
        mappings = {"properties": {"v": {"type": "knn_vector", "dimension": 2, "space_type": "l2"}}}
        await engine.create_index("i", {"index.knn": "true", "refresh_interval": "-1"}, mappings, {})
        subject = engine._open.by_name["i"].index
        vectors: Any = subject._derived._vectors
        vectors["v"] = Building(vectors["v"])
        await engine.bulk("i", [index("1", b'{"v":[1,1]}')], refresh="true")
        before = subject.snapshot
        assert await timer.ring() == 1.0
        await until(lambda: not subject.needs_upkeep)
        assert subject.snapshot is not before
        assert subject.snapshot.vectors["v"].count == 1


# ── crashes and damage ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_folder_left_by_a_crash_while_creating_is_swept(opened: Opened, data: Path) -> None:
    async with opened() as engine:
        cluster = engine.cluster_uuid
    for name in ("half.new", "gone.deleted", "orphan"):
        (data / "indices" / name).mkdir()
    DocumentLog.create(data / "indices/orphan/log.sqlite", cluster_uuid=cluster, index_uuid="orphan")
    async with opened() as engine:
        assert (await engine.metadata()).indices == {}
    assert list((data / "indices").iterdir()) == []


async def test_documents_are_not_swept_when_the_cluster_state_is_lost(opened: Opened, data: Path) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        await engine.bulk("i", [index("1")])
    kept = (data / "cluster.sqlite").read_bytes()
    (data / "cluster.sqlite").unlink()
    with pytest.raises(IllegalStateException, match=r"holds \[1\] documents of another cluster") as caught:
        async with opened():
            pass
    assert caught.value.status == 500
    (data / "cluster.sqlite").write_bytes(kept)
    async with opened() as engine:
        assert await found(engine, "i") == 1


async def test_a_damaged_cluster_state_is_told_and_not_replaced(opened: Opened, data: Path) -> None:
    async with opened():
        pass
    (data / "cluster.sqlite").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(IllegalStateException, match="the cluster state cannot be read"):
            async with opened():
                pass


async def test_a_damaged_index_is_told_by_every_request_and_the_others_are_served(opened: Opened, data: Path) -> None:
    async with opened() as engine:
        for name in ("good", "bad"):
            await engine.create_index(name, {}, {}, {})
            await engine.bulk(name, [index("1")])
        uuid = (await engine.metadata()).indices["bad"].uuid
    shutil.rmtree(data / "indices" / uuid)
    async with opened() as engine:
        assert await found(engine, "good") == 1
        for call in (engine.get("bad", "1"), engine.bulk("bad", [index("2")]), found(engine, "bad")):
            with pytest.raises(NoShardAvailableActionException, match=r"documents of index \[bad\] cannot be read"):
                await call
        assert not (data / "indices" / uuid).exists()
        await engine.close_index("bad")
        await engine.delete_index("bad")
        await engine.create_index("bad", {}, {}, {})
        assert await found(engine, "bad") == 0


async def test_an_index_of_a_newer_format_stops_the_start(opened: Opened, data: Path) -> None:
    async with opened() as engine:
        await engine.create_index("good", {}, {}, {})
        await engine.create_index("new", {}, {}, {})
        uuid = (await engine.metadata()).indices["new"].uuid
    connection = sqlite3.connect(data / "indices" / uuid / "log.sqlite")
    connection.execute("PRAGMA user_version=7")
    connection.close()
    for _ in range(2):
        with pytest.raises(IllegalStateException, match=r"has format \[7\], written by a newer version"):
            async with opened():
                pass


async def test_an_index_that_cannot_be_opened_is_not_created(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as engine:

        def fail(*_: Any) -> None:
            raise OSError("no space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("ragstone.engine.embedded.recovery.recover", fail)
            with pytest.raises(OSError, match="no space"):
                await engine.create_index("i", {}, {}, {})
        assert (await engine.metadata()).indices == {}
        await engine.create_index("i", {}, {}, {})


async def test_an_index_whose_removal_fails_stays(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})

        def fail(_: str) -> None:
            raise IOException("disk")

        with monkeypatch.context() as patched:
            patched.setattr(engine._state, "remove_index", fail)
            with pytest.raises(IOException, match="disk"):
                await engine.delete_index("i")
        await engine.bulk("i", [index("1")], refresh="true")
        assert await found(engine, "i") == 1


async def test_a_search_in_an_index_deleted_meanwhile_says_so(opened: Opened) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        await engine.bulk("i", [index("1")], refresh="true")
        result = await engine.query(QueryRequest(["i"], [parse_query(EVERYTHING)]))
        await engine.delete_index("i")
        with pytest.raises(IndexNotFoundException):
            await engine.fetch(result, result.lists[0].hits, FetchOptions())


async def test_a_reader_holds_nothing_of_an_index_that_is_deleted(opened: Opened) -> None:
    async with opened() as engine:
        for name in ("books", "other"):
            await engine.create_index(name, {}, {}, {})
        reader = await engine.open_reader(["books", "other"], 60)
        held = weakref.ref(reader.handle.snapshots[0])
        await engine.delete_index("books")

        def let_go() -> bool:
            gc.collect()
            return held() is None

        await until(let_go)
        await engine.create_index("books", {}, {}, {})
        request = QueryRequest(["books", "other"], [parse_query(EVERYTHING)], reader=reader)
        with pytest.raises(SearchContextMissingException):
            await engine.query(request)


async def test_a_query_that_does_not_fit_names_index_and_node(opened: Opened) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        await engine.bulk("i", [index("1", b'{"f":"text"}')], refresh="true")
        bad = parse_query({"knn": {"f": {"vector": [1.0], "k": 1}}})
        with pytest.raises(SearchPhaseExecutionException) as caught:
            await engine.query(QueryRequest(["i"], [bad]))
        (failure,) = caught.value.failures
        assert (failure.index, failure.node) == ("i", engine.node_id)


def test_the_lock_falls_with_a_killed_process(data: Path) -> None:
    data.mkdir()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from ragstone.engine.embedded.node_lock import NodeLock\n"
            "NodeLock.acquire(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()",
            str(data),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    from ragstone.engine.embedded.node_lock import NodeLock

    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(IllegalStateException, match=rf"process \[{holder.pid}\]"):
            NodeLock.acquire(data)
    finally:
        holder.kill()
        holder.communicate()
    NodeLock.acquire(data).release()


# ── indices that go while they are used ──────────────────────────────────────────────────────────────────────────────


def a_search(*names: str) -> QueryRequest:
    return QueryRequest(indices=names, queries=[parse_query(EVERYTHING)], size=10)


async def test_a_write_that_waits_for_a_refresh_stands_when_its_index_is_deleted(opened: Opened) -> None:
    timer = ManualTimer()
    async with opened(wait=timer.wait) as engine:
        await engine.create_index("i", {}, {}, {})
        writing = asyncio.create_task(engine.bulk("i", [index("1")], refresh="wait_for"))
        await until(lambda: bool(timer.waiting))
        await engine.delete_index("i")
        [outcome] = await writing
        assert isinstance(outcome, WriteResult)


async def test_documents_of_an_index_deleted_meanwhile_are_not_looked_for_in_its_namesake(opened: Opened) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        await engine.bulk("i", [index("1")], refresh="true")
        ranked = await engine.query(a_search("i"))
        await engine.delete_index("i")
        await engine.create_index("i", {}, {}, {})
        with pytest.raises(IndexNotFoundException):
            await engine.fetch(ranked, ranked.lists[0].hits, FetchOptions())


async def test_an_index_deleted_meanwhile_leaves_its_namesakes_mapping_alone(opened: Opened) -> None:
    async with opened() as engine:
        await engine.create_index("i", {}, {}, {})
        old = engine._open.by_name["i"].index
        await engine.delete_index("i")
        with pytest.raises(IndexNotFoundException):
            old.put_mapping({"properties": {"old": {"type": "long"}}})
        await engine.create_index("i", {}, {"properties": {"new": {"type": "long"}}}, {})
        with pytest.raises(IndexNotFoundException):
            old.put_mapping({"properties": {"old": {"type": "long"}}})
        with pytest.raises(IOException, match="closed"):
            old.flush()
        assert (await engine.metadata()).indices["i"].mappings == {"properties": {"new": {"type": "long"}}}
