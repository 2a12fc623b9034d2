"""A gateway with users of its own: what those see through it who see indices only in part."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.cluster import ScriptedCluster

PASSWORD = "Reef-Kettle-9271!"
OWN = {"cluster_auth": "service", "security": SecuritySettings(enabled=True), "initial_admin_password": PASSWORD}
API = "/_plugins/_security/api"
NDJSON = {"content-type": "application/x-ndjson"}


class Users:
    """`await users("ann", "GET /books/_search")`: as ann, whose password is everybody's."""

    def __init__(self, client: AsgiClient) -> None:
        self._client = client

    async def __call__(self, name: str, target: str, body: Any = None, **headers: str) -> Answer:
        login = base64.b64encode(f"{name}:{PASSWORD}".encode()).decode()
        kinds = {key.replace("_", "-"): value for key, value in headers.items()}
        return await self._client(target, body, headers={"authorization": f"Basic {login}", **kinds})

    async def admin(self, target: str, body: Any = None) -> Answer:
        answer = await self("admin", target, body)
        assert answer.status < 300, f"{target}: {answer.text}"
        return answer

    async def add(self, name: str, *permissions: dict[str, Any], cluster: tuple[str, ...] = ()) -> None:
        role = {"cluster_permissions": list(cluster), "index_permissions": list(permissions)}
        await self.admin(f"PUT {API}/roles/{name}", role)
        user = {"password": PASSWORD, "opendistro_security_roles": [name]}
        await self.admin(f"PUT {API}/internalusers/{name}", user)


def allowed(*patterns: str, actions: tuple[str, ...] = ("read",), **view: Any) -> dict[str, Any]:
    return {"index_patterns": list(patterns), "allowed_actions": list(actions), **view}


@pytest.fixture(params=["scripted", "real"])
async def users(
    request: Any, cluster: ScriptedCluster, tmp_path: Path, gateway_settings: Callable[..., Settings]
) -> AsyncIterator[Users]:
    """Before an index `books` with two documents, of team red and of team blue, and `films` with one."""
    given = gateway_settings(cluster, **OWN)
    if request.param == "real":
        given = replace(given, cluster=(request.getfixturevalue("opensearch"),), data=tmp_path / "real")
    async with Node(given) as node:
        users = Users(AsgiClient(node.app))
        if request.param == "real":
            await users("admin", "DELETE /books,films?ignore_unavailable=true")
        types = {"team": "keyword", "pay": "long", "title": "text"}
        mapping = {"properties": {name: {"type": kind} for name, kind in types.items()}}
        await users.admin("PUT /books", {"mappings": mapping})
        await users.admin("PUT /books/_doc/1?refresh=true", {"team": "red", "pay": 3, "title": "river"})
        await users.admin("PUT /books/_doc/2?refresh=true", {"team": "blue", "pay": 7, "title": "river deep"})
        await users.admin("PUT /films/_doc/1?refresh=true", {"team": "red"})
        yield users
        if request.param == "real":
            await users.admin("DELETE /books,films")


RED = '{"term": {"team": "red"}}'


async def test_hidden_documents_are_nowhere(users: Users) -> None:
    await users.add("ann", allowed("books", dls=RED), cluster=("cluster_composite_ops_ro",))
    found = (await users("ann", "GET /books/_search")).json
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]
    assert (await users("ann", "GET /books/_count")).json["count"] == 1
    assert (await users("ann", "GET /books/_doc/1")).json["found"]
    for target in ("GET /books/_doc/2", "GET /books/_source/2", "HEAD /books/_doc/2"):
        assert (await users("ann", target)).status == 404, target
    docs = (await users("ann", "POST /books/_mget", {"ids": ["1", "2"]})).json["docs"]
    assert [doc["found"] for doc in docs] == [True, False]
    lines = b'{"index":"books"}\n{}\n{"index":"films"}\n{}\n'
    several = (await users("ann", "POST /_msearch", lines, **NDJSON)).json["responses"]
    assert several[0]["hits"]["total"]["value"] == 1
    assert several[1]["status"] == 403


