"""A cluster with security: its own answers decide what callers may do with data, their roles what with models.

Needs a cluster of its own, with the security plugin, in OPENSEARCH_SECURED_URL; OPENSEARCH_SECURED_LOGIN is its
administrator, by default admin:admin.
"""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from ragstone.core.errors import IllegalStateException
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

PASSWORD = "Kx9-vtUe_73qLm"
INDEX = "ragstone-books"
READER, WRITER, TRAINER = "ragstone-reader", "ragstone-writer", "ragstone-trainer"
GATEWAY = "ragstone-gateway"
ROLES: dict[str, Any] = {
    GATEWAY: {
        "cluster_permissions": [
            "cluster_monitor",
            "cluster_composite_ops",
            "cluster:admin/ingest/pipeline/simulate",
            "indices:admin/index_template/simulate_index",
        ],
        "index_permissions": [
            {"index_patterns": [".ragstone-*", ".plugins-ml-*"], "allowed_actions": ["indices_all"]},
            {"index_patterns": ["*"], "allowed_actions": ["indices:admin/aliases/get"]},
        ],
    },
    READER: {
        "cluster_permissions": ["cluster_composite_ops_ro"],
        "index_permissions": [
            {
                "index_patterns": [f"{INDEX}*"],
                "allowed_actions": ["read"],
                "dls": '{"term": {"team": "x"}}',
                "fls": ["~secret"],
            }
        ],
    },
    WRITER: {
        "cluster_permissions": ["cluster_composite_ops"],
        "index_permissions": [
            {"index_patterns": [f"{INDEX}*"], "allowed_actions": ["read", "write", "create_index"]},
        ],
    },
}
Opened = Callable[..., AbstractAsyncContextManager[AsgiClient]]


