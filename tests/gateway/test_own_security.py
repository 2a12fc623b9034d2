"""Security of the gateway's own, in front of a cluster that has none: who is asked for a login, and what goes through."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import ScriptedCluster

PASSWORD = "Reef-Kettle-9271!"
OWN = {"cluster_auth": "service", "security": SecuritySettings(enabled=True), "initial_admin_password": PASSWORD}
API = "/_plugins/_security/api"


def login(name: str = "admin", password: str = PASSWORD) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


async def make(gateway: AsgiClient, name: str, *roles: str) -> None:
    user = {"password": PASSWORD, "opendistro_security_roles": list(roles)}
    answer = await gateway(f"PUT {API}/internalusers/{name}", user, headers=login())
    assert answer.status == 201, answer.text


async def test_nothing_goes_through_without_a_login(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**OWN) as gateway:
        before = len(cluster.requests)
        for target in ("GET /", "GET /books/_search", "PUT /books", "GET /_no/such", "GET /_plugins/_ml/connectors/x"):
            answer = await gateway(target)
            assert (answer.status, answer.text) == (401, "Unauthorized"), target
            assert (await gateway(target, headers=login("admin", "wrong"))).status == 401
        assert len(cluster.requests) == before


async def test_what_is_no_request_is_told_so_before_a_login(gateways: Any) -> None:
    async with gateways(**OWN) as gateway:
        nowhere = await gateway("GET /books/no/such/route")
        assert (nowhere.status, nowhere.json) == (
            400,
            {"error": "no handler found for uri [/books/no/such/route] and method [GET]"},
        )
        wrong = await gateway("PATCH /_search", {})
        assert wrong.status == 405
        assert wrong.json["error"].startswith("Incorrect HTTP method for uri [/_search] and method [PATCH]")
        assert (await gateway("GET /_plugins/_some/thing")).status == 401
        assert (await gateway("OPTIONS /_search")).status == 401


async def test_who_may_do_everything_is_let_through_in_the_gateways_name(
    gateways: Any, cluster: ScriptedCluster
) -> None:
    async with gateways(**OWN) as gateway:
        assert (await gateway("GET /", headers=login())).status == 200
        assert len(cluster.asked("GET", "/")) == 1
        assert login()["authorization"] not in {request.headers.get("authorization") for request in cluster.requests}


async def test_what_nobody_knows_is_for_those_who_may_do_everything(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**OWN) as gateway:
        hiding = {"index_permissions": [{"index_patterns": ["x"], "dls": '{"match_all":{}}', "allowed_actions": []}]}
        assert (await gateway(f"PUT {API}/roles/hiding", hiding, headers=login())).status == 201
        await make(gateway, "reader", "readall")
        await make(gateway, "half", "all_access", "hiding")
        targets = ("GET /_no/such/path", "POST /_plugins/_sql", "GET /books//_search", "GET /books/_search?a=1;index=x")
        for name in ("reader", "half"):
            for target in targets:
                answer = await gateway(target, headers=login(name))
                assert answer.status == 403, target
                assert "only who may do everything" in answer.json["error"]["reason"]
        for target in targets:
            path = target.partition(" ")[2].partition("?")[0]
            assert not cluster.asked(target.partition(" ")[0], path)


async def test_rights_are_asked_for_before_anything_goes_through(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**OWN) as gateway:
        for name in ("books", "films"):
            assert (await gateway(f"PUT /{name}/_doc/1?refresh=true", {"n": 1}, headers=login())).status == 201
        permission = {"index_patterns": ["books"], "allowed_actions": ["read"]}
        assert (
            await gateway(f"PUT {API}/roles/readers", {"index_permissions": [permission]}, headers=login())
        ).status == 201
        await make(gateway, "ann", "readers")
        found = await gateway("GET /books/_search", headers=login("ann"))
        assert found.json["hits"]["total"]["value"] == 1
        assert (await gateway("GET /books/_doc/1", headers=login("ann"))).json["_source"] == {"n": 1}
        refused = {
            "GET /films/_search": "indices:data/read/search",
            "GET /films,books/_count": "indices:data/read/search",
            "GET /_search": "indices:data/read/search",
            "GET /_search?index=films": "indices:data/read/search",
            "GET /films/_doc/1": "indices:data/read/get",
            "PUT /books/_mapping": "indices:admin/mapping/put",
            "DELETE /books": "indices:admin/delete",
            "GET /_cluster/health": "cluster:monitor/health",
            "GET /_ingest/pipeline": "cluster:admin/ingest/pipeline/get",
        }
        for target, action in refused.items():
            before = len(cluster.requests)
            answer = await gateway(target, headers=login("ann"))
            assert answer.status == 403, target
            assert f"no permissions for [{action}]" in answer.json["error"]["reason"], target
            asked = [request.path for request in cluster.requests[before:]]
            assert target.partition(" ")[2].partition("?")[0] not in asked, target


async def test_what_is_ours_is_checked_action_by_action(gateways: Any) -> None:
    async with gateways(**OWN) as gateway:
        await make(gateway, "reader", "ml_read_access")
        search = await gateway("POST /_plugins/_ml/connectors/_search", {}, headers=login("reader"))
        assert search.status == 200
        refused = await gateway("POST /_plugins/_ml/model_groups/_register", {"name": "g"}, headers=login("reader"))
        assert refused.status == 403
        assert "no permissions for [cluster:admin/opensearch/ml/register_model_group]" in refused.text


async def test_two_gateways_share_their_users(gateway_settings: Any, cluster: ScriptedCluster) -> None:
    clock = ManualClock(1_700_000_000.0)
    settings = [gateway_settings(cluster, **OWN) for _ in range(2)]
    async with Node(settings[0], clock=clock) as one, Node(settings[1], clock=clock) as two:
        here, there = AsgiClient(one.app), AsgiClient(two.app)
        assert (await there("GET /", headers=login())).status == 200
        await make(here, "ann", "all_access")
        assert (await here("GET /", headers=login("ann"))).status == 200
        clock.time += 1
        assert (await there("GET /", headers=login("ann"))).status == 200


def test_security_twice_is_refused_at_the_start() -> None:
    with pytest.raises(IllegalArgumentException, match=r"security_enabled.*cluster_auth.*exclude each other"):
        Settings(engine="opensearch", cluster=("http://x",), security=SecuritySettings(enabled=True))
    assert not Settings(host="0.0.0.0", engine="opensearch", cluster=("http://x",)).security_enabled


async def test_writes_that_the_cluster_could_do_alone_are_checked_too(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**OWN) as gateway:
        await make(gateway, "reader", "readall")
        lines = b'{"index":{"_index":"books","_id":"1"}}\n{"n":1}\n'
        writes: list[tuple[str, Any]] = [
            ("PUT /books/_doc/1", {"n": 1}),
            ("POST /books/_doc", {"n": 1}),
            ("PUT /books/_create/1", {"n": 1}),
            ("POST /books/_update/1", {"doc": {"n": 1}}),
        ]
        for target, body in writes:
            answer = await gateway(target, body, headers=login("reader"))
            assert answer.status == 403, target
            assert "no permissions for [" in answer.json["error"]["reason"]
        items = await gateway("POST /_bulk", lines, headers=login("reader"))
        assert items.status == 403 or items.json["items"][0]["index"]["status"] == 403
        assert (await gateway("GET /books", headers=login())).status == 404
        assert (await gateway("PUT /books/_doc/1", {"n": 1}, headers=login())).status == 201


async def test_who_may_write_an_index_writes_through_the_gateway(gateways: Any) -> None:
    async with gateways(**OWN) as gateway:
        permission = {"index_patterns": ["books"], "allowed_actions": ["crud", "create_index"]}
        role = {"cluster_permissions": ["indices:data/write/bulk"], "index_permissions": [permission]}
        assert (await gateway(f"PUT {API}/roles/writer", role, headers=login())).status == 201
        await make(gateway, "ann", "writer")
        assert (await gateway("PUT /books/_doc/1", {"n": 1}, headers=login("ann"))).status == 201
        lines = b'{"index":{"_index":"books","_id":"2"}}\n{"n":2}\n{"index":{"_index":"other","_id":"1"}}\n{"n":1}\n'
        items = (await gateway("POST /_bulk", lines, headers=login("ann"))).json["items"]
        assert [item["index"]["status"] for item in items] == [201, 403]
