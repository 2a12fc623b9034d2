"""`_cat` tables, as people and as programs read them."""

import re

import pytest

from ragstone.rest.routes import cat, cat_cluster
from ragstone.testing.asgi import AsgiClient

ONE = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
TABLES = sorted({r.path for r in (*cat.routes, *cat_cluster.routes) if "{" not in r.path and r.path != "/_cat"})


async def test_indices(client: AsgiClient) -> None:
    await client("PUT /core-a", ONE)
    await client("PUT /core-b", {"settings": {"number_of_replicas": 2}})
    await client("PUT /core-a/_doc/1?refresh=true", {"x": 1})
    answer = await client("GET /_cat/indices/core-*?h=health,status,index,pri,rep,docs.count&s=index:desc&v=true")
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.text == (
        "health status index  pri rep docs.count\n"
        "yellow open   core-b   1   2          0\n"
        "green  open   core-a   1   0          1\n"
    )  # fmt: skip
    [whole] = (await client("GET /_cat/indices/core-a?format=json&bytes=b")).json
    assert list(whole) == [
        "health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted", "store.size", "pri.store.size",
    ]  # fmt: skip
    assert whole["store.size"].isdecimal()
    assert (await client("GET /_cat/indices?health=yellow&h=index")).text == "core-b\n"
    assert (await client("GET /_cat/indices/none")).status == 404
    assert (await client("GET /_cat/indices/none*")).body == b""
    assert (await client("GET /_cat/indices/none*?format=json")).json == []


async def test_an_unknown_sort_column_is_the_clients_fault(client: AsgiClient) -> None:
    answer = await client("GET /_cat/indices?s=nosuch")
    assert answer.status == 400
    assert answer.json["error"]["type"] == "unsupported_operation_exception"
    assert answer.json["error"]["reason"] == "Unable to sort by unknown sort key `nosuch`"


async def test_shards_count_replicas_nobody_holds(client: AsgiClient) -> None:
    await client("PUT /core-b", {"settings": {"number_of_shards": 2, "number_of_replicas": 1}})
    answer = await client("GET /_cat/shards/core-b?h=index,shard,prirep,state,node")
    assert answer.text == (
        "core-b 0 p STARTED    test-node\n"
        "core-b 0 r UNASSIGNED \n"
        "core-b 1 p STARTED    test-node\n"
        "core-b 1 r UNASSIGNED \n"
    )


async def test_aliases(client: AsgiClient) -> None:
    filtered = {"filter": {"term": {"a": 1}}, "routing": "7", "is_write_index": True}
    await client("PUT /core-c", {**ONE, "aliases": {"al": filtered, "plain": {}}})
    assert (await client("GET /_cat/aliases?s=alias&v=true")).text == (
        "alias index  filter routing.index routing.search is_write_index\n"
        "al    core-c *      7             7              true\n"
        "plain core-c -      -             -              -\n"
    )
    assert (await client("GET /_cat/aliases/none*")).body == b""


async def test_count(client: AsgiClient) -> None:
    await client("PUT /core-a/_doc/1?refresh=true", {"x": 1})
    await client("PUT /core-b/_doc/1?refresh=true", {"x": 1})
    assert (await client("GET /_cat/count?h=count")).text == "2\n"
    assert re.fullmatch(r"\d+ \d\d:\d\d:\d\d 1\n", (await client("GET /_cat/count/core-a")).text)


async def test_health_with_and_without_the_time(client: AsgiClient) -> None:
    [row] = (await client("GET /_cat/health?format=json")).json
    assert list(row)[:4] == ["epoch", "timestamp", "cluster", "status"]
    assert (await client("GET /_cat/health?ts=false")).text == "test-cluster green 1 1 true 0 0 0 0 0 0 - 100.0%\n"


async def test_nodes_and_plugins(client: AsgiClient) -> None:
    [row] = (await client("GET /_cat/nodes?format=json&full_id=true&h=id,version,node.role,cluster_manager,name")).json
    assert len(row.pop("id")) == 22
    assert row == {"version": "3.4.0", "node.role": "dimr", "cluster_manager": "*", "name": "test-node"}
    assert "test-node opensearch-ml" in (await client("GET /_cat/plugins?h=name,component")).text


@pytest.mark.parametrize("path", TABLES)
async def test_every_table_explains_itself_and_speaks_json(client: AsgiClient, path: str) -> None:
    help_text = (await client(f"GET {path}?help=true")).text
    assert all(line.count(" | ") == 2 for line in help_text.splitlines())
    rows = (await client(f"GET {path}?format=json&v=true")).json
    assert all(value is None or isinstance(value, str) for row in rows for value in row.values())


async def test_the_list_of_tables(client: AsgiClient) -> None:
    lines = (await client("GET /_cat")).text.splitlines()
    assert lines[0] == "=^.^="
    assert {"/_cat/indices", "/_cat/indices/{index}", "/_cat/nodes"} <= set(lines)