def login(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def administrator() -> tuple[str, str]:
    name, _, password = os.environ.get("OPENSEARCH_SECURED_LOGIN", "admin:admin").partition(":")
    return name, password


@pytest.fixture(scope="module")
def secured(administrator: tuple[str, str]) -> str:
    """Its URL, once users, roles and documents are there."""
    url = os.environ.get("OPENSEARCH_SECURED_URL", "").rstrip("/")
    if not url:
        pytest.skip("needs a secured cluster of its own: set OPENSEARCH_SECURED_URL")

    def put(path: str, body: Any) -> None:
        answer = requests.put(url + path, json=body, auth=administrator, timeout=60)
        assert answer.ok, answer.text

    for role, body in ROLES.items():
        put(f"/_plugins/_security/api/roles/{role}", body)
    for user in (READER, WRITER, TRAINER, GATEWAY):
        put(f"/_plugins/_security/api/internalusers/{user}", {"password": PASSWORD, "backend_roles": [user]})
    for role, users in {GATEWAY: [GATEWAY], READER: [READER], WRITER: [WRITER], "ml_full_access": [TRAINER]}.items():
        put(f"/_plugins/_security/api/rolesmapping/{role}", {"users": users})
    return url


@pytest.fixture
def fresh(secured: str, administrator: tuple[str, str]) -> str:
    """Its URL; nothing of a gateway is left there, and three documents are in INDEX."""
    gone = f"{secured}/{INDEX}*,.ragstone-*,.plugins-ml-*?expand_wildcards=all&ignore_unavailable=true"
    answer = requests.delete(gone, auth=administrator, timeout=60)
    assert answer.status_code in (200, 404), answer.text
    properties = {"team": {"type": "keyword"}, "text": {"type": "text"}, "secret": {"type": "keyword"}}
    body = {"mappings": {"properties": properties}}
    assert requests.put(f"{secured}/{INDEX}", json=body, auth=administrator, timeout=60).ok
    for id, team in (("1", "x"), ("2", "y"), ("3", "x")):
        source = {"team": team, "text": f"word of {team} {id}", "secret": f"hidden {id}"}
        url = f"{secured}/{INDEX}/_doc/{id}?refresh=true"
        assert requests.put(url, json=source, auth=administrator, timeout=60).ok
    return secured


@pytest.fixture
def opened(fresh: str, administrator: tuple[str, str], tmp_path: Path, provider: Any) -> Opened:
    @asynccontextmanager
    async def start(**given: Any) -> AsyncIterator[AsgiClient]:
        options: dict[str, Any] = {
            "cluster_user": administrator[0],
            "cluster_password": administrator[1],
            "cluster_settings": {
                "plugins.ml_commons.trusted_connector_endpoints_regex": ["^http://models[.]test/.*$"],
                "plugins.ml_commons.rag_pipeline_feature_enabled": True,
            },
            **given,
        }
        settings = Settings(port=0, data=tmp_path / "gateway", engine="opensearch", cluster=(fresh,), **options)
        async with Node(settings, transport=provider) as node:
            yield AsgiClient(node.app)

    return start


@pytest.fixture
async def gateway(opened: Opened) -> AsyncIterator[AsgiClient]:
    async with opened() as client:
        yield client


@pytest.fixture
def admin(administrator: tuple[str, str]) -> dict[str, str]:
    return login(*administrator)


@pytest.fixture
async def rag(gateway: AsgiClient, admin: dict[str, str]) -> str:
    """A search pipeline that answers."""
    body = '{ "model": "m", "messages": ${parameters.messages} }'
    action = {"action_type": "predict", "method": "POST", "url": "http://models.test/v1", "request_body": body}
    connector = {
        "name": "c",
        "version": "1",
        "protocol": "http",
        "credential": {"key": "sk-very-secret"},
        "actions": [action],
    }
    created = await gateway("POST /_plugins/_ml/connectors/_create", connector, headers=admin)
    assert created.status == 200, created.text
    model = {"name": "m", "function_name": "remote", **created.json}
    registered = (await gateway("POST /_plugins/_ml/models/_register?deploy=true", model, headers=admin)).json
    options = {"model_id": registered["model_id"], "context_field_list": ["text", "secret"]}
    pipeline = {"response_processors": [{"retrieval_augmented_generation": options}]}
    answer = await gateway("PUT /_search/pipeline/rag", pipeline, headers=admin)
    assert answer.status == 200, answer.text
    return "rag"


QUESTION = {
    "ext": {"generative_qa_parameters": {"llm_question": "why?", "llm_model": "m"}},
    "query": {"match": {"text": "word"}},
}
OURS = {"processors": [{"trim": {"field": "text"}}, {"text_embedding": {"model_id": "m", "field_map": {"no": "v"}}}]}


async def test_the_clusters_filters_hold_for_what_a_model_is_shown(
    gateway: AsgiClient, rag: str, admin: dict[str, str], provider: Any
) -> None:
    target = f"POST /{INDEX}/_search?search_pipeline={rag}"
    answer = await gateway(target, QUESTION, headers=login(READER))
    assert answer.status == 200, answer.text
    assert sorted(hit["_id"] for hit in answer.json["hits"]["hits"]) == ["1", "3"]
    assert all(set(hit["_source"]) == {"team", "text"} for hit in answer.json["hits"]["hits"])
    assert answer.json["ext"]["retrieval_augmented_generation"]["answer"] == "Forty-two."
    shown = provider.requests[-1].body.decode()
    assert "word of x 1" in shown
    assert "word of y" not in shown
    assert "hidden" not in shown
    everything = await gateway(target, QUESTION, headers=admin)
    assert len(everything.json["hits"]["hits"]) == 3
    assert "hidden 2" in provider.requests[-1].body.decode()


@pytest.mark.parametrize(
    "target", [f"POST /{INDEX}/_search", f"POST /{INDEX}/_search?search_pipeline=rag", "POST /_msearch"]
)
@pytest.mark.usefixtures("rag")
async def test_a_caller_without_rights_gets_the_clusters_refusal(gateway: AsgiClient, target: str) -> None:
    body: Any = (
        QUESTION if "_msearch" not in target else b'{"index":"%s","search_pipeline":"rag"}\n{}\n' % INDEX.encode()
    )
    answer = await gateway(target, body, headers=login(TRAINER))
    found = answer.json["responses"][0] if "_msearch" in target and answer.status == 200 else answer.json
    assert found["status"] == 403, answer.text
    assert found["error"]["type"] == "security_exception"
    assert f"User [name={TRAINER}" in found["error"]["reason"]


async def test_writes_of_ours_have_the_callers_rights(gateway: AsgiClient, admin: dict[str, str]) -> None:
    assert (await gateway("PUT /_ingest/pipeline/ours", OURS, headers=admin)).status == 200
    target = f"PUT /{INDEX}/_doc/9?pipeline=ours&refresh=true"
    refused = await gateway(target, {"text": " a "}, headers=login(READER))
    assert (refused.status, refused.json["error"]["type"]) == (403, "security_exception")
    assert (await gateway(target, {"text": " a "}, headers=login(WRITER))).status == 201
    lines = (
        b'{"index":{"_index":"%s-new"}}\n{"text":" a "}\n{"index":{"_index":"other"}}\n{"text":" a "}\n'
        % INDEX.encode()
    )
    answer = await gateway("POST /_bulk?pipeline=ours", lines, headers=login(WRITER))
    assert [item["index"]["status"] for item in answer.json["items"]] == [201, 403]
    assert (await gateway(f"GET /{INDEX}/_doc/9", headers=admin)).json["_source"] == {"text": "a"}


async def test_a_processor_of_the_clusters_needs_no_further_rights(gateway: AsgiClient, admin: dict[str, str]) -> None:
    script = {"script": {"source": "ctx.n = 1"}}
    await gateway("PUT /_ingest/pipeline/mixed", {"processors": [*OURS["processors"], script]}, headers=admin)
    answer = await gateway(f"PUT /{INDEX}/_doc/9?pipeline=mixed", {"text": " a "}, headers=login(WRITER))
    assert answer.status == 201, answer.text
    assert (await gateway(f"GET /{INDEX}/_doc/9", headers=admin)).json["_source"] == {"text": "a", "n": 1}


async def test_connectors_are_for_those_who_may(gateway: AsgiClient) -> None:
    body = {"name": "c", "version": "1", "protocol": "http", "actions": []}
    for target in (
        "POST /_plugins/_ml/connectors/_create",
        "POST /_plugins/_ml/models/_register",
        "PUT /_ingest/pipeline/x",
        "POST /_ingest/pipeline/_simulate",
    ):
        sent = (
            {"pipeline": OURS, "docs": [{"_source": {}}]}
            if "_simulate" in target
            else OURS
            if "_ingest" in target
            else body
        )
        answer = await gateway(target, sent, headers=login(READER))
        assert (answer.status, answer.json["error"]["type"]) == (403, "security_exception"), target
    answer = await gateway("GET /_plugins/_ml/connectors/_search", headers=login(READER))
    assert answer.status == 403
    answer = await gateway("POST /_plugins/_ml/model_groups/_register", {"name": "g"}, headers=login(TRAINER))
    assert answer.status == 200, answer.text


UNKNOWN = [
    f"GET /{INDEX}/_search",
    f"GET /{INDEX}/_search?search_pipeline=rag",
    f"PUT /{INDEX}/_doc/1?pipeline=ours",
    f"POST /{INDEX}/_bulk?pipeline=ours",
    "POST /_plugins/_ml/connectors/_create",
    "GET /_ingest/pipeline",
    "GET /_cluster/settings",
    "PUT /_cluster/settings",
]


@pytest.mark.parametrize("headers", [{}, login("nobody"), login(READER, "wrong")])
@pytest.mark.parametrize("target", UNKNOWN)
@pytest.mark.usefixtures("rag")
async def test_an_unknown_caller_gets_the_clusters_401(
    gateway: AsgiClient, admin: dict[str, str], target: str, headers: dict[str, str]
) -> None:
    await gateway("PUT /_ingest/pipeline/ours", OURS, headers=admin)
    body: Any = None
    if "_bulk" in target:
        body = b'{"index":{"_id":"1"}}\n{"text":"a"}\n'
    elif not target.startswith("GET"):
        body = {"persistent": {"plugins.ml_commons.rag_pipeline_feature_enabled": True}}
    answer = await gateway(target, body, headers=headers)
    assert answer.status == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Basic realm="OpenSearch Security"'
    assert "Unauthorized" in answer.text


@pytest.mark.usefixtures("rag")
async def test_the_hidden_indices_are_nothing_for_ordinary_users(gateway: AsgiClient, fresh: str) -> None:
    for index in (".ragstone-records", ".plugins-ml-connector", ".plugins-ml-model"):
        for user in (READER, WRITER, TRAINER):
            answer = await gateway(f"GET /{index}/_search", headers=login(user))
            assert answer.status == 403, (user, answer.text)
    everything = await gateway("GET /_all/_search?expand_wildcards=all", headers=login(READER))
    assert "sk-very-secret" not in everything.text
    assert all(hit["_index"].startswith(INDEX) for hit in everything.json.get("hits", {}).get("hits", []))


async def test_what_is_hidden_is_the_gateways_account_to_read(gateway: AsgiClient, rag: str) -> None:
    """The reader may not see pipelines, connectors and models, and yet searches through them."""
    answer = await gateway(f"POST /{INDEX}/_search?search_pipeline={rag}", QUESTION, headers=login(READER))
    assert answer.status == 200


async def test_the_gateways_account_needs_no_more_than_its_role(opened: Opened, admin: dict[str, str]) -> None:
    mixed = {"processors": [*OURS["processors"], {"script": {"source": "ctx.n = 1"}}]}
    async with opened(cluster_user=GATEWAY, cluster_password=PASSWORD) as gateway:
        assert (await gateway("PUT /_ingest/pipeline/mixed", mixed, headers=admin)).status == 200
        named = await gateway("POST /_plugins/_ml/model_groups/_register", {"name": "g"}, headers=admin)
        assert named.status == 200, named.text
        for index in (INDEX, f"{INDEX}-new"):
            target = f"PUT /{index}/_doc/9?pipeline=mixed"
            written = await gateway(target, {"text": " a "}, headers=login(WRITER))
            assert written.status == 201, written.text
        refused = await gateway(f"GET /{INDEX}/_search", headers=login(GATEWAY))
        assert refused.status == 403


async def test_in_service_mode_the_gateways_account_stands_for_all(opened: Opened) -> None:
    async with opened(cluster_auth="service") as gateway:
        assert len((await gateway(f"GET /{INDEX}/_search")).json["hits"]["hits"]) == 3
        assert len((await gateway(f"GET /{INDEX}/_search", headers=login("nobody"))).json["hits"]["hits"]) == 3
        assert (await gateway("PUT /_ingest/pipeline/ours", OURS)).status == 200
        assert (await gateway(f"PUT /{INDEX}/_doc/9?pipeline=ours", {"text": " a "})).status == 201


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), (None, None), (READER, PASSWORD)])
async def test_an_account_that_will_not_do_is_told_at_the_start(
    opened: Opened, name: str | None, password: str | None
) -> None:
    with pytest.raises(IllegalStateException, match="the cluster refuses the gateway's account: ") as raised:
        async with opened(cluster_user=name, cluster_password=password):
            raise AssertionError("it started")
    assert str(password) not in str(raised.value)
