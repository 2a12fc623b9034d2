"""Indices, mappings, settings and aliases over HTTP."""

import pytest

from ragstone.testing.asgi import AsgiClient


async def test_an_index_is_created_read_back_and_removed(client: AsgiClient) -> None:
    body = {
        "settings": {"index": {"refresh_interval": "5s"}, "number_of_replicas": 0, "index.max_result_window": 500},
        "mappings": {"properties": {"n": {"type": "long"}, "a.b": {"type": "keyword"}}},
        "aliases": {"al": {"filter": {"term": {"n": 1}}, "routing": "7"}},
    }
    created = await client("PUT /books", body)
    assert created.json == {"acknowledged": True, "shards_acknowledged": True, "index": "books"}
    shown = (await client("GET /al")).json["books"]
    assert shown["aliases"] == {"al": {"filter": {"term": {"n": 1}}, "index_routing": "7", "search_routing": "7"}}
    assert shown["mappings"]["properties"]["a"] == {"properties": {"b": {"type": "keyword"}}}
    settings = shown["settings"]["index"]
    assert (settings["refresh_interval"], settings["max_result_window"]) == ("5s", "500")
    assert (settings["number_of_shards"], settings["provided_name"]) == ("1", "books")
    flat = (await client("GET /books/_settings/index.max*?flat_settings=true")).json
    assert flat == {"books": {"settings": {"index.max_result_window": "500"}}}
    assert (await client("DELETE /books")).json == {"acknowledged": True}
    assert (await client("HEAD /books")).status == 404


