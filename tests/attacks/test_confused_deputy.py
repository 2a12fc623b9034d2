"""Connectors as a way to act as somebody else: whoever names a role, or changes a connector that names one, must be
allowed to pass that role on."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from requests_aws4auth import AWS4Auth

from ragstone.core import json
from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.secrecy import Secrecy

DOMAIN = "arn:aws:es:us-east-1:000000000000:domain/test-cluster"
MINE, THEIRS = "arn:aws:iam::000000000000:role/mine", "arn:aws:iam::000000000000:role/team/theirs"
ELSEWHERE = "arn:aws:iam::123456789012:role/elsewhere"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf"
SCOPE = {"service_name": "bedrock", "region": "us-east-1"}
ML = "/_plugins/_ml"
ACTIONS = [{"action_type": "predict", "method": "POST", "url": "https://models.test/elsewhere", "request_body": "{}"}]

Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def ann(target: Any, secrecy: Secrecy) -> Ask:
    """`await ann(target, body)`, signed by somebody who may use the API, and pass on the role `mine`."""
    target.admin.create_user("ann")
    key = target.admin.create_access_key("ann")
    statements = [("es:*", DOMAIN), ("iam:PassRole", MINE)]
    policy = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    target.admin.put_user_policy("ann", "p", {"Version": "2012-10-17", "Statement": policy})
    auth = AWS4Auth(key.id, secrecy.secret(key.secret), "us-east-1", "es")

    async def ask(line: str, body: Any) -> Answer:
        method, _, path = line.partition(" ")
        content = json.encode(body)
        made = requests.Request(
            method, f"http://localhost{path}", data=content, headers={"Content-Type": "application/json"}, auth=auth
        ).prepare()
        answer: Answer = await target(line, content, headers={**dict(made.headers), "Host": "localhost"})
        return answer

    return ask


def connector(credential: dict[str, str], protocol: str = "aws_sigv4", **more: Any) -> dict[str, Any]:
    return {"name": "c", "version": "1", "protocol": protocol, "credential": credential, "parameters": SCOPE, "actions": ACTIONS, **more}  # fmt: skip


def refused(answer: Answer) -> bool:
    return answer.status == 403 and "not authorized to perform: iam:PassRole on resource: " in answer.text


CREDENTIALS = [
    pytest.param({"roleArn": THEIRS}, "aws_sigv4", id="to sign as"),
    pytest.param({"roleArn": THEIRS, "externalAccountRoleArn": ELSEWHERE}, "aws_sigv4", id="to assume another as"),
    pytest.param({"secretArn": SECRET, "roleArn": THEIRS}, "http", id="to read a secret as"),
    pytest.param({"secretArn": SECRET, "roleArn": THEIRS}, "aws_sigv4", id="both"),
]


@pytest.mark.parametrize(("credential", "protocol"), CREDENTIALS)
async def test_a_role_that_one_may_not_pass_on_gets_into_no_connector(
    ann: Ask, target: Any, credential: dict[str, str], protocol: str
) -> None:
    made = connector(credential, protocol)
    assert refused(await ann(f"POST {ML}/connectors/_create", made))
    assert refused(await ann(f"POST {ML}/connectors/_create", {**made, "connector_id": "chosen"}))
    model = {"name": "m", "function_name": "remote", "connector": made}
    assert refused(await ann(f"POST {ML}/models/_register", model))
    own = await ann(f"POST {ML}/connectors/_create", connector({**credential, "roleArn": MINE}, protocol))
    assert own.status == 200, own.text
    id = own.json["connector_id"]
    assert refused(await ann(f"PUT {ML}/connectors/{id}", {"credential": {"roleArn": THEIRS}}))
    assert (await target(f"GET {ML}/connectors/chosen")).status == 404


@pytest.mark.parametrize(("credential", "protocol"), CREDENTIALS)
async def test_a_connector_with_such_a_role_is_led_nowhere_else(
    ann: Ask, target: Any, credential: dict[str, str], protocol: str
) -> None:
    made = await target(f"POST {ML}/connectors/_create", connector(credential, protocol))
    assert made.status == 200, made.text
    path = f"PUT {ML}/connectors/{made.json['connector_id']}"
    for change in (
        {"actions": ACTIONS},
        {"parameters": {"region": "eu-west-1"}},
        {"parameters": {"endpoint": "evil.example"}},
        {"credential": {"secretArn": SECRET}},
        {"credential": {"externalAccountRoleArn": ELSEWHERE}},
        {"client_config": {"skip_ssl_verification": True}},
        {"description": "harmless"},
    ):
        assert refused(await ann(path, change)), change


async def test_a_role_of_ones_own_is_no_way_to_another_one(ann: Ask, target: Any) -> None:
    """The connector's role is what assumes the external one: that it may is for the two roles to say, as on AWS."""
    made = await ann(f"POST {ML}/connectors/_create", connector({"roleArn": MINE, "externalAccountRoleArn": THEIRS}))
    assert made.status == 200, made.text
    service = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for name, path in (("mine", "/"), ("theirs", "/team/")):
        target.admin.create_role(name, {"Version": "2012-10-17", "Statement": [service]}, None, path=path)
    body = {"name": "m", "function_name": "remote", "connector_id": made.json["connector_id"]}
    model = (await target(f"POST {ML}/models/_register?deploy=true", body)).json["model_id"]
    answer = await target.predict(model)
    assert (answer.status, "[AccessDenied]" in answer.text) == (403, True)
    assert target.provider.requests == []


