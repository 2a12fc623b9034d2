"""`_nodes`: what sniffing clients and benchmarks read."""

import pytest

from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient


async def test_sniffing_finds_the_address_and_the_roles(client: AsgiClient, node: Node) -> None:
    body = (await client("GET /_nodes/_all/http")).json
    [(id, info)] = body["nodes"].items()
    assert id == node.services.node.node_id
    assert info["http"]["publish_address"] == node.services.node.http_address
    assert set(info["roles"]) > {"cluster_manager"}
    assert "os" not in info
    assert body["_nodes"] == {"total": 1, "successful": 1, "failed": 0}


async def test_benchmarks_find_what_they_insist_on(client: AsgiClient) -> None:
    [info] = (await client("GET /_nodes/_all")).json["nodes"].values()
    assert {"name", "plugins", "host"} <= info.keys()
    assert {"name", "version", "available_processors"} <= info["os"].keys()
    assert {"vm_vendor", "version"} <= info["jvm"].keys()
    [stats] = (await client("GET /_nodes/stats/_all")).json["nodes"].values()
    for collector in ("young", "old"):
        assert stats["jvm"]["gc"]["collectors"][collector]["collection_count"] >= 0
    assert stats["process"]["cpu"]["total_in_millis"] > 0
    assert stats["fs"]["total"]["total_in_bytes"] > 0


@pytest.mark.parametrize("who", ["_local", "_all", "test-*", "data:true", "127.0.0.1", "x,_cluster_manager"])
async def test_this_node_by_its_names(client: AsgiClient, who: str) -> None:
    assert (await client(f"GET /_nodes/{who}/http")).json["_nodes"]["total"] == 1


async def test_another_node_is_nobody(client: AsgiClient) -> None:
    assert (await client("GET /_nodes/other")).json["nodes"] == {}
    assert (await client("GET /_nodes/other/stats")).json["_nodes"] == {"total": 0, "successful": 0, "failed": 0}


async def test_metrics_choose_sections(client: AsgiClient) -> None:
    [info] = (await client("GET /_nodes/os,plugins")).json["nodes"].values()
    assert {"os", "plugins"} <= info.keys()
    assert "jvm" not in info
    [stats] = (await client("GET /_nodes/stats/indices,breaker")).json["nodes"].values()
    assert "indices" in stats
    assert "os" not in stats


async def test_unknown_metrics_are_named(client: AsgiClient) -> None:
    answer = await client("GET /_nodes/stats/jvm,nosuchmetric")
    assert answer.json["error"]["reason"] == (
        "request [/_nodes/stats/jvm,nosuchmetric] contains unrecognized metric: [nosuchmetric]"
    )


async def test_processors_are_listed(client: AsgiClient) -> None:
    [info] = (await client("GET /_nodes/ingest,search_pipelines")).json["nodes"].values()
    assert {"type": "text_embedding"} in info["ingest"]["processors"]
    assert {"type": "retrieval_augmented_generation"} in info["search_pipelines"]["response_processors"]