@pytest.mark.parametrize("users", ["real"], indirect=True)
async def test_the_cluster_answers_within_the_documents_that_are_seen(users: Users) -> None:
    await users.add("ann", allowed("books", dls=RED), allowed("films"), cluster=("cluster_composite_ops_ro",))
    body = {
        "query": {"match": {"title": "river"}},
        "highlight": {"fields": {"title": {}}},
        "aggs": {
            "pay": {"histogram": {"field": "pay", "interval": 1}, "aggs": {"top": {"percentiles": {"field": "pay"}}}}
        },
    }
    found = (await users("ann", "GET /books/_search", body)).json
    assert [hit["highlight"] for hit in found["hits"]["hits"]] == [{"title": ["<em>river</em>"]}]
    assert [bucket["key"] for bucket in found["aggregations"]["pay"]["buckets"]] == [3.0]
    everybody = (await users("admin", "GET /books/_search", body)).json
    assert found["hits"]["max_score"] == next(hit["_score"] for hit in everybody["hits"]["hits"] if hit["_id"] == "1")
    both = (await users("ann", "GET /books,films/_search?size=9", {"highlight": {"fields": {"title": {}}}})).json
    assert {(hit["_index"], hit["_id"]) for hit in both["hits"]["hits"]} == {("books", "1"), ("films", "1")}
    lines = b'{"index":"b*"}\n{"highlight":{"fields":{"title":{}}}}\n'
    [one] = (await users("ann", "POST /_msearch", lines, **NDJSON)).json["responses"]
    assert [hit["_id"] for hit in one["hits"]["hits"]] == ["1"]
    assert (await users("ann", "GET /books/_search?q=team:blue")).json["hits"]["hits"] == []
    none = await users("ann", "GET /books/_search", {"query": {"term": {"team": "blue"}}, "track_scores": True})
    assert none.json["hits"]["total"]["value"] == 0


@pytest.mark.parametrize("users", ["real"], indirect=True)
async def test_an_alias_with_a_filter_opens_what_passes_both(users: Users) -> None:
    await users.admin(
        "POST /_aliases",
        {"actions": [{"add": {"index": "books", "alias": "deep", "filter": {"match": {"title": "deep"}}}}]},
    )
    await users.add("ann", allowed("books", "deep", dls=RED))
    bodies: list[dict[str, Any]] = [{}, {"highlight": {"fields": {"title": {}}}}]
    for body in bodies:
        assert (await users("ann", "GET /deep/_search", body)).json["hits"]["total"]["value"] == 0
    assert (await users("admin", "GET /deep/_search")).json["hits"]["total"]["value"] == 1


async def test_what_would_tell_of_hidden_documents_is_refused(users: Users) -> None:
    await users.add("ann", allowed("books", dls=RED, actions=("*",)))
    query: dict[str, Any] = {"query": {"match_all": {}}}
    for target in ("POST /books/_rank_eval", "GET /books/_validate/query", "POST /books/_termvectors"):
        assert (await users("ann", target, query)).status == 403, target
    for body in ({"query": {"more_like_this": {"like": "x"}}}, {"suggest": {"a": {"text": "x"}}}, {"profile": True}):
        assert (await users("ann", "GET /books/_search", body)).status == 400, body
    assert (await users("ann", "POST /books/_explain/2", query)).status == 404


