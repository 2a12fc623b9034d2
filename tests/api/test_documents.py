"""Single documents over HTTP: results, versions, conflicts, real time."""

import pytest

from ragstone.testing.asgi import AsgiClient


async def test_a_document_lives_from_creation_to_deletion(client: AsgiClient) -> None:
    created = await client("PUT /books/_doc/1?refresh=true", {"title": "Dune"})
    assert created.status == 201
    assert created.headers["location"] == "/books/_doc/1"
    assert created.json == {
        "_index": "books",
        "_id": "1",
        "_version": 1,
        "result": "created",
        "forced_refresh": True,
        "_shards": {"total": 2, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
    }
    assert (await client("PUT /books/_doc/1", {"title": "Dune II"})).json["result"] == "updated"
    found = await client("GET /books/_doc/1")
    assert found.json["_source"] == {"title": "Dune II"}
    assert (found.json["_version"], found.json["_seq_no"]) == (2, 1)
    assert (await client("DELETE /books/_doc/1")).json["result"] == "deleted"
    missing = await client("GET /books/_doc/1")
    assert (missing.status, missing.json) == (404, {"_index": "books", "_id": "1", "found": False})
    again = await client("DELETE /books/_doc/1")
    assert (again.status, again.json["result"], again.json["_version"]) == (404, "not_found", 4)


async def test_the_source_comes_back_as_it_was_sent(client: AsgiClient) -> None:
    sent = b'{"z":1.50,"a":[1,null,[2]],"big":12345678901234567,"e":1e2}'
    await client("PUT /books/_doc/1", sent)
    assert (await client("GET /books/_source/1")).content == sent


async def test_a_generated_id_has_twenty_characters(client: AsgiClient) -> None:
    created = (await client("POST /books/_doc", {"a": 1})).json
    assert len(created["_id"]) == 20
    assert (await client(f"GET /books/_doc/{created['_id']}")).json["found"] is True


@pytest.mark.parametrize(
    ("target", "status", "kind", "reason"),
    [
        ("PUT /books/_create/1", 409, "version_conflict_engine_exception", "[1]: version conflict, document already exists (current version [1])"),
        ("PUT /books/_doc/1?if_seq_no=7&if_primary_term=1", 409, "version_conflict_engine_exception", "[1]: version conflict, required seqNo [7], primary term [1]. current document has seqNo [0] and primary term [1]"),
        ("PUT /books/_doc/1?if_seq_no=3", 400, "action_request_validation_exception", "Validation Failed: 1: ifSeqNo is set, but primary term is [0];"),
        ("PUT /books/_doc/1?version=3", 400, "action_request_validation_exception", "Validation Failed: 1: internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and `if_primary_term` instead;"),
        ("PUT /books/_doc/1?op_type=put", 400, "illegal_argument_exception", "opType must be 'create' or 'index', found: [put]"),
        ("PUT /books/_doc/1?refresh=maybe", 400, "illegal_argument_exception", "Unknown value for refresh: [maybe]."),
        ("PUT /books/_doc/1?foo=1", 400, "illegal_argument_exception", "request [/books/_doc/1] contains unrecognized parameter: [foo]"),
        ("PUT /Books/_doc/1", 400, "invalid_index_name_exception", "Invalid index name [Books], must be lowercase"),
        ("PUT /books/_doc/1?require_alias=true", 404, "index_not_found_exception", "no such index [books] and [require_alias] request flag is [true] and [books] is not an alias"),
    ],
)  # fmt: skip
async def test_a_refused_write_says_why_and_changes_nothing(
    client: AsgiClient, target: str, status: int, kind: str, reason: str
) -> None:
    await client("PUT /books/_doc/1", {"a": 1})
    refused = await client(target, {"a": 2})
    error = refused.json["error"]
    assert (refused.status, error["type"], error["reason"]) == (status, kind, reason)
    assert (await client("GET /books/_doc/1")).json["_source"] == {"a": 1}


async def test_external_versions_only_grow(client: AsgiClient) -> None:
    assert (await client("PUT /books/_doc/v?version=5&version_type=external", {"a": 1})).json["_version"] == 5
    assert (await client("PUT /books/_doc/v?version=5&version_type=external", {"a": 1})).status == 409
    assert (await client("PUT /books/_doc/v?version=5&version_type=external_gte", {"a": 1})).status == 200


async def test_an_update_merges_objects_and_replaces_the_rest(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1", {"a": {"b": 1, "c": [1, 2]}, "n": 1})
    updated = await client("POST /books/_update/1?_source=true", {"doc": {"a": {"c": [3], "d": None}, "x": "y"}})
    assert updated.json["get"]["_source"] == {"a": {"b": 1, "c": [3], "d": None}, "n": 1, "x": "y"}
    noop = await client("POST /books/_update/1", {"doc": {"n": 1}})
    assert (noop.json["result"], noop.json["_version"], noop.json["_shards"]["total"]) == ("noop", 2, 0)
    forced = await client("POST /books/_update/1", {"doc": {"n": 1}, "detect_noop": False})
    assert forced.json["result"] == "updated"


async def test_an_upsert_creates_what_is_missing(client: AsgiClient) -> None:
    assert (await client("POST /books/_update/1", {"doc": {"n": 1}})).json["error"]["reason"] == "[1]: document missing"
    created = await client("POST /books/_update/1", {"doc": {"n": 1}, "upsert": {"first": True}})
    assert (created.status, created.json["result"]) == (201, "created")
    assert (await client("GET /books/_source/1")).json == {"first": True}
    await client("POST /books/_update/2", {"doc": {"n": 1}, "doc_as_upsert": True})
    assert (await client("GET /books/_source/2")).json == {"n": 1}


async def test_a_script_is_refused_out_loud(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1", {"a": 1})
    refused = await client("POST /books/_update/1", {"script": "ctx._source.a = 2"})
    assert (refused.status, "not supported by Ragstone yet" in refused.json["error"]["reason"]) == (400, True)


async def test_get_is_real_time_and_search_is_not(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"refresh_interval": "-1"}})
    await client("PUT /books/_doc/1", {"a": 1})
    assert (await client("GET /books/_doc/1")).json["found"] is True
    assert (await client("GET /books/_doc/1?realtime=false")).json["found"] is False
    assert (await client("GET /books/_count")).json["count"] == 0
    await client("POST /books/_refresh")
    assert (await client("GET /books/_count")).json["count"] == 1


async def test_a_required_routing_is_asked_of_reads_and_writes(client: AsgiClient) -> None:
    await client("PUT /books", {"mappings": {"_routing": {"required": True}}})
    assert (await client("PUT /books/_doc/1?routing=u1", {"a": 1})).status == 201
    for target in ("PUT /books/_doc/1", "GET /books/_doc/1", "DELETE /books/_doc/1", "POST /books/_update/1"):
        refused = await client(target, {"doc": {}})
        assert refused.json["error"]["type"] == "routing_missing_exception", target
        assert refused.json["error"]["reason"] == "routing is required for [books]/[1]"
    assert (await client("GET /books/_doc/1?routing=u1")).json["_routing"] == "u1"


async def test_a_source_that_is_not_kept_is_not_shown_and_not_updated(client: AsgiClient) -> None:
    await client("PUT /books", {"mappings": {"_source": {"enabled": False}}})
    await client("PUT /books/_doc/1?refresh=true", {"a": 1})
    assert "_source" not in (await client("GET /books/_doc/1")).json
    assert (await client("GET /books/_source/1")).json["error"]["reason"] == "Source not found [books]/[1]"
    refused = await client("POST /books/_update/1", {"doc": {"a": 2}})
    assert refused.json["error"]["reason"] == "[1]: document source missing"
    assert (await client("GET /books/_search?q=a:1")).json["hits"]["total"]["value"] == 1


async def test_mget_answers_in_order_with_errors_in_place(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1", {"a": {"b": 1, "c": 2}})
    docs = [{"_id": "1", "_source": "a.b"}, {"_id": "2"}, {"_index": "none", "_id": "1"}]
    answers = (await client("POST /books/_mget", {"docs": docs})).json["docs"]
    assert answers[0]["_source"] == {"a": {"b": 1}}
    assert answers[1] == {"_index": "books", "_id": "2", "found": False}
    assert answers[2]["error"]["type"] == "index_not_found_exception"
    refused = await client("POST /_mget", {"ids": ["1"]})
    assert refused.json["error"]["reason"] == "Validation Failed: 1: index is missing for doc 0;"
