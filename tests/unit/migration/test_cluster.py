"""To a real cluster and back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.errors import OpenSearchException
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.api import Engine
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.engine import OpenSearchEngine
from ragstone.engine.values import WriteOperation
from ragstone.migration.rehearsal import on_cluster
from ragstone.migration.report import IndexReport, Refused, Report
from ragstone.migration.service import Migration
from ragstone.migration.sides import Side
from ragstone.migration.state import Direction, MigrationState
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.system_indices import CONNECTOR
from ragstone.providers.encryption import MasterKeyEncryptor

OURS = f"migrate-books,migrate-odd,migrate-nmslib,{CONNECTOR.name},.ragstone-records"
PIPELINES = ("migrate-known", "migrate-unknown")
LUCENE = {"name": "hnsw", "engine": "lucene", "space_type": "l2"}


@pytest.fixture
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """For one test at a time. What they use in the cluster is deleted before and after each."""
    given = os.environ.get("OPENSEARCH_URL")
    if not given:
        pytest.skip("needs a cluster of its own: set OPENSEARCH_URL")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base

    def clean() -> None:
        requests.delete(f"{given}/{OURS}?ignore_unavailable=true", timeout=60).raise_for_status()
        for pipeline in PIPELINES:
            requests.delete(f"{given}/_ingest/pipeline/{pipeline}", timeout=60)

    with Path(shared / "opensearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        clean()
        yield given
        clean()


class Ends:
    """Two data folders and a cluster, each with a master key of its own."""

    def __init__(self, folder: Path, url: str, open: AsyncExitStack) -> None:
        self._folder = folder
        self._pools = ThreadPools()
        open.callback(self._pools.close)
        clock, ids = SystemClock(), IdGenerator()
        client = ClusterClient([url], clock, callers_rights=False)
        cluster = OpenSearchEngine(client, clock=clock, ids=ids)
        self.engines: list[Engine] = [
            EmbeddedEngine(folder / "here", pools=self._pools, clock=clock, ids=ids),
            EmbeddedEngine(folder / "back", pools=self._pools, clock=clock, ids=ids),
            cluster,
        ]
        self.here = Side("here", self.engines[0], self._vault("here"))
        self.back = Side("back", self.engines[1], self._vault("back"))
        self.cluster = Side(url, cluster, self._vault("gateway"), api=client)

    async def ask(self, method: str, target: str, body: Any) -> None:
        assert self.cluster.api is not None
        await self.cluster.api.call(method, target, body)

    def _vault(self, name: str) -> Vault:
        return Vault(MasterKeyEncryptor(self._folder / name / "keys"), self._pools)

    def migration(self, source: Side, target: Side, direction: Direction) -> Migration:
        file = self._folder / direction / "migration.json"
        file.parent.mkdir(exist_ok=True)
        state = MigrationState.open(file, direction, "peer", "cluster")
        return Migration(source, target, state, self._pools, SystemClock())


@pytest.fixture
async def ends(tmp_path: Path, url: str) -> AsyncIterator[Ends]:
    async with AsyncExitStack() as open:
        ends = Ends(tmp_path, url, open)
        for engine in ends.engines:
            await engine.start()
            open.push_async_callback(engine.close)
        yield ends


def arrived(report: Report, name: str) -> IndexReport:
    found = next(index for index in report.indices if isinstance(index, IndexReport) and index.name == name)
    assert isinstance(found, IndexReport)
    return found


async def shelve(ends: Ends, *, derived_source: bool) -> None:
    """Versions, routings, deletes, several shards, an alias, blocks, and a sealed credential."""
    engine = ends.here.engine
    settings = {
        "index.knn": True,
        "index.knn.derived_source.enabled": derived_source,
        "index.number_of_shards": 2,
        "index.number_of_replicas": 0,
        "index.default_pipeline": "embed",
    }
    vector = {"type": "knn_vector", "dimension": 3, "method": LUCENE}
    mappings = {"properties": {"title": {"type": "text"}, "v": vector}}
    await engine.create_index("migrate-books", settings, mappings, {"lib": {"filter": {"term": {"title": "one"}}}})
    operations = [
        WriteOperation(
            "index",
            f"b{n}",
            json.encode({"title": f"volume\n{chr(97 + n % 26) * 4}", "v": [n / 7, n % 7, 0.1]}),
            routing="x" if n % 9 == 0 else None,
        )
        for n in range(120)
    ]
    outcomes = await engine.bulk("migrate-books", [*operations, *operations[::10], WriteOperation("delete", "b5")])
    assert not [outcome for outcome in outcomes if isinstance(outcome, OpenSearchException)]
    await engine.put_settings("migrate-books", {"index.blocks.write": True})
    await engine.put_record("ingest_pipeline", "embed", {"processors": []})
    await engine.create_index(CONNECTOR.name, CONNECTOR.settings, CONNECTOR.mappings, {})
    sealed = {"name": "chat", "credential": await ends.here.vault.seal("c", {"key": "hunter2"})}
    await engine.bulk(CONNECTOR.name, [WriteOperation("index", "c", json.encode(sealed))])


@pytest.mark.parametrize("derived_source", [True, False])
async def test_there_and_back_again_nothing_is_lost(ends: Ends, derived_source: bool) -> None:
    await shelve(ends, derived_source=derived_source)
    there = await ends.migration(ends.here, ends.cluster, "to").run()
    assert there.problems == []
    moved = arrived(there, "migrate-books")
    assert (moved.source.documents, moved.target.content) == (119, moved.source.content)
    assert moved.knn.overlap is not None
    assert moved.knn.overlap > 0.9
    back = await ends.migration(ends.cluster, ends.back, "from").run()
    returned = arrived(back, "migrate-books")
    assert returned.problems == []
    assert (returned.target.content, returned.target.versions) == (moved.source.content, moved.source.versions)

    one, other = await ends.here.index("migrate-books"), await ends.back.index("migrate-books")
    assert one is not None
    assert other is not None
    own = {"index.uuid", "index.creation_date"}
    assert {k: v for k, v in other.settings.items() if k not in own} == {
        k: v for k, v in one.settings.items() if k not in own
    }
    assert (other.mappings, other.aliases) == (one.mappings, one.aliases)
    pipeline = await ends.back.engine.get_record("ingest_pipeline", "embed")
    assert pipeline is not None
    connector: Any = json.decode((await ends.back.engine.get(CONNECTOR.name, "c")).source or b"")
    assert ends.back.vault.open("c", connector["credential"]) == {"key": "hunter2"}


async def test_what_the_cluster_refuses_comes_back_as_its_own_error_and_stops_only_that_index(ends: Ends) -> None:
    nmslib = {"type": "knn_vector", "dimension": 3, "method": {**LUCENE, "engine": "nmslib"}}
    await ends.here.engine.create_index("migrate-nmslib", {"index.knn": True}, {"properties": {"v": nmslib}}, {})
    await ends.here.engine.create_index("migrate-odd", {}, {}, {})
    refused = "nmslib engine is deprecated in OpenSearch"
    migration = ends.migration(ends.here, ends.cluster, "to")
    assert ends.cluster.api is not None
    plan = await migration.plan(on_cluster(ends.cluster.api))
    assert len(plan.problems) == 1
    assert plan.problems[0].startswith(f"index [migrate-nmslib]: {refused}")
    assert await ends.cluster.index("migrate-odd") is None

    report = await migration.run()
    [stopped] = [index for index in report.indices if isinstance(index, Refused)]
    assert stopped.name == "migrate-nmslib"
    assert stopped.reason.startswith(refused)
    assert arrived(report, "migrate-odd").problems == []


async def test_pipelines_that_the_cluster_runs_itself_come_where_we_have_their_processors(ends: Ends) -> None:
    known = {"processors": [{"set": {"field": "a", "value": 1}}]}
    unknown = {"processors": [{"user_agent": {"field": "agent"}}]}
    for name, body in zip(PIPELINES, (known, unknown), strict=True):
        await ends.ask("PUT", f"/_ingest/pipeline/{name}", body)
    report = await ends.migration(ends.cluster, ends.back, "from").run()
    told = {record.name: (record.outcome, record.reason) for record in report.records}
    assert told["migrate-known"] == ("moved", "")
    assert told["migrate-unknown"] == ("refused", "there is no processor [user_agent] here")
    stored = await ends.back.engine.get_record("ingest_pipeline", "migrate-known")
    assert stored is not None
    assert stored.value == known


async def test_templates_go_there_and_come_back(ends: Ends) -> None:
    component = {"template": {"mappings": {"properties": {"a": {"type": "keyword"}}}, "aliases": {"al": {}}}}
    template = {
        "index_patterns": ["migrate-logs-*"],
        "template": {"settings": {"index.number_of_shards": "2"}},
        "composed_of": ["migrate-c"],
        "priority": 7,
        "_meta": {"by": "us"},
    }
    legacy = {"order": 3, "index_patterns": ["migrate-old-*"], "settings": {}, "mappings": {}, "aliases": {}}
    kept: dict[str, dict[str, Any]] = {
        "component_template": component,
        "index_template": template,
        "legacy_template": legacy,
    }
    for kind, value in kept.items():
        await ends.here.engine.put_record(kind, "migrate-c", value)
    try:
        there = await ends.migration(ends.here, ends.cluster, "to").run()
        assert {record.outcome for record in there.records if record.name == "migrate-c"} == {"moved"}
        await ends.ask("PUT", "/_index_template/migrate-stream", {"index_patterns": ["migrate-s"], "data_stream": {}})
        back = await ends.migration(ends.cluster, ends.back, "from").run()
        assert [note for note in back.notes if "migrate-stream" in note]
        for kind, value in kept.items():
            stored = await ends.back.engine.get_record(kind, "migrate-c")
            assert stored is not None
            assert stored.value == value
        again = await ends.migration(ends.here, ends.cluster, "to").run()
        assert {record.outcome for record in again.records if record.name == "migrate-c"} == {"same"}
    finally:
        for path in ("_index_template/migrate-*", "_component_template/migrate-*", "_template/migrate-*"):
            await ends.ask("DELETE", f"/{path}", None)


async def test_documents_of_which_a_cluster_keeps_only_a_part_are_not_passed_off_as_whole(ends: Ends) -> None:
    mappings = {"_source": {"excludes": ["b"]}, "properties": {"a": {"type": "keyword"}, "b": {"type": "keyword"}}}
    await ends.ask("PUT", "/migrate-odd", {"mappings": mappings})
    await ends.ask("PUT", "/migrate-odd/_doc/1", {"a": 1, "b": 2})
    report = await ends.migration(ends.cluster, ends.back, "from").run()
    [stopped] = [index for index in report.indices if isinstance(index, Refused)]
    assert "keeps only a part of its documents" in stopped.reason
