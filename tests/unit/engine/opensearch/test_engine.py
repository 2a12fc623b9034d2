from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalStateException
from ragstone.core.ids import IdGenerator
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.engine import OpenSearchEngine
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import CUT, Reply, ScriptedCluster

MANAGER = "/_cluster/state/cluster_manager_node"


@pytest.fixture
def engine(cluster: ScriptedCluster, client: ClusterClient, clock: ManualClock) -> OpenSearchEngine:
    cluster.on("GET", MANAGER, Reply({"cluster_manager_node": "n1"}))
    return OpenSearchEngine(client, clock=clock, ids=IdGenerator(seed=1))


def root(number: str, **version: Any) -> Reply:
    return Reply({"cluster_uuid": "c", "version": {"distribution": "opensearch", "number": number, **version}})


@pytest.mark.parametrize("number", ["2.19.0", "2.20.1", "3.4.0", "3.5.0-SNAPSHOT", "10.0.0"])
async def test_a_cluster_of_version_2_19_or_later_will_do(
    cluster: ScriptedCluster, engine: OpenSearchEngine, number: str
) -> None:
    cluster.on("GET", "/", root(number))
    cluster.on("POST", "/_refresh", Reply({}))
    await engine.start()
    assert (engine.cluster_uuid, engine.node_id) == ("c", "n1")
    assert engine.capabilities().own_pipelines
    assert engine.api is not None
    assert engine.unavailable() == {}


async def test_a_cluster_too_busy_to_refresh_is_good_enough_to_start(
    cluster: ScriptedCluster, engine: OpenSearchEngine
) -> None:
    cluster.on("GET", "/", root("3.4.0"))
    cluster.on("POST", "/_refresh", CUT)
    await engine.start()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (root("2.18.0"), r"the cluster is OpenSearch 2\.18\.0; 2\.19 or later is needed"),
        (Reply({"version": {"number": "7.10.2"}}), r"it is \[Elasticsearch\] 7\.10\.2; an OpenSearch is needed"),
        (Reply({"hello": 1}), "it is no OpenSearch"),
        (Reply(b"[]"), "it is no OpenSearch"),
        (Reply(b"Unauthorized", 401), "the cluster refuses the gateway's account: Unauthorized"),
        (Reply({"error": {"type": "security_exception", "reason": "no"}}, 403), "refuses the gateway's account: no"),
        (CUT, "the cluster can not be used: the cluster does not answer: the connection was closed"),
    ],
)
async def test_a_cluster_that_will_not_do_is_told_at_the_start(
    cluster: ScriptedCluster, engine: OpenSearchEngine, answer: Reply, reason: str
) -> None:
    cluster.on("GET", "/", answer)
    with pytest.raises(IllegalStateException, match=reason):
        await engine.start()
