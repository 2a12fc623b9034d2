"""`/_plugins/_ml/connectors`: where we do better than the recorded server, and what must never be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.embeddings import HashingRuntime

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = "POST /_plugins/_ml/connectors/_create"
SECRET = "sk-very-secret"
BODY = {
    "name": "c",
    "version": "1",
    "protocol": "http",
    "credential": {"key": SECRET},
    "actions": [{"action_type": "predict", "method": "POST", "url": "http://models.test/v1", "request_body": "{}"}],
}


async def test_an_absent_body_is_a_fault_of_the_caller(client: AsgiClient, ml: Any) -> None:
    assert ml.fault(await client(CREATE)) == (400, "parse_exception", "Create Connector request has empty body")


@pytest.mark.parametrize(
    ("member", "value"),
    [("credential", {"a": {"b": 1}}), ("parameters", [1]), ("actions", {}), ("name", {}), ("client_config", 5)],
)
async def test_a_member_of_the_wrong_type_is_a_400_with_its_place(
    client: AsgiClient, ml: Any, member: str, value: Any
) -> None:
    answer = await client(CREATE, {**BODY, member: value})
    assert ml.fault(answer)[:2] == (400, "parsing_exception")
    assert answer.json["error"]["col"] > 1


async def test_broken_json_is_a_400(client: AsgiClient, ml: Any) -> None:
    answer = await client(CREATE, b"{bad", headers={"Content-Type": "application/json"})
    assert ml.fault(answer)[:2] == (400, "json_parse_exception")


async def test_a_lone_role_is_a_credential_for_aws(client: AsgiClient) -> None:
    aws = {
        **BODY,
        "protocol": "aws_sigv4",
        "credential": {"roleArn": "arn:aws:iam::123456789012:role/x"},
        "parameters": {"service_name": "bedrock", "region": "eu-west-1"},
    }
    assert (await client(CREATE, aws)).status == 200


async def test_the_tutorials_connector_with_a_secret_arn_is_stored(client: AsgiClient, ml: Any) -> None:
    action = {
        "action_type": "predict",
        "method": "POST",
        "url": "http://models.test/v1",
        "headers": {"Authorization": "Bearer ${credential.secretArn.my_deepseek_key}"},
        "request_body": "{}",
    }
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:gone-AbCdEf"
    credential = {"secretArn": arn, "roleArn": "arn:aws:iam::000000000000:role/r"}
    id = (await client(CREATE, {**BODY, "credential": credential, "actions": [action]})).json["connector_id"]
    assert "arn:" not in (await client(f"GET /_plugins/_ml/connectors/{id}")).text
    model = await ml.model(connector_id=id)
    answer = await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {}})
    assert ml.fault(answer) == (
        400,
        "status_exception",
        "The connector's secret could not be read [ResourceNotFoundException]: there is no such secret",
    )


async def test_a_secret_arn_needs_a_role_and_must_be_one(client: AsgiClient, ml: Any) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf"
    answer = await client(CREATE, {**BODY, "credential": {"secretArn": arn}})
    assert ml.fault(answer)[2] == "Connector credential [secretArn] needs [roleArn], the role to read it as"
    answer = await client(CREATE, {**BODY, "credential": {"secretArn": SECRET, "roleArn": SECRET}})
    assert ml.fault(answer)[2] == "Connector credential [secretArn] is not the ARN of a secret"
    id = await ml.connector()
    assert (await client(f"PUT /_plugins/_ml/connectors/{id}", {"credential": {"secretArn": arn}})).status == 400


async def test_client_config_is_completed_in_seconds(client: AsgiClient, ml: Any) -> None:
    id = await ml.connector(client_config={"max_retry_times": 2})
    config = (await client(f"GET /_plugins/_ml/connectors/{id}")).json["client_config"]
    assert (config["connection_timeout"], config["read_timeout"], config["max_retry_times"]) == (30, 30, 2)


async def test_parameters_in_secret_bearing_headers_are_refused(client: AsgiClient, ml: Any) -> None:
    action = {**BODY["actions"][0], "headers": {"X-Api-Key": "${parameters.k}"}}  # type: ignore[index]
    answer = await client(CREATE, {**BODY, "actions": [action]})
    assert ml.fault(answer)[2] == (
        "Header 'X-Api-Key' cannot use ${parameters.*} placeholders for security reasons. Use ${credential.*} instead."
    )
    id = await ml.connector()
    assert (await client(f"PUT /_plugins/_ml/connectors/{id}", {"actions": [action]})).status == 400


async def test_an_update_to_an_unknown_protocol_is_refused_as_at_creation(client: AsgiClient, ml: Any) -> None:
    id = await ml.connector()
    answer = await client(f"PUT /_plugins/_ml/connectors/{id}", {"protocol": "grpc"})
    assert ml.fault(answer) == (400, "illegal_argument_exception", "Can't find class for type grpc")
    assert (await client(f"GET /_plugins/_ml/connectors/{id}")).json["protocol"] == "http"


@pytest.mark.parametrize("protocol", ["mcp_sse", "mcp_streamable_http"])
async def test_mcp_connectors_are_refused_out_loud(client: AsgiClient, ml: Any, protocol: str) -> None:
    await ml.settings(mcp_connector_enabled=True)
    answer = await client(CREATE, {**BODY, "protocol": protocol, "url": "http://models.test"})
    assert ml.fault(answer)[:2] == (400, "unsupported_operation_exception")


@pytest.mark.parametrize(
    "members",
    [
        {"client_config": {"mutual_tls_enabled": True}},
        {"actions": [{**BODY["actions"][0], "supports_structured_output": True}]},  # type: ignore[index]
    ],
)
async def test_what_is_not_there_yet_is_refused_at_creation(
    client: AsgiClient, ml: Any, members: dict[str, Any]
) -> None:
    assert ml.fault(await client(CREATE, {**BODY, **members}))[:2] == (400, "unsupported_operation_exception")


async def test_a_chosen_id_is_used_once(client: AsgiClient, ml: Any) -> None:
    assert (await client(CREATE, {**BODY, "connector_id": "mine-1"})).json == {"connector_id": "mine-1"}
    answer = await client(CREATE, {**BODY, "connector_id": "mine-1"})
    assert ml.fault(answer) == (409, "status_exception", "connector id 'mine-1' already exists")
    assert ml.fault(await client(CREATE, {**BODY, "connector_id": "_x"}))[2] == "connector id must not start with '_'"


@pytest.mark.parametrize(
    ("patterns", "reason"),
    [
        (["(a+)+$"], "Regex pattern contains nested quantifiers or backreferences that may cause ReDoS: (a+)+$"),
        (["^(a)\\1$"], "Regex pattern contains nested quantifiers or backreferences that may cause ReDoS: ^(a)\\1$"),
        (["("], "Invalid regex pattern: ("),
        (["^http://a$", "x" * 300], f"Regex pattern too long (max 256 chars): {'x' * 300}"),
    ],
)
async def test_patterns_that_are_no_good_are_refused(ml: Any, patterns: list[str], reason: str) -> None:
    answer = await ml.settings(trusted_connector_endpoints_regex=patterns)
    assert ml.fault(answer) == (400, "illegal_argument_exception", reason)


async def test_restricted_addresses_are_not_for_the_settings_api(ml: Any) -> None:
    answer = await ml.settings(connector__restricted_ip_patterns=["x"])
    assert answer.status == 400
    assert "not dynamically updateable" in answer.text


async def test_remote_inference_switched_off_is_a_400(client: AsgiClient, ml: Any) -> None:
    await ml.settings(remote_inference__enabled=False)
    for answer in (
        await client(CREATE, {"name": "x"}),
        await client(
            "POST /_plugins/_ml/models/_register", {"name": "x", "function_name": "remote", "connector_id": "y"}
        ),
    ):
        status, type, reason = ml.fault(answer)
        assert (status, type) == (400, "status_exception")
        assert reason.startswith("Remote Inference is currently disabled.")


async def test_a_secret_is_nowhere_to_be_seen(
    client: AsgiClient, ml: Any, node: Node, provider: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    id = await ml.connector(action={"headers": {"Authorization": "Bearer ${credential.key}"}})
    model = await ml.model(connector_id=id)
    await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {}})
    assert provider.requests[0].headers["Authorization"] == f"Bearer {SECRET}"
    inline = await ml.model("inline", connector={**BODY, "actions": [{**BODY["actions"][0]}]})  # type: ignore[index]
    shown = [
        (await client(f"GET /_plugins/_ml/connectors/{id}")).text,
        (await client(f"GET /_plugins/_ml/models/{inline}")).text,
        (await client("GET /.plugins-ml-connector/_doc/" + id)).text,
        repr(provider.requests[0]),
        *capfd.readouterr(),
    ]
    assert all(SECRET not in text for text in shown)
    assert not _holds(node.services.settings.data, SECRET)


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"match_all": {}}},
        {"_source": ["credential", "credential.*"]},
        {"_source": False},
        {"fields": ["*", "credential.key"]},
        {"explain": True},
        {"stored_fields": ["credential.key"]},
        {"sort": ["credential.key"]},
        {"aggs": {"a": {"terms": {"field": "credential.key"}}}},
        {"aggs": {"a": {"terms": {"field": "credential.key"}}, "b": {"cardinality": {"field": "credential.key"}}}},
        {"docvalue_fields": ["credential.key", "credential.*"]},
        {
            "query": {"exists": {"field": "credential.key"}},
            "highlight": {"require_field_match": False, "fields": {"*": {"no_match_size": 500}}},
        },
        {"highlight": {"fields": {"credential.key": {"no_match_size": 500, "type": "plain"}}}},
    ],
)
async def test_no_search_shows_a_credential_not_even_sealed(client: AsgiClient, ml: Any, body: Any) -> None:
    id = await ml.connector()
    await ml.model("with inline", connector=BODY)
    stored = (await client(f"GET /.plugins-ml-connector/_doc/{id}")).json["_source"]["credential"]["key"]
    for resource in ("connectors", "models"):
        answer = await client(f"POST /_plugins/_ml/{resource}/_search", {"size": 1000, **body})
        assert answer.status in (200, 400)
        assert stored not in answer.text
        assert "AES-256-GCM" not in answer.text


def _holds(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_credentials_survive_a_restart_and_merge_by_key(settings: Settings, provider: Any) -> None:
    action = {**BODY["actions"][0], "headers": {"X-Both": "${credential.a}-${credential.b}"}}  # type: ignore[index]
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        client = AsgiClient(node.app)
        body = {**BODY, "credential": {"a": "one-secret", "b": "two-secret"}, "actions": [action]}
        id = (await client(CREATE, body)).json["connector_id"]
        await client(f"PUT /_plugins/_ml/connectors/{id}", {"credential": {"b": "new-secret"}})
        register = {"name": "m", "function_name": "remote", "connector_id": id}
        model = (await client("POST /_plugins/_ml/models/_register?deploy=true", register)).json["model_id"]
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        client = AsgiClient(node.app)
        answer = await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {}})
        assert answer.status == 200
    assert provider.requests[-1].headers["X-Both"] == "one-secret-new-secret"
