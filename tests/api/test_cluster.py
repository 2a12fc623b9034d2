"""`_cluster`: health, settings, state, stats."""

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

ONE = {"settings": {"number_of_shards": 2, "number_of_replicas": 0}}
REPLICA = {"settings": {"number_of_shards": 1, "number_of_replicas": 1}}


async def test_health_of_indices(client: AsgiClient) -> None:
    await client("PUT /a", ONE)
    await client("PUT /b", REPLICA)
    whole = (await client("GET /_cluster/health?level=shards")).json
    assert (whole["status"], whole["active_shards"], whole["unassigned_shards"]) == ("yellow", 3, 1)
    assert whole["indices"]["a"]["status"] == "green"
    assert set(whole["indices"]["a"]["shards"]) == {"0", "1"}
    one = (await client("GET /_cluster/health/a?wait_for_status=green&timeout=10s")).json
    assert (one["status"], one["timed_out"], one["active_shards_percent_as_number"]) == ("green", False, 75.0)


@pytest.mark.parametrize(
    ("query", "status", "health"),
    [
        ("b?wait_for_status=green&timeout=50ms", 408, "yellow"),
        ("b?wait_for_status=yellow&timeout=50ms", 200, "yellow"),
        ("none?timeout=50ms", 408, "red"),
        ("none*?timeout=50ms", 200, "green"),
        ("b?wait_for_nodes=>=2&timeout=50ms", 408, "yellow"),
        ("b?wait_for_nodes=ge(1)&timeout=50ms", 200, "yellow"),
        ("b?wait_for_active_shards=all&timeout=50ms", 408, "yellow"),
        ("b?wait_for_active_shards=1&timeout=50ms", 200, "yellow"),
    ],
)
async def test_what_is_not_reached_in_time_is_a_408(client: AsgiClient, query: str, status: int, health: str) -> None:
    await client("PUT /b", REPLICA)
    answer = await client(f"GET /_cluster/health/{query}")
    assert (answer.status, answer.json["status"], answer.json["timed_out"]) == (status, health, status == 408)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("wait_for_status=blue", "No enum constant org.opensearch.cluster.health.ClusterHealthStatus.BLUE"),
        ("wait_for_nodes=some", "Failed to parse [wait_for_nodes] with value [some]"),
        (
            "timeout=1",
            "failed to parse setting [timeout] with value [1] as a time value: unit is missing or unrecognized",
        ),
    ],
)
async def test_wrong_conditions_are_told(client: AsgiClient, query: str, reason: str) -> None:
    answer = await client(f"GET /_cluster/health?{query}")
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)


async def test_settings_nested_flat_and_by_default(client: AsgiClient) -> None:
    change = {"persistent": {"search.max_buckets": 5}, "transient": {"action": {"destructive_requires_name": False}}}
    answer = await client("PUT /_cluster/settings", change)
    nested = {
        "persistent": {"search": {"max_buckets": "5"}},
        "transient": {"action": {"destructive_requires_name": "false"}},
    }
    assert answer.json == {"acknowledged": True, **nested}
    assert (await client("GET /_cluster/settings")).json == nested
    flat = (await client("GET /_cluster/settings?flat_settings&include_defaults")).json
    assert flat["persistent"] == {"search.max_buckets": "5"}
    assert flat["defaults"]["search.max_open_scroll_context"] == "500"
    assert "search.max_buckets" not in flat["defaults"]


async def test_state_shows_indices_and_where_they_are(client: AsgiClient) -> None:
    await client("PUT /b", {**REPLICA, "aliases": {"al": {}}})
    state = (await client("GET /_cluster/state")).json
    assert state["metadata"]["indices"]["b"]["aliases"] == ["al"]
    copies = state["routing_table"]["indices"]["b"]["shards"]["0"]
    assert [copy["state"] for copy in copies] == ["STARTED", "UNASSIGNED"]
    assert state["nodes"].keys() == {state["cluster_manager_node"]}
    some = (await client("GET /_cluster/state/metadata/none*")).json
    assert some["metadata"]["indices"] == {}
    assert "nodes" not in some
    wrong = await client("GET /_cluster/state/metadat")
    assert wrong.json["error"]["reason"] == (
        "request [/_cluster/state/metadat] contains unrecognized metric: [metadat] -> did you mean [metadata]?"
    )


async def test_stats_count_documents(client: AsgiClient) -> None:
    await client("PUT /a/_doc/1?refresh=true", {"x": 1})
    stats = (await client("GET /_cluster/stats")).json
    assert (stats["indices"]["count"], stats["indices"]["docs"]["count"], stats["status"]) == (1, 1, "yellow")
    assert (await client("GET /_cluster/pending_tasks")).json == {"tasks": []}


async def test_a_damaged_index_is_red_and_the_others_are_served(settings: Settings) -> None:
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        for name in ("good", "bad"):
            await client(f"PUT /{name}/_doc/1", {"x": 1})
        uuid = (await client("GET /_cat/indices/bad?h=uuid")).text.strip()
    (settings.data / "indices" / uuid / "log.sqlite").write_bytes(b"no database")
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        health = (await client("GET /_cluster/health?level=indices")).json
        assert (health["status"], health["indices"]["bad"]["status"]) == ("red", "red")
        assert (await client("GET /_cat/indices?h=index,health,docs.count&s=index")).text == (
            "bad  red     \ngood yellow 1\n"
        )
        assert "bad  0 p UNASSIGNED" in (await client("GET /_cat/shards?h=index,shard,prirep,state")).text
        assert (await client("GET /bad/_doc/1")).status == 503
        assert (await client("GET /good/_doc/1")).json["found"]
        assert (await client("GET /_nodes/stats")).status == (await client("GET /_cluster/stats")).status == 200
