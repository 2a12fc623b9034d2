from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.migration.report import RecordReport
from ragstone.migration.scripts import move_scripts
from ragstone.migration.sides import Side
from ragstone.ml.connectors.vault import Vault
from ragstone.testing.cluster import Reply, ScriptedCluster

KIND = "stored_script"
TEMPLATE = {"lang": "mustache", "source": "{}", "options": {"content_type": "application/json; charset=UTF-8"}}
SCRIPT = {"lang": "painless", "source": "1"}
NO_VAULT = cast(Vault, None)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Side]:
    pools = ThreadPools()
    engine = EmbeddedEngine(tmp_path / "data", pools=pools, clock=SystemClock(), ids=IdGenerator())
    await engine.start()
    yield Side("here", engine, NO_VAULT)
    await engine.close()
    pools.close()


@pytest.fixture
async def cluster() -> AsyncIterator[ScriptedCluster]:
    async with ScriptedCluster().running() as cluster:
        yield cluster


@pytest.fixture
async def there(cluster: ScriptedCluster, here: Side) -> AsyncIterator[Side]:
    client = ClusterClient([cluster.url], SystemClock(), callers_rights=False)
    yield Side("there", here.engine, NO_VAULT, api=client)
    await client.close()


def has(cluster: ScriptedCluster, **scripts: Any) -> None:
    cluster.on("GET", "/_cluster/state/metadata", Reply({"metadata": {"stored_scripts": scripts}} if scripts else {}))


async def test_scripts_go_to_a_cluster_by_its_own_api(cluster: ScriptedCluster, here: Side, there: Side) -> None:
    for name, script in (("a/b", TEMPLATE), ("bad", SCRIPT), ("known", SCRIPT), ("other", SCRIPT)):
        await here.engine.put_record(KIND, name, script)
    has(cluster, known=SCRIPT, other=TEMPLATE)
    cluster.on("PUT", "/_scripts/a%2Fb", Reply({"acknowledged": True}))
    refusal = {"error": {"type": "illegal_argument_exception", "reason": "too long"}, "status": 400}
    cluster.on("PUT", "/_scripts/bad", Reply(refusal, 400))
    assert await move_scripts(here, there, dry_run=True) == [
        RecordReport(KIND, "a/b", "moved"),
        RecordReport(KIND, "bad", "moved"),
        RecordReport(KIND, "known", "same"),
        RecordReport(KIND, "other", "refused", "the target has another one of this name"),
    ]
    assert cluster.asked("PUT", "/_scripts/a%2Fb") == []
    moved = await move_scripts(here, there)
    assert moved[:2] == [RecordReport(KIND, "a/b", "moved"), RecordReport(KIND, "bad", "refused", "too long")]
    assert [request.json for request in cluster.asked("PUT", "/_scripts/a%2Fb")] == [{"script": TEMPLATE}]


async def test_scripts_come_from_a_clusters_state(cluster: ScriptedCluster, here: Side, there: Side) -> None:
    has(cluster, t=TEMPLATE, s=SCRIPT)
    assert await move_scripts(there, here) == [RecordReport(KIND, "t", "moved"), RecordReport(KIND, "s", "moved")]
    stored = {record.name: record.value for record in await here.engine.list_records(KIND)}
    assert stored == {"t": TEMPLATE, "s": SCRIPT}
    assert [report.outcome for report in await move_scripts(there, here)] == ["same", "same"]
    has(cluster)
    assert await move_scripts(there, here) == []
