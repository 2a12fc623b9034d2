"""What callers are let do with indices, documents and memories, by their roles."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.testing.asgi import Answer

USER = "User [name=ann, backend_roles=[], requestedTenant=null]"
BULK = "indices:data/write/bulk"


def no_permission(*actions: str) -> str:
    return f"no permissions for [{', '.join(actions)}] and {USER}"


async def become(ask: Any, *, cluster: list[str] | None = None, **indices: list[str]) -> None:
    """Make the user `ann`, who is in no other role: `indices` are actions by pattern, `x_` standing for `x*`."""
    role = {
        "cluster_permissions": cluster or [],
        "index_permissions": [
            {"index_patterns": [pattern.replace("_", "*")], "allowed_actions": actions}
            for pattern, actions in indices.items()
        ],
    }
    assert (await ask("PUT /api/roles/r", role)).status in (200, 201)
    user = {"password": "Reef-Kettle-9271!", "opendistro_security_roles": ["r"]}
    assert (await ask("PUT /api/internalusers/ann", user)).status in (200, 201)


async def without_own_index(ask: Any) -> None:
    """Take the role from everybody that gives `_bulk`, `_mget` and `_msearch` to all."""
    change = [{"op": "replace", "path": "/users", "value": ["nobody"]}]
    assert (await ask("PATCH /api/rolesmapping/own_index", change)).status == 200


def reason(answer: Answer) -> str:
    assert answer.status == 403
    assert answer.json["error"]["root_cause"][0]["type"] == "security_exception"
    text: str = answer.json["error"]["reason"]
    return text


@pytest.fixture(autouse=True)
async def indices(ask: Any) -> None:
    for index in ("a1", "a2", "b1"):
        assert (await ask(f"PUT /{index}/_doc/1?refresh=true", {"n": 1})).status == 201


_FORBIDDEN: tuple[tuple[str, object, str], ...] = (
    ("PUT /b1/_doc/2", {"n": 1}, "indices:data/write/index"),
    ("PUT /b1/_create/2", {"n": 1}, "indices:data/write/index"),
    ("POST /b1/_update/1", {"doc": {"n": 2}}, "indices:data/write/update"),
    ("DELETE /b1/_doc/1", None, "indices:data/write/delete"),
    ("GET /b1/_doc/1", None, "indices:data/read/get"),
    ("GET /b9/_doc/1", None, "indices:data/read/get"),
    ("GET /b1/_source/1", None, "indices:data/read/get"),
    ("POST /b1/_search", {}, "indices:data/read/search"),
    ("POST /_search", {}, "indices:data/read/search"),
    ("POST /a*,b1/_count", {}, "indices:data/read/search"),
    ("GET /_cat/count/b1", None, "indices:data/read/search"),
    ("GET /b1/_mapping", None, "indices:admin/mappings/get"),
    ("PUT /b2", {}, "indices:admin/create"),
    ("DELETE /b1", None, "indices:admin/delete"),
    ("POST /_aliases", {"actions": [{"add": {"index": "b1", "alias": "x"}}]}, "indices:admin/aliases"),
    ("GET /_alias/x", None, "indices:admin/aliases/get"),
)
"""What is refused to whoever may do everything with `a*`."""

# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_bulk_request_fails_the_items_of_forbidden_indices_only(ask: Any) -> None:
    await become(ask, a_=["crud"])
    lines = (
        b'{"index":{"_index":"a1","_id":"5"}}\n{"n":5}\n{"index":{"_index":"b1","_id":"5"}}\n{"n":5}\n'
        b'{"delete":{"_index":"b1","_id":"1"}}\n{"create":{"_index":"a2","_id":"5"}}\n{"n":5}\n'
    )
    answer = await ask("POST /_bulk", lines, user="ann")
    assert answer.status == 200
    items = [next(iter(item.values())) for item in answer.json["items"]]
    assert [item["status"] for item in items] == [201, 403, 403, 201]
    expected = no_permission(f"{BULK}[s]", "indices:data/write/index", "indices:data/write/delete")
    assert {item["error"]["reason"] for item in items[1:3]} == {expected}
    assert (await ask("GET /b1/_doc/1")).json["found"] is True
    assert (await ask("GET /b1/_doc/5")).json["found"] is False


async def test_each_request_names_the_action_that_it_is(ask: Any) -> None:
    await become(ask, a_=["*"])
    for request_line, body, action in _FORBIDDEN:
        assert reason(await ask(request_line, body, user="ann")) == no_permission(action), request_line


async def test_a_single_write_needs_the_bulk_right_too(ask: Any) -> None:
    await become(ask, a_=["crud"])
    await without_own_index(ask)
    for request_line, body in (("PUT /a1/_doc/2", {"n": 2}), ("POST /a1/_update/1", {"doc": {}})):
        assert reason(await ask(request_line, body, user="ann")) == no_permission(BULK)
    docs = {"docs": [{"_index": "a1", "_id": "1"}]}
    assert reason(await ask("POST /_mget", docs, user="ann")) == no_permission("indices:data/read/mget")
    searches = b'{"index":"a1"}\n{}\n'
    assert reason(await ask("POST /_msearch", searches, user="ann")) == no_permission("indices:data/read/msearch")
    assert (await ask("GET /a1/_doc/1", user="ann")).status == 200


async def test_parts_of_a_request_are_refused_alone(ask: Any) -> None:
    await become(ask, a_=["read"])
    docs = {"docs": [{"_index": "a1", "_id": "1"}, {"_index": "b1", "_id": "1"}]}
    [allowed, refused] = (await ask("POST /_mget", docs, user="ann")).json["docs"]
    assert allowed["found"] is True
    assert refused["error"]["reason"] == no_permission("indices:data/read/mget[shard]")
    searches = b'{"index":"a1"}\n{}\n{"index":"b1"}\n{}\n'
    [allowed, refused] = (await ask("POST /_msearch", searches, user="ann")).json["responses"]
    assert (allowed["status"], refused["status"]) == (200, 403)
    assert refused["error"]["reason"] == no_permission("indices:data/read/search")


async def test_making_an_index_by_writing_into_it_is_a_right_of_its_own(ask: Any) -> None:
    await become(ask, n_=["crud"])
    assert reason(await ask("PUT /new/_doc/1", {"n": 1}, user="ann")) == no_permission("indices:admin/create")
    [item] = (await ask("POST /new/_bulk", b'{"index":{}}\n{}\n', user="ann")).json["items"]
    assert item["index"]["error"]["reason"] == no_permission("indices:admin/create")
    assert (await ask("HEAD /new")).status == 404
    await become(ask, n_=["crud", "create_index"])
    assert (await ask("PUT /new/_doc/1", {"n": 1}, user="ann")).status == 201


async def test_a_pipeline_cannot_lead_a_document_where_its_writer_may_not_write(ask: Any) -> None:
    redirect = {"processors": [{"set": {"field": "_index", "value": "b1"}}]}
    assert (await ask("PUT /_ingest/pipeline/elsewhere", redirect)).status == 200
    await become(ask, a_=["crud"])
    answer = await ask("PUT /a1/_doc/7?pipeline=elsewhere", {"n": 7}, user="ann")
    assert reason(answer) == no_permission(f"{BULK}[s]", "indices:data/write/index")
    assert (await ask("GET /b1/_doc/7")).json["found"] is False


# ── the node's own indices ───────────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_reads_or_changes_the_nodes_own_indices(ask: Any) -> None:
    memory = (await ask("POST /_plugins/_ml/memory", {"name": "mine"})).json["memory_id"]
    for index in (".plugins-ml-memory-meta", ".opendistro_security"):
        await check_out_of_reach(ask, index, memory)
    assert (await ask(f"GET /_plugins/_ml/memory/{memory}")).json["name"] == "mine"


async def check_out_of_reach(ask: Any, index: str, memory: str) -> None:
    hits = (await ask(f"GET /{index}/_search")).json["hits"]
    assert (hits["total"]["value"], hits["max_score"]) == (0, None)
    assert (await ask(f"POST /{index}/_count")).json["count"] == 0
    answer = await ask(f"GET /{index}/_doc/{memory}")
    assert (answer.status, answer.json["found"]) == (404, False)
    admin = "User [name=admin, backend_roles=[admin], requestedTenant=null]"
    for request_line, body in (
        (f"PUT /{index}/_doc/{memory}", {"name": "x"}),
        (f"DELETE /{index}/_doc/{memory}", None),
        (f"DELETE /{index}", None),
        (f"PUT /{index}/_settings", {"index.number_of_replicas": 0}),
        (f"PUT /{index}/_mapping", {"properties": {}}),
        ("POST /_aliases", {"actions": [{"add": {"index": index, "alias": "open"}}]}),
    ):
        assert reason(await ask(request_line, body)) == f"no permissions for [] and {admin}"
    [item] = (await ask("POST /_bulk", f'{{"delete":{{"_index":"{index}","_id":"{memory}"}}}}\n'.encode())).json[
        "items"
    ]
    assert item["delete"]["status"] in (403, 404)


# ── memories ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_memory_belongs_to_whoever_began_it(ask: Any) -> None:
    memory = (await ask("POST /_plugins/_ml/memory", {"name": "talk"})).json["memory_id"]
    one = f"/_plugins/_ml/memory/{memory}"
    message = (await ask(f"POST {one}/messages", {"input": "q", "response": "a"})).json["message_id"]
    await become(ask, cluster=["cluster:admin/opensearch/ml/*"])
    for request_line, body in (
        (f"GET {one}", None),
        (f"PUT {one}", {"name": "mine"}),
        (f"GET {one}/messages", None),
        (f"POST {one}/messages", {"input": "q"}),
        (f"GET {one}/_search", {"query": {"match_all": {}}}),
        (f"GET /_plugins/_ml/memory/message/{message}", None),
        (f"PUT /_plugins/_ml/memory/message/{message}", {"response": "b"}),
        (f"GET /_plugins/_ml/memory/message/{message}/traces", None),
    ):
        answer = await ask(request_line, body, user="ann")
        assert (answer.status, answer.json["error"]["type"]) == (401, "status_exception")
        asked = f"message {message}" if "/message/" in request_line else f"memory {memory}"
        assert answer.json["error"]["reason"] == f"User [ann] does not have access to {asked}"
    answer = await ask(f"DELETE {one}", user="ann")
    assert answer.status == 404
    assert answer.json["error"]["reason"] == f"Resources not found. Failed to delete the memory for {memory}"
    assert (await ask("GET /_plugins/_ml/memory", user="ann")).json["memories"] == []
    everything: Any = {"query": {"match_all": {}}}
    assert (await ask("POST /_plugins/_ml/memory/_search", everything, user="ann")).json["hits"]["hits"] == []
    assert (await ask(f"GET {one}")).json["user"] == "admin"
    assert (await ask(f"GET {one}/messages")).json["messages"][0]["response"] == "a"


# ── asking only ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_may_ask_what_one_is_allowed(ask: Any) -> None:
    await become(ask, a_=["read"])

    async def asked(request_line: str, body: object = None) -> Any:
        return (await ask(f"{request_line}?perform_permission_check=true", body, user="ann")).json

    assert await asked("GET /a1/_search") == {"accessAllowed": True, "missingPrivileges": []}
    assert await asked("DELETE /a1") == {"accessAllowed": False, "missingPrivileges": ["indices:admin/delete"]}
    assert await asked("PUT /b2", {}) == {"accessAllowed": False, "missingPrivileges": ["indices:admin/create"]}
    assert (await ask("DELETE /a1?perform_permission_check=true")).json["accessAllowed"] is True
    assert (await ask("HEAD /a1")).status == 200