async def test_hidden_fields_are_nowhere(users: Users) -> None:
    await users.add("ann", allowed("books", fls=["~pay"]), cluster=("cluster_composite_ops_ro",))
    found = (
        await users("ann", "GET /books/_search", {"sort": ["pay"], "aggs": {"p": {"terms": {"field": "pay"}}}})
    ).json
    assert [hit["_source"] for hit in found["hits"]["hits"]] == [
        {"team": "red", "title": "river"},
        {"team": "blue", "title": "river deep"},
    ]
    assert found["aggregations"]["p"]["buckets"] == []
    assert not any(number in str(found["hits"]["hits"]) for number in ("[3]", "[7]"))
    none = await users("ann", "GET /books/_search", {"query": {"range": {"pay": {"gt": 0}}}})
    assert none.json["hits"]["total"]["value"] == 0
    assert (await users("ann", "GET /books/_doc/2")).json["_source"] == {"team": "blue", "title": "river deep"}
    assert "pay" not in (await users("ann", "GET /books/_field_caps?fields=*")).json["fields"]
    assert (await users("ann", "GET /books/_explain/1", {"query": {"match_all": {}}})).status == 403


async def test_the_mapping_has_only_fields_that_are_shown(users: Users) -> None:
    await users.add("ann", allowed("books", fls=["~pay"], actions=("*",)))
    mapping = (await users("ann", "GET /books/_mapping")).json["books"]["mappings"]["properties"]
    assert sorted(mapping) == ["team", "title"]
    assert "pay" not in (await users("ann", "GET /books")).text


async def test_masked_fields_are_hashes(users: Users) -> None:
    await users.add("ann", allowed("books", masked_fields=["team"]))
    found = (await users("ann", "GET /books/_search", {"aggs": {"t": {"terms": {"field": "team"}}}})).json
    shown = {hit["_source"]["team"] for hit in found["hits"]["hits"]}
    assert all(len(value) == 64 for value in shown)
    assert {bucket["key"] for bucket in found["aggregations"]["t"]["buckets"]} == shown
    none = await users("ann", "GET /books/_search", {"query": {"term": {"team": "red"}}})
    assert none.json["hits"]["total"]["value"] == 0


async def test_documents_that_a_query_looks_up_must_be_the_callers_to_read(users: Users) -> None:
    await users.add("ann", allowed("films"))
    await users.add("bob", allowed("films"), allowed("books", dls=RED))
    lookup = {"query": {"terms": {"team": {"index": "books", "id": "2", "path": "team"}}}}
    for name in ("ann", "bob"):
        answer = await users(name, "GET /films/_search", lookup)
        assert answer.status == 403, answer.text


@pytest.mark.parametrize("users", ["real"], indirect=True)
async def test_wildcards_reach_no_more_than_is_allowed(users: Users) -> None:
    """What only the cluster knows as one: data streams, aliases of hidden indices, aliases that are taken back."""
    await users.admin("PUT /_index_template/streams", {"index_patterns": ["bookstream"], "data_stream": {}})
    hidden = {"settings": {"index.hidden": True}, "aliases": {"books-visible": {}}}
    await users("admin", "DELETE /_data_stream/bookstream")
    await users("admin", "DELETE /hidden-one")
    await users.admin("PUT /hidden-one", hidden)
    await users.admin("PUT /_data_stream/bookstream")
    await users.admin("POST /films/_alias/bookfilms", {})
    await users.add("ann", allowed("books"))
    await users.add("bob", allowed("books*"), allowed("bookstream", dls=RED))
    for target in ("GET /books*/_search", "GET /books-v*/_count", "GET /bookst*/_search", "GET /b*,-bookfilms/_search"):
        assert (await users("ann", target)).status == 403, target
    assert (await users("ann", "GET /books/_search")).status == 200
    assert (await users("bob", "GET /bookstream/_search", {"suggest": {"a": {"text": "x"}}})).status == 400
    await users.admin("DELETE /_data_stream/bookstream")
    await users.admin("DELETE /_index_template/streams")
    await users.admin("DELETE /hidden-one")


