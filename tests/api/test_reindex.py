"""`_reindex` over HTTP: what arrives, what is counted, what is refused; and `_tasks`, where it works on."""

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient


async def fill(client: AsgiClient, index: str, count: int, routing: str | None = None) -> None:
    extra = {} if routing is None else {"routing": routing}
    lines = [line for n in range(1, count + 1) for line in ({"index": {"_id": f"{n}", **extra}}, {"n": n, "t": "x"})]
    answer = await client(f"POST /{index}/_bulk?refresh=true", b"".join(json.encode(line) + b"\n" for line in lines))
    assert answer.json["errors"] is False


async def documents(client: AsgiClient, index: str) -> dict[str, Any]:
    await client(f"POST /{index}/_refresh")
    found = await client(f"POST /{index}/_search", {"size": 100})
    return {hit["_id"]: hit["_source"] for hit in found.json["hits"]["hits"]}


async def test_what_a_search_finds_is_copied_in_part(client: AsgiClient) -> None:
    await fill(client, "a", 3)
    body = {
        "source": {"index": "a", "query": {"range": {"n": {"lte": 2}}}, "_source": ["n"]},
        "dest": {"index": "b"},
    }
    answer = await client("POST /_reindex?refresh=true", body)
    assert answer.status == 200
    assert {**answer.json, "took": 0} == {
        "took": 0,
        "timed_out": False,
        "total": 2,
        "updated": 0,
        "created": 2,
        "deleted": 0,
        "batches": 1,
        "version_conflicts": 0,
        "noops": 0,
        "retries": {"bulk": 0, "search": 0},
        "throttled_millis": 0,
        "requests_per_second": -1.0,
        "throttled_until_millis": 0,
        "failures": [],
    }
    assert await documents(client, "b") == {"1": {"n": 1}, "2": {"n": 2}}
    again = (await client("POST /_reindex", body)).json
    assert (again["created"], again["updated"]) == (0, 2)


async def test_several_sources_go_into_one_index_in_batches(client: AsgiClient) -> None:
    await fill(client, "a1", 3)
    await fill(client, "a2", 5)
    body = {"source": {"index": ["a1", "a2"], "size": 4}, "dest": {"index": "b"}}
    answer = (await client("POST /_reindex", body)).json
    assert (answer["total"], answer["created"], answer["updated"], answer["batches"]) == (8, 5, 3, 2)


async def test_only_new_documents_may_be_created(client: AsgiClient) -> None:
    await fill(client, "a", 3)
    await client("PUT /b/_doc/1", {"n": 100})
    body: dict[str, Any] = {"source": {"index": "a"}, "dest": {"index": "b", "op_type": "create"}}
    answer = await client("POST /_reindex", body)
    assert (answer.status, answer.json["created"], answer.json["version_conflicts"]) == (409, 2, 1)
    [failure] = answer.json["failures"]
    assert (failure["index"], failure["id"], failure["status"]) == ("b", "1", 409)
    assert failure["cause"]["reason"] == "[1]: version conflict, document already exists (current version [1])"
    proceeding = await client("POST /_reindex", {**body, "conflicts": "proceed"})
    assert (proceeding.status, proceeding.json["version_conflicts"], proceeding.json["failures"]) == (200, 3, [])
    assert (await documents(client, "b"))["1"] == {"n": 100}


async def test_versions_of_the_source_count_when_asked(client: AsgiClient) -> None:
    await fill(client, "a", 1)
    await fill(client, "a", 1)
    body: dict[str, Any] = {"source": {"index": "a"}, "dest": {"index": "b", "version_type": "external"}}
    assert (await client("POST /_reindex", body)).json["created"] == 1
    assert (await client("GET /b/_doc/1")).json["_version"] == 2
    conflict = await client("POST /_reindex", body)
    assert conflict.status == 409
    assert "current version [2] is higher or equal to the one provided [2]" in json.encode(conflict.json).decode()
    body["dest"]["version_type"] = "external_gte"
    assert (await client("POST /_reindex", body)).json["updated"] == 1


@pytest.mark.parametrize(("routing", "becomes"), [(None, "r"), ("discard", None), ("=x", "x")])
async def test_routings_are_kept_dropped_or_replaced(
    client: AsgiClient, routing: str | None, becomes: str | None
) -> None:
    await fill(client, "a", 1, routing="r")
    await client(
        "POST /_reindex?refresh",
        {"source": {"index": "a"}, "dest": {"index": "b", **({"routing": routing} if routing else {})}},
    )
    [hit] = (await client("POST /b/_search", {})).json["hits"]["hits"]
    assert hit.get("_routing") == becomes


async def test_documents_go_through_the_pipeline_of_the_destination(client: AsgiClient) -> None:
    await fill(client, "a", 1)
    await client("PUT /_ingest/pipeline/mark", {"processors": [{"set": {"field": "seen", "value": True}}]})
    await client("POST /_reindex", {"source": {"index": "a"}, "dest": {"index": "b", "pipeline": "mark"}})
    assert await documents(client, "b") == {"1": {"n": 1, "t": "x", "seen": True}}