@pytest.mark.parametrize(
    ("target", "body", "status", "kind", "reason"),
    [
        ("PUT /books", {"foo": {}}, 400, "parse_exception", "unknown key [foo] for create index"),
        ("PUT /books", {"settings": {"index.foo": 1}}, 400, "settings_exception", "unknown setting [index.foo] please check that any required plugins are installed, or check the breaking changes documentation for removed settings"),
        ("PUT /books", {"mappings": {"properties": {"f": {"type": "x"}}}}, 400, "mapper_parsing_exception", "Failed to parse mapping [_doc]: No handler for type [x] declared on field [f]"),
        ("GET /books", None, 404, "index_not_found_exception", "no such index [books]"),
        ("DELETE /al", None, 400, "illegal_argument_exception", "The provided expression [al] matches an alias, specify the corresponding concrete indices instead."),
        ("PUT /one/_mapping", {"properties": {"n": {"type": "text"}}}, 400, "illegal_argument_exception", "mapper [n] cannot be changed from type [long] to [text]"),
        ("PUT /one", {}, 400, "resource_already_exists_exception", None),
        ("POST /_aliases", {"actions": []}, 400, "illegal_argument_exception", "No action specified"),
        ("DELETE /one/_alias/none", None, 404, "aliases_not_found_exception", "aliases [none] missing"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused_in_opensearch_s_words(
    client: AsgiClient, target: str, body: object, status: int, kind: str, reason: str | None
) -> None:
    await client("PUT /one", {"mappings": {"properties": {"n": {"type": "long"}}}, "aliases": {"al": {}}})
    refused = await client(target, body)
    error = refused.json["error"]
    assert (refused.status, error["type"]) == (status, kind)
    assert reason is None or error["reason"] == reason


async def test_deleting_a_list_with_a_missing_name_deletes_nothing(client: AsgiClient) -> None:
    await client("PUT /one")
    assert (await client("DELETE /one,none")).status == 404
    assert (await client("HEAD /one")).status == 200


async def test_an_alias_moves_in_one_step(client: AsgiClient) -> None:
    await client("PUT /one", {"aliases": {"now": {}}})
    await client("PUT /two")
    actions = [{"remove": {"index": "one", "alias": "now"}}, {"add": {"index": "two", "alias": "now"}}]
    assert (await client("POST /_aliases", {"actions": actions})).json == {"acknowledged": True}
    assert (await client("GET /_alias/now")).json == {"two": {"aliases": {"now": {}}}}
    missing = await client("GET /_alias/now,none")
    assert (missing.status, missing.json["error"]) == (404, "alias [none] missing")


async def test_a_failed_action_leaves_all_aliases_as_they_were(client: AsgiClient) -> None:
    await client("PUT /one", {"aliases": {"now": {}}})
    actions = [{"remove": {"index": "one", "alias": "now"}}, {"add": {"index": "none", "alias": "now"}}]
    assert (await client("POST /_aliases", {"actions": actions})).status == 404
    assert (await client("GET /_alias/now")).json == {"one": {"aliases": {"now": {}}}}


async def test_a_filtered_alias_shows_only_what_passes(client: AsgiClient) -> None:
    await client("PUT /one/_doc/1?refresh=true", {"c": "red"})
    await client("PUT /one/_doc/2?refresh=true", {"c": "blue"})
    await client("PUT /one/_alias/red", {"filter": {"term": {"c.keyword": "red"}}})
    assert [hit["_id"] for hit in (await client("GET /red/_search")).json["hits"]["hits"]] == ["1"]
    assert (await client("GET /red/_count")).json["count"] == 1


async def test_a_closed_index_lets_nobody_in_until_it_is_opened(client: AsgiClient) -> None:
    await client("PUT /one/_doc/1?refresh=true", {"a": "x"})
    closed = await client("POST /one/_close")
    assert closed.json["indices"] == {"one": {"closed": True}}
    for target in ("GET /one/_doc/1", "GET /one/_search", "PUT /one/_doc/2"):
        assert (await client(target, {} if "PUT" in target else None)).json["error"]["type"] == "index_closed_exception"
    assert (await client("POST /one/_open")).json == {"acknowledged": True, "shards_acknowledged": True}
    assert (await client("GET /one/_search")).json["hits"]["total"]["value"] == 1


async def test_an_empty_settings_update_is_refused(client: AsgiClient) -> None:
    await client("PUT /one")
    refused = await client("PUT /one/_settings", {})
    assert refused.json["error"]["reason"] == "Validation Failed: 1: no settings to update;"


async def test_statistics_count_what_was_refreshed(client: AsgiClient) -> None:
    await client("PUT /one/_doc/1?refresh=true", {"a": "x"})
    await client("PUT /one/_doc/2?refresh=true", {"a": "y"})
    await client("DELETE /one/_doc/2?refresh=true")
    stats = (await client("GET /one/_stats")).json
    assert stats["_all"]["primaries"]["docs"]["count"] == 1
    assert stats["indices"]["one"]["primaries"]["store"]["size_in_bytes"] > 0


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_write_block_refuses_documents_and_is_lifted_again(client: AsgiClient) -> None:
    await client("PUT /kept/_doc/1?refresh=true", {"a": 1})
    blocked = await client("PUT /kept/_block/write")
    assert blocked.json == {
        "acknowledged": True,
        "shards_acknowledged": True,
        "indices": [{"name": "kept", "blocked": True}],
    }
    reason = "index [kept] blocked by: [FORBIDDEN/8/index write (api)];"
    refused = await client("PUT /kept/_doc/2", {"a": 1})
    assert (refused.status, refused.json["error"]["type"], refused.json["error"]["reason"]) == (
        403,
        "cluster_block_exception",
        reason,
    )
    bulk = (await client("POST /kept/_bulk", b'{"index":{"_id":"3"}}\n{"a":1}\n{"delete":{"_id":"1"}}\n')).json
    assert [one["error"]["reason"] for item in bulk["items"] for one in item.values()] == [reason, reason]
    assert (await client("GET /kept/_doc/1")).json["found"] is True
    await client("PUT /kept/_settings", {"index.blocks.write": None})
    assert (await client("PUT /kept/_doc/2", {"a": 1})).status == 201


async def test_a_read_only_index_keeps_its_mapping_and_itself_until_it_may_change(client: AsgiClient) -> None:
    await client("PUT /kept", {"settings": {"index.blocks.read_only": True}})
    add_alias = {"actions": [{"add": {"index": "kept", "alias": "al"}}]}
    for target, body in (
        ("PUT /kept/_mapping", {"properties": {"z": {"type": "long"}}}),
        ("PUT /kept/_settings", {"index.refresh_interval": "5s"}),
        ("POST /_aliases", add_alias),
        ("DELETE /kept", None),
        ("POST /kept/_close", None),
        ("PUT /kept/_doc/1", {"a": 1}),
    ):
        refused = await client(target, body)
        assert refused.status == 403, target
        assert refused.json["error"]["reason"] == "index [kept] blocked by: [FORBIDDEN/5/index read-only (api)];"
    assert (await client("POST /kept/_search")).status == 200
    assert (await client("PUT /kept/_settings", {"index": {"blocks": {"read_only": False}}})).status == 200
    assert (await client("DELETE /kept")).status == 200


async def test_a_read_block_refuses_every_way_to_a_document(client: AsgiClient) -> None:
    await client("PUT /kept/_doc/1?refresh=true", {"a": 1})
    await client("PUT /kept/_block/read")
    for target in ("POST /kept/_search", "POST /_search", "GET /kept/_count", "GET /kept/_doc/1"):
        assert (await client(target)).status == 403, target
    assert (await client("POST /kept/_mget", {"ids": ["1"]})).json["docs"][0]["error"]["type"] == (
        "cluster_block_exception"
    )
    assert (await client("GET /kept/_mapping")).status == 200


async def test_an_unknown_block_is_told(client: AsgiClient) -> None:
    await client("PUT /kept")
    refused = await client("PUT /kept/_block/sideways")
    assert (refused.status, refused.json["error"]["reason"]) == (400, "No block found with name sideways")


async def test_names_are_resolved_to_indices_and_aliases(client: AsgiClient) -> None:
    await client("PUT /res-a", {"aliases": {"res-al": {}}})
    await client("PUT /res-b")
    assert (await client("GET /_resolve/index/res-*")).json == {
        "indices": [
            {"name": "res-a", "aliases": ["res-al"], "attributes": ["open"]},
            {"name": "res-b", "attributes": ["open"]},
        ],
        "aliases": [{"name": "res-al", "indices": ["res-a"]}],
        "data_streams": [],
    }
    assert (await client("GET /_resolve/index/none")).json == {"indices": [], "aliases": [], "data_streams": []}


async def test_statistics_are_of_the_metrics_and_at_the_level_that_was_asked_for(client: AsgiClient) -> None:
    await client("PUT /one/_doc/1?refresh=true", {"a": 1})
    found = (await client("GET /one/_stats/docs,search")).json
    assert found["indices"]["one"]["primaries"] == {"docs": {"count": 1, "deleted": 0}}
    assert set((await client("GET /_stats?level=cluster")).json) == {"_shards", "_all"}
    for target, reason in {
        "/one/_stats/nosuch": "request [/one/_stats/nosuch] contains unrecognized metric: [nosuch]",
        "/one/_stats?level=sideways": "level parameter must be one of [cluster] or [indices] or [shards] but was [sideways]",
        "/one/_stats?level=shards": "[level] [shards] is not supported: all shards of an index are in one place",
    }.items():
        refused = await client(f"GET {target}")
        assert (refused.status, refused.json["error"]["reason"]) == (400, reason)


async def test_a_merge_may_be_asked_for_and_waited_for_as_a_task(client: AsgiClient) -> None:
    await client("PUT /one", {"settings": {"number_of_replicas": 0}})
    done = {"_shards": {"total": 1, "successful": 1, "failed": 0}}
    assert (await client("POST /one/_forcemerge?max_num_segments=1")).json == done
    assert (await client("POST /one/_cache/clear")).json == done
    task = (await client("POST /_forcemerge?wait_for_completion=false")).json["task"]
    ended = (await client(f"GET /_tasks/{task}?wait_for_completion=true&timeout=20s")).json
    assert (ended["completed"], ended["response"]) == (True, done)
    refused = await client("POST /one/_forcemerge?max_num_segments=1&only_expunge_deletes=true")
    assert refused.status == 400