async def test_indices_of_the_nodes_own_are_nobodys(users: Users) -> None:
    await users.admin("POST /_plugins/_ml/model_groups/_register", {"name": "secret group"})
    for target in (
        "GET /.plugins-ml-model-group/_search",
        "GET /.ragstone-records/_search",
        "GET /.*/_search",
        "GET /_search?expand_wildcards=all",
        "GET /*/_search?expand_wildcards=hidden,open",
        "GET /.rag*/_count",
        "GET /_search?size=5;index=.ragstone-records",
    ):
        answer = await users("admin", target)
        assert "secret" not in answer.text, target
        assert ".plugins-ml" not in answer.text, target
        assert '"_index":".ragstone' not in answer.text.replace(" ", ""), target
    lines = b'{"index":".ragstone-records"}\n{}\n{"index":[".plugins-ml-model-group"]}\n{}\n'
    assert "secret" not in (await users("admin", "POST /_msearch", lines, **NDJSON)).text
    docs = {"docs": [{"_index": ".ragstone-records", "_id": "1"}, {"_index": "books", "_id": "1"}]}
    found = (await users("admin", "POST /_mget", docs)).json["docs"]
    assert "_source" not in found[0]
    assert found[1]["found"]
    for target, body in (
        ("DELETE /.ragstone-records", None),
        ("DELETE /.rag*", None),
        ("DELETE /*?expand_wildcards=all", None),
        ("PUT /.plugins-ml-model-group/_doc/1", {"a": 1}),
        ("PUT /.ragstone-records/_settings", {"index": {"hidden": False}}),
        ("POST /_aliases", {"actions": [{"add": {"index": ".plugins-ml-model-group", "alias": "open"}}]}),
    ):
        assert (await users("admin", target, body)).status == 403, target
    item = b'{"index":{"_index":".plugins-ml-model-group","_id":"1"}}\n{"a":1}\n'
    assert (await users("admin", "POST /_bulk", item, **NDJSON)).json["items"][0]["index"]["status"] == 403
    copy = {"source": {"index": ".plugins-ml-model-group"}, "dest": {"index": "films"}}
    copied = await users("admin", "POST /_reindex", copy)
    assert copied.json.get("created", 0) == 0
    assert (await users("admin", "POST /_plugins/_sql", {"query": "SELECT * FROM .ragstone-records"})).status == 403


async def test_asking_what_is_allowed_does_nothing(users: Users) -> None:
    await users.add("ann", allowed("books"))
    asked = (await users("ann", "DELETE /books?perform_permission_check=true")).json
    assert asked == {"accessAllowed": False, "missingPrivileges": ["indices:admin/delete"]}
    asked = (await users("ann", "GET /books/_search?perform_permission_check=true")).json
    assert asked == {"accessAllowed": True, "missingPrivileges": []}
    assert (await users("admin", "DELETE /books?perform_permission_check=true")).json["accessAllowed"]
    assert (await users("admin", "GET /books")).status == 200


@pytest.mark.parametrize("users", ["real"], indirect=True)
async def test_what_is_held_open_is_its_owners_and_of_those_who_may_do_everything(users: Users) -> None:
    await users.add("ann", allowed("books"), cluster=("cluster_composite_ops_ro",))
    await users.add("bob", allowed("*"), cluster=("cluster_composite_ops_ro",))

    async def opened() -> dict[str, str]:
        page = (await users("ann", "POST /books/_search?scroll=1m", {"size": 1})).json
        return {"scroll_id": page["_scroll_id"]}

    held = await opened()
    assert (await users("ann", "POST /_search/scroll", {**held, "scroll": "1m"})).json["hits"]["hits"]
    assert (await users("bob", "POST /_search/scroll", held)).status == 403
    assert (await users("admin", "DELETE /_search/scroll", await opened())).json["num_freed"] == 1


async def test_no_login_goes_on_to_the_cluster(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**OWN) as gateway:
        users = Users(gateway)
        await users.add("ann", allowed("books", actions=("*",)))
        cluster.requests.clear()
        await users("ann", "PUT /books", {})
        await users("ann", "GET /books/_search")
        assert len(cluster.asked("PUT", "/books")) == 1
        assert not [request for request in cluster.requests if "authorization" in request.headers]