async def test_an_alias_leads_to_its_write_index(client: AsgiClient) -> None:
    await fill(client, "a", 1)
    await client("PUT /b1")
    await client("PUT /b2")
    await client("PUT /b1/_alias/b", {"is_write_index": True})
    await client("PUT /b2/_alias/b", {})
    assert (await client("POST /_reindex", {"source": {"index": "a"}, "dest": {"index": "b"}})).json["created"] == 1
    assert list(await documents(client, "b1")) == ["1"]


async def test_a_document_that_does_not_fit_fails_with_its_reason(client: AsgiClient) -> None:
    await fill(client, "a", 2)
    await client("PUT /b", {"mappings": {"properties": {"t": {"type": "long"}}}})
    answer = await client("POST /_reindex", {"source": {"index": "a"}, "dest": {"index": "b"}, "conflicts": "proceed"})
    assert (answer.status, answer.json["created"], len(answer.json["failures"])) == (400, 0, 2)
    assert answer.json["failures"][0]["cause"]["type"] == "mapper_parsing_exception"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"source": {"index": "a"}}, 400, "Validation Failed: 1: index must be specified;"),
        ({"dest": {"index": "b"}}, 400, "Validation Failed: 1: use _all if you really want to copy from all existing indexes;"),
        ({"source": {"index": "a"}, "dest": {"index": "a"}}, 400, "Validation Failed: 1: reindex cannot write into an index its reading from [a];"),
        ({"source": {"index": "*"}, "dest": {"index": "alias"}}, 400, "Validation Failed: 1: reindex cannot write into an index its reading from [a];"),
        ({"source": {"index": "none"}, "dest": {"index": "b"}}, 404, "no such index [none]"),
        ({"source": {"index": "a"}, "dest": {"index": "b"}, "foo": 1}, 400, "[1:46] [reindex] unknown field [foo]"),
        ({"source": {"index": "a", "foo": 1}, "dest": {"index": "b"}}, 400, "[1:31] [reindex] failed to parse field [source]"),
        ({"source": {"index": "a"}, "dest": {"index": "b", "op_type": "create", "version_type": "external"}}, 400, "Validation Failed: 1: create operations only support internal versioning. use index instead;"),
        ({"source": {"index": "a"}, "dest": {"index": "b"}, "script": {"source": "x"}}, 400, "a [script] in [reindex] is not supported by Ragstone yet"),
        ({"source": {"index": "a", "remote": {"host": "http://x:9200"}}, "dest": {"index": "b"}}, 400, "[remote] in [reindex] is not supported by Ragstone yet"),
        ([], 400, "[1:1] [reindex] Expected START_OBJECT but was: START_ARRAY"),
        (None, 400, "request body is required"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(client: AsgiClient, body: Any, status: int, reason: str) -> None:
    await fill(client, "a", 1)
    await client("PUT /a/_alias/alias")
    refused = await client("POST /_reindex", body)
    assert (refused.status, refused.json["error"]["reason"]) == (status, reason)
    assert (await client("HEAD /b")).status == 404


async def test_an_alias_can_be_demanded(client: AsgiClient) -> None:
    await fill(client, "a", 1)
    refused = await client("POST /_reindex?require_alias=true", {"source": {"index": "a"}, "dest": {"index": "b"}})
    assert (refused.status, refused.json["error"]["type"]) == (404, "index_not_found_exception")
    assert "[require_alias] request flag is [true] and [b] is not an alias" in refused.json["error"]["reason"]


async def test_documents_without_their_source_can_not_be_copied(client: AsgiClient) -> None:
    await client("PUT /a", {"mappings": {"_source": {"enabled": False}}})
    await client("PUT /a/_doc/1?refresh=true", {"n": 1})
    refused = await client("POST /_reindex", {"source": {"index": "a"}, "dest": {"index": "b"}})
    assert (refused.status, refused.json["error"]["reason"]) == (400, "[a][1] didn't store _source")


# ── in the background ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_request_in_the_background_is_a_task_with_a_result(client: AsgiClient) -> None:
    await fill(client, "a", 2)
    body = {"source": {"index": "a"}, "dest": {"index": "b"}}
    started = await client("POST /_reindex?wait_for_completion=false", body)
    assert list(started.json) == ["task"]
    ended = (await client(f"GET /_tasks/{started.json['task']}?wait_for_completion=true")).json
    assert ended["completed"] is True
    assert (ended["task"]["action"], ended["task"]["description"]) == (
        "indices:data/write/reindex",
        "reindex from [a] to [b]",
    )
    assert ended["task"]["status"]["created"] == 2
    response = {**ended["response"], "took": 0}
    assert (response["created"], response["throttled"], response["throttled_until"]) == (2, "0s", "0s")
    assert response["failures"] == []
    assert sorted(await documents(client, "b")) == ["1", "2"]


async def test_what_fails_in_the_background_is_the_result_of_its_task(client: AsgiClient) -> None:
    started = await client("POST /none/_update_by_query?wait_for_completion=false")
    assert started.status == 200
    ended = (await client(f"GET /_tasks/{started.json['task']}?wait_for_completion=true")).json
    assert (ended["completed"], ended["error"]["type"]) == (True, "index_not_found_exception")


async def test_what_is_malformed_never_becomes_a_task(client: AsgiClient) -> None:
    assert (await client("POST /a/_delete_by_query?wait_for_completion=false")).status == 400


@pytest.mark.parametrize(
    ("target", "status", "answer"),
    [
        ("GET /_tasks?actions=nosuchaction*", 200, {"nodes": {}}),
        ("GET /_tasks?actions=nosuchaction*&group_by=none", 200, {"tasks": []}),
        ("GET /_tasks?actions=nosuchaction*&group_by=parents", 200, {"tasks": {}}),
        ("GET /_tasks?nodes=other", 200, {"nodes": {}}),
        ("POST /_tasks/_cancel?actions=*reindex", 200, {"nodes": {}}),
    ],
)
async def test_nothing_at_work_is_an_empty_list(client: AsgiClient, target: str, status: int, answer: Any) -> None:
    found = await client(target)
    assert (found.status, found.json) == (status, answer)


@pytest.mark.parametrize(
    ("target", "status", "reason"),
    [
        ("GET /_tasks/nonsense", 400, "malformed task id nonsense"),
        ("POST /_tasks/nonsense/_cancel", 400, "malformed task id nonsense"),
        ("GET /_tasks?group_by=sideways", 400, "[group_by] must be one of [nodes], [parents] or [none] but was [sideways]"),
        ("GET /_tasks/none:1", 404, "task [none:1] belongs to the node [none] which isn't part of the cluster and there is no record of the task"),
    ],
)  # fmt: skip
async def test_a_task_that_can_not_be_is_told(client: AsgiClient, target: str, status: int, reason: str) -> None:
    refused = await client(target)
    assert (refused.status, refused.json["error"]["reason"]) == (status, reason)


async def test_a_task_gets_another_rate_while_it_works(client: AsgiClient) -> None:
    await fill(client, "a", 3)
    body = {"source": {"index": "a", "size": 1}, "dest": {"index": "b"}}
    slow = (await client("POST /_reindex?wait_for_completion=false&requests_per_second=0.001", body)).json["task"]
    listed = (await client("GET /_tasks?actions=*reindex&detailed=true")).json["nodes"]
    [node] = listed.values()
    assert node["tasks"][slow]["description"] == "reindex from [a] to [b]"
    hastened = await client(f"POST /_reindex/{slow}/_rethrottle?requests_per_second=-1")
    assert slow in next(iter(hastened.json["nodes"].values()))["tasks"]
    ended = (await client(f"GET /_tasks/{slow}?wait_for_completion=true")).json
    assert (ended["completed"], ended["response"]["created"]) == (True, 3)
    late = await client(f"POST /_reindex/{slow}/_rethrottle?requests_per_second=-1")
    assert late.json["node_failures"][0]["caused_by"]["reason"] == f"task [{slow}] is missing"


async def test_a_task_that_waits_is_stopped_at_once(client: AsgiClient) -> None:
    await fill(client, "a", 3)
    body = {"source": {"index": "a", "size": 1}, "dest": {"index": "b"}}
    slow = (await client("POST /_reindex?wait_for_completion=false&requests_per_second=0.001", body)).json["task"]
    stopped = (await client(f"POST /_tasks/{slow}/_cancel")).json["nodes"]
    [node] = stopped.values()
    assert node["tasks"][slow]["cancelled"] is True
    ended = (await client(f"GET /_tasks/{slow}?wait_for_completion=true")).json
    assert (ended["completed"], ended["response"]["canceled"]) == (True, "by user request")
    assert ended["task"]["cancelled"] is True


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("", "requests_per_second is a required parameter"),
        (
            "?requests_per_second=0",
            "[requests_per_second] must be a float greater than 0. Use -1 to disable throttling.",
        ),
    ],
)
async def test_a_rate_must_be_given_and_make_sense(client: AsgiClient, parameters: str, reason: str) -> None:
    refused = await client(f"POST /_reindex/node:1/_rethrottle{parameters}")
    assert (refused.status, refused.json["error"]["reason"]) == (400, reason)


async def test_a_task_of_another_node_can_not_be_stopped_here(client: AsgiClient) -> None:
    answer = (await client("POST /_tasks/none:1/_cancel")).json
    [failure] = answer["node_failures"]
    assert (failure["type"], failure["node_id"]) == ("failed_node_exception", "none")
    assert failure["caused_by"]["type"] == "no_such_node_exception"
