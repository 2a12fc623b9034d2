"""Whose name a request to the cluster carries, who may use what is ours, and what is said of it."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from ragstone.core.errors import IllegalStateException
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.cluster import Received, Reply, ScriptedCluster

WHO = "/_plugins/_security/authinfo"
CALLER = "Basic " + base64.b64encode(b"somebody:sk-caller-secret").decode()
SERVICE = "Basic " + base64.b64encode(b"gateway:sk-service-secret").decode()
ACCOUNT = {"cluster_user": "gateway", "cluster_password": "sk-service-secret"}
OURS = {"processors": [{"trim": {"field": "a"}}]}
UNKNOWN = Reply(b"Unauthorized", 401, headers={"www-authenticate": 'Basic realm="x"', "content-type": "text/plain"})


def roles(*names: str) -> Reply:
    return Reply({"user_name": "somebody", "roles": list(names)})


def _accounts(requests: list[Received], path: str) -> set[str | None]:
    return {request.headers.get("authorization") for request in requests if request.path.startswith(path)}


# ── whose name ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_data_goes_with_the_callers_name_and_what_is_hidden_with_the_gateways(
    gateways: Any, cluster: ScriptedCluster
) -> None:
    async with gateways(**ACCOUNT) as gateway:
        caller = {"authorization": CALLER}
        await gateway("PUT /_ingest/pipeline/ours", OURS, headers=caller)
        await gateway("PUT /books/_doc/1?pipeline=ours", {"a": " x "}, headers=caller)
        await gateway("POST /books/_search", {}, headers=caller)
        await gateway("POST /books/_search", {"ext": {"generative_qa_parameters": {}}}, headers=caller)
        await gateway("POST /_plugins/_ml/model_groups/_register", {"name": "g"}, headers=caller)
        assert _accounts(cluster.requests, "/books") == {CALLER}
        assert _accounts(cluster.requests, WHO) == {CALLER}
        assert _accounts(cluster.requests, "/.") == {SERVICE}
        assert _accounts(cluster.requests, "/_cluster/state") == {SERVICE}


async def test_a_caller_without_a_name_has_none_in_the_cluster(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**ACCOUNT) as gateway:
        await gateway("PUT /_ingest/pipeline/ours", OURS)
        await gateway("PUT /books/_doc/1?pipeline=ours", {"a": " x "})
        await gateway("GET /books/_search")
        assert _accounts(cluster.requests, "/books") == {None}


async def test_in_service_mode_all_have_the_gateways_name(gateways: Any, cluster: ScriptedCluster) -> None:
    async with gateways(**ACCOUNT, cluster_auth="service") as gateway:
        await gateway("PUT /_ingest/pipeline/ours", OURS, headers={"authorization": CALLER})
        await gateway("PUT /books/_doc/1?pipeline=ours", {"a": " x "})
        await gateway("GET /books/_search", headers={"authorization": CALLER})
        assert {request.headers.get("authorization") for request in cluster.requests} == {SERVICE}
        assert not cluster.asked("GET", WHO)


async def test_nobodys_secret_is_in_the_log(
    gateways: Any, cluster: ScriptedCluster, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with gateways(**ACCOUNT) as gateway:
        cluster.on("GET", "/broken", Reply(way="cut"))
        for target in ("GET /broken", "GET /_nothing", "POST /books/_search?search_pipeline=x", "GET /_plugins/_ml/x"):
            await gateway(target, headers={"authorization": CALLER})
        cluster.on("GET", WHO, UNKNOWN)
        await gateway("PUT /_ingest/pipeline/ours", OURS, headers={"authorization": "Bearer sk-other-secret"})
    said = "".join(capfd.readouterr()) + caplog.text
    assert "does not answer" in said, "there is a log"
    for secret in (CALLER, SERVICE, CALLER.split()[1], SERVICE.split()[1], "sk-"):
        assert secret not in said


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("having", "reads", "writes"),
    [
        (("all_access",), 200, 200),
        (("ml_full_access", "other"), 200, 200),
        (("ml_read_access",), 200, 403),
        (("readall",), 403, 403),
        ((), 403, 403),
    ],
)
async def test_roles_decide_on_models_and_connectors(
    gateway: AsgiClient, cluster: ScriptedCluster, having: tuple[str, ...], reads: int, writes: int
) -> None:
    cluster.on("GET", WHO, roles(*having))
    assert (await gateway("POST /_plugins/_ml/models/_search", {})).status == reads
    registered = await gateway("POST /_plugins/_ml/model_groups/_register", {"name": "g"})
    assert registered.status == writes
    if writes == 403:
        error = registered.json["error"]
        assert error["type"] == "security_exception"
        assert error["reason"].startswith("no permissions for [cluster:admin/opensearch/ml] and User [name=somebody,")
    assert len(cluster.asked("GET", WHO)) == 1, "an answer is good for a while"


async def test_pipelines_of_ours_are_written_by_those_who_may_use_models(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    cluster.on("GET", WHO, roles("readall"))
    for target in ("PUT /_ingest/pipeline/x", "POST /_ingest/pipeline/_simulate"):
        body = OURS if "PUT" in target else {"pipeline": OURS, "docs": [{"_source": {}}]}
        assert (await gateway(target, body)).status == 403


@pytest.mark.parametrize("target", ["POST /_plugins/_ml/models/_search", "PUT /books/_doc/1?pipeline=ours"])
async def test_an_unknown_caller_is_told_how_to_log_in_and_nothing_is_done(
    gateway: AsgiClient, cluster: ScriptedCluster, target: str
) -> None:
    await gateway("PUT /_ingest/pipeline/ours", OURS)
    cluster.on("GET", WHO, UNKNOWN)
    cluster.requests.clear()
    answer = await gateway(target, {"a": " x "}, headers={"authorization": CALLER})
    assert (answer.status, answer.json["error"]["type"]) == (401, "security_exception")
    assert answer.headers["www-authenticate"] == 'Basic realm="x"'
    assert not cluster.asked("POST", "/books/_bulk")


async def test_a_cluster_that_can_not_say_who_is_calling_lets_nobody_in(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    cluster.on("GET", WHO, Reply({"error": "busy", "status": 503}, 503))
    assert (await gateway("POST /_plugins/_ml/models/_search", {})).status == 503


# ── the gateway's own account ────────────────────────────────────────────────────────────────────────────────────────


async def test_an_account_that_is_refused_later_is_not_the_callers_fault(
    gateways: Any, cluster: ScriptedCluster
) -> None:
    async with gateways(**ACCOUNT) as gateway:
        cluster.on("GET", WHO, roles("all_access"))
        before = cluster.otherwise
        cluster.otherwise = UNKNOWN
        answer = await gateway("PUT /_ingest/pipeline/ours", OURS, headers={"authorization": CALLER})
        assert (answer.status, answer.json["error"]["type"]) == (503, "security_exception")
        assert answer.json["error"]["reason"] == "the cluster refuses the gateway's account: Unauthorized"
        assert "www-authenticate" not in answer.headers
        cluster.otherwise = before
        answer = await gateway("PUT /_ingest/pipeline/ours", OURS, headers={"authorization": CALLER})
        assert answer.status == 200


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (UNKNOWN, "the cluster refuses the gateway's account: Unauthorized"),
        (Reply({"error": {"type": "security_exception", "reason": "no"}}, 403), "refuses the gateway's account: no"),
        (Reply(way="cut"), "the cluster can not be used: the cluster does not answer: the connection was closed"),
        (Reply(b"<html>", 502), "the cluster can not be used: <html>"),
        (Reply({"version": {"number": "8.1.0"}}), r"the cluster says that it is \[Elasticsearch\] 8.1.0"),
    ],
)
async def test_a_cluster_that_will_not_do_is_told_at_the_start(
    gateways: Any, cluster: ScriptedCluster, reply: Reply, why: str
) -> None:
    cluster.on("GET", "/", reply)
    with pytest.raises(IllegalStateException, match=why):
        async with gateways():
            raise AssertionError("it started")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.mark.parametrize("trusts", [True, False])
async def test_a_certificate_must_be_of_an_authority_that_is_trusted(
    authority: trustme.CA, trusted: Path, cluster: ScriptedCluster, tmp_path: Path, trusts: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    over_tls = ScriptedCluster()
    over_tls.otherwise = cluster.otherwise
    over_tls._always = cluster._always
    async with over_tls.running(context):
        settings = Settings(
            port=0,
            data=tmp_path / "gateway",
            engine="opensearch",
            cluster=(over_tls.url,),
            cluster_ca=trusted if trusts else None,
        )
        if trusts:
            async with Node(settings) as node:
                assert (await AsgiClient(node.app)("GET /_cluster/health")).status == 200
        else:
            with pytest.raises(IllegalStateException, match="its TLS certificate is not trusted"):
                async with Node(settings):
                    raise AssertionError("it started")