async def test_a_body_that_names_another_index_than_the_path_leads_nowhere(users: Users) -> None:
    """To OpenSearch `_alias` and `_termvectors` are about the index in the body, when there is one."""
    await users.add("ann", allowed("films*", actions=("*",)))
    await users("ann", "PUT /films/_alias/other", {"index": "books", "alias": "films-too"})
    assert (await users("ann", "GET /films-too/_search")).status == 404
    assert (await users.admin("GET /books/_alias")).json == {"books": {"aliases": {}}}
    for who, index in (("ann", "books"), ("admin", ".ragstone-records")):
        for body in ({"_index": index}, {"_index": index, "_id": "1"}):
            refused = await users(who, "GET /films/_termvectors/1?fields=*", body)
            assert refused.status == 403, (who, body)
    like = [{"_index": "books", "doc": {"title": "river"}}]
    search = {"query": {"more_like_this": {"fields": ["title"], "like": like}}}
    assert (await users("ann", "POST /films/_search", search)).status == 403


async def test_nobody_joins_an_alias_of_somebody_else(users: Users) -> None:
    await users.add("ann", allowed("films*", actions=("*",)))
    await users.admin("PUT /books/_alias/shelf")
    wanted = {"is_write_index": True}
    for target, body in (
        ("PUT /films2", {"aliases": {"shelf": wanted}}),
        ("PUT /films/_alias/shelf", wanted),
        ("POST /_aliases", {"actions": [{"add": {"index": "films", "alias": "shelf", **wanted}}]}),
    ):
        assert (await users("ann", target, body)).status == 403, target
    assert (await users.admin("GET /_alias/shelf")).json.keys() == {"books"}


async def test_a_pipeline_of_the_clusters_leads_no_document_where_its_writer_may_not_write(
    users: Users, request: Any
) -> None:
    scripted = request.node.callspec.params["users"] == "scripted"
    bulk = ("indices:data/write/bulk", "indices:data/write/reindex", "cluster:admin/ingest/pipeline/*")
    await users.add("ann", allowed("films*", actions=("*",)), cluster=bulk)
    for name, index in (("astray", "books"), ("records", ".ragstone-records")):
        leading = {"processors": [{"set": {"field": "_index", "value": index}}]}
        assert (await users("ann", f"PUT /_ingest/pipeline/{name}", leading)).status == 200
        line = b'{"index":{"_index":"films","_id":"7"}}\n{"title":"in"}\n'
        [item] = (await users("ann", f"POST /_bulk?pipeline={name}", line, **NDJSON)).json["items"]
        assert item["index"]["status"] == 403
        assert (await users("ann", f"PUT /films/_doc/7?pipeline={name}", {"title": "in"})).status == 403
        if not scripted:  # the embedded node cannot be read in pages as a cluster is
            moved = {"source": {"index": "films"}, "dest": {"index": "films2", "pipeline": name}}
            assert (await users("ann", "POST /_reindex", moved)).status == 403
        await users("ann", "PUT /films/_settings", {"index.default_pipeline": name})
        assert (await users("ann", "PUT /films/_doc/7", {"title": "in"})).status == 403
        await users("ann", "PUT /films/_settings", {"index.default_pipeline": None})
    found = await users.admin("GET /books/_search?q=title:in")
    assert found.json["hits"]["total"]["value"] == 0
    changing = {"processors": [{"uppercase": {"field": "title"}}]}
    assert (await users("ann", "PUT /_ingest/pipeline/loud", changing)).status == 200
    written = await users("ann", "PUT /films/_doc/8?refresh=true&pipeline=loud", {"title": "in"})
    assert written.status == 201, written.text
    assert (await users("ann", "GET /films/_doc/8")).json["_source"] == {"title": "IN"}
    for name in ("astray", "records", "loud"):
        await users.admin(f"DELETE /_ingest/pipeline/{name}")
    await users.admin("DELETE /films2?ignore_unavailable=true")