async def test_a_role_is_named_with_its_path(ann: Ask) -> None:
    """To pass on `role/mine` is not to pass on `role/team/mine`, which is another name."""
    other = MINE.replace("role/", "role/team/")
    assert refused(await ann(f"POST {ML}/connectors/_create", connector({"roleArn": other})))
    assert (await ann(f"POST {ML}/connectors/_create", connector({"roleArn": MINE}))).status == 200


# ── callers that log in ──────────────────────────────────────────────────────────────────────────────────────────────

PASSWORD = "Reef-Kettle-9271!"


@pytest.fixture
async def log_in(settings: Settings, secrecy: Secrecy) -> AsyncIterator[Ask]:
    """`await log_in("PUT /path", body, user)` on a node with security on."""
    secured = replace(
        settings, security=SecuritySettings(enabled=True), initial_admin_password=secrecy.secret(PASSWORD)
    )
    async with Node(secured) as node:
        client = AsgiClient(node.app)

        async def ask(line: str, body: Any, user: str = "admin") -> Answer:
            login = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
            return await client(line, body, headers={"authorization": f"Basic {login}"})

        trusted = {"plugins.ml_commons.trusted_connector_endpoints_regex": ["^https://models.test/.*$"]}
        assert (await ask("PUT /_cluster/settings", {"persistent": trusted})).status == 200
        yield ask


async def test_who_logs_in_names_roles_only_with_the_permission_for_it(log_in: Ask) -> None:
    ml, api = "cluster:admin/opensearch/ml/", "PUT /_plugins/_security/api"
    actions = [ml + "create_connector", ml + "connectors/update", ml + "register_model"]
    await log_in(f"{api}/roles/maker", {"cluster_permissions": actions})
    for name, role in (("mallory", "maker"), ("trent", "ml_full_access")):
        await log_in(f"{api}/internalusers/{name}", {"password": PASSWORD, "opendistro_security_roles": [role]})
    for credential in ({"roleArn": THEIRS}, {"secretArn": SECRET, "roleArn": THEIRS}):
        made = connector(credential)
        model = {"name": "m", "function_name": "remote", "connector": made}
        allowed = await log_in(f"POST {ML}/connectors/_create", made, "trent")
        assert allowed.status == 200, allowed.text
        for line, body in (
            (f"POST {ML}/connectors/_create", made),
            (f"POST {ML}/models/_register", model),
            (f"PUT {ML}/connectors/{allowed.json['connector_id']}", {"actions": ACTIONS}),
        ):
            answer = await log_in(line, body, "mallory")
            assert answer.status == 403, (line, answer.text)
            assert "no permissions for [cluster:admin/opensearch/ml/connectors/pass_role]" in answer.text
    own = connector({"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "s"})
    assert (await log_in(f"POST {ML}/connectors/_create", own, "mallory")).status == 200
