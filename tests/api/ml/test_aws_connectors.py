"""`aws_sigv4` connectors against a server that verifies signatures: this one. And a token service that is away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from moto.server import ThreadedMotoServer

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration
from ragstone.providers.identity.store import IdentityStore
from ragstone.testing.server import ThreadedServer

DOMAIN = "arn:aws:es:us-east-1:000000000000:domain/ragstone"
AT_AWS = "arn:aws:iam::123456789012:role/r"
SERVICE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Reader:
    """Somebody who makes connectors that search an index of the server itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        trusted = {"trusted_connector_endpoints_regex": ["^http://127.0.0.1:.*$"], "connector.private_ip_enabled": True}
        self("PUT /_cluster/settings", {"persistent": {f"plugins.ml_commons.{key}": v for key, v in trusted.items()}})
        self("PUT /docs/_doc/1?refresh=true", {"text": "signed, sealed, delivered"})

    def __call__(self, line: str, body: Any = None) -> requests.Response:
        method, path = line.split(" ")
        return requests.request(method, self.url + path, json=body, timeout=60)

    def create(self, credential: dict[str, str], **members: Any) -> requests.Response:
        action = {
            "action_type": "predict",
            "method": "POST",
            "url": f"{self.url}/${{parameters.index}}/_search?filter_path=hits.hits._source&q=${{parameters.q:-*}}",
            "headers": {"content-type": "application/json", "x-amz-content-sha256": "required"},
            "request_body": '{"size": ${parameters.size:-1}}',
        }
        body = {
            "name": "c",
            "version": "1",
            "protocol": "aws_sigv4",
            "credential": credential,
            "parameters": {"service_name": "es", "region": "us-east-1", "index": "docs"},
            "client_config": {"max_retry_times": 0},
            "actions": [action],
            **members,
        }
        return self("POST /_plugins/_ml/connectors/_create", body)

    def model(self, credential: dict[str, str], **members: Any) -> str:
        made = self.create(credential, **members)
        assert made.status_code == 200, made.text
        model = {"name": "m", "function_name": "remote", "connector_id": made.json()["connector_id"]}
        return str(self("POST /_plugins/_ml/models/_register?deploy=true", model).json()["model_id"])

    def predict(self, model: str, **parameters: Any) -> requests.Response:
        return self(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {"size": 1, **parameters}})

    def found(self, answer: requests.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()["inference_results"][0]["output"][0]["dataAsMap"]["hits"]["hits"][0]["_source"]


@pytest.fixture
def reader(server: str) -> Reader:
    return Reader(server)


@pytest.fixture
def admin(settings: Settings) -> Administration:
    return Administration(
        IdentityStore(settings.data), MasterKeyEncryptor(settings.keys_folder), SystemClock(), IdGenerator()
    )


def allowing(resource: str, action: str = "es:ESHttpPost") -> Any:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


SOURCE = {"text": "signed, sealed, delivered"}


def test_the_connectors_own_keys_sign_what_arrives(reader: Reader, admin: Administration) -> None:
    admin.create_user("ann")
    key = admin.create_access_key("ann")
    model = reader.model({"access_key": key.id, "secret_key": key.secret})
    refused = reader.predict(model)
    assert (refused.status_code, "es:ESHttpPost" in refused.text) == (403, True)
    admin.put_user_policy("ann", "p", allowing(f"{DOMAIN}/docs/*"))
    assert reader.found(reader.predict(model)) == SOURCE
    for query in ("seal*", "text:signed,sealed", "*&size=1", "%2A+%26", "sealed~1"):
        answer = reader.predict(model, q=query)
        assert "signature" not in answer.text, answer.text
    wrong = reader.model({"access_key": key.id, "secret_key": key.secret[:-1]})
    refused = reader.predict(wrong)
    assert refused.status_code == 403
    assert "The request signature we calculated does not match" in refused.text
    assert key.secret[:-1] not in refused.text


def test_a_role_signs_as_long_as_it_may(reader: Reader, admin: Administration) -> None:
    first = admin.create_role("first", SERVICE, allowing(f"{DOMAIN}/docs/*"))
    trust = {**SERVICE, "Statement": [{**SERVICE["Statement"][0], "Principal": {"AWS": first}}]}  # type: ignore[dict-item]
    second = admin.create_role("second", trust, allowing(f"{DOMAIN}/other/*"))
    model = reader.model({"roleArn": first})
    assert reader.found(reader.predict(model)) == SOURCE
    chained = reader.model({"roleArn": first, "externalAccountRoleArn": second})
    refused = reader.predict(chained)
    assert refused.status_code == 403
    assert "assumed-role/second/ragstone-" in refused.text
    admin.put_role_policy("second", "inline", allowing(f"{DOMAIN}/docs/*"))
    assert reader.found(reader.predict(chained)) == SOURCE
    admin.delete_role("first")
    # Its session went with it; the keys that are refused are renewed, which the role is needed for.
    refused = reader.predict(model)
    assert refused.status_code == 403
    assert "arn:aws:iam" not in refused.text


def test_a_role_that_does_not_let_the_server_in_signs_nothing(reader: Reader, admin: Administration) -> None:
    role = admin.create_role("r", allowing_user(), allowing(f"{DOMAIN}/*"))
    refused = reader.predict(reader.model({"roleArn": role}))
    assert refused.status_code == 403
    assert refused.json()["error"]["reason"] == (
        "The connector's role could not be assumed [AccessDenied]: access to it, or to its role, is denied"
    )


def allowing_user() -> Any:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:user/ann"},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def test_a_connector_shows_nothing_of_what_it_signs_with(reader: Reader, admin: Administration) -> None:
    credential = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "aws-secret-4711", "session_token": "token-4711"}
    id = reader.create(credential).json()["connector_id"]
    told = reader(f"GET /_plugins/_ml/connectors/{id}").text
    told += reader("POST /_plugins/_ml/connectors/_search", {"query": {"match_all": {}}}).text
    assert not [value for value in credential.values() if value in told]


@pytest.mark.parametrize(
    ("credential", "members", "reason"),
    [
        ({"access_key": "a"}, {}, "Missing credential"),
        ({"roleArn": AT_AWS}, {"parameters": {"region": "us-east-1"}}, "Missing service name"),
        ({"roleArn": AT_AWS}, {"parameters": {"service_name": "es"}}, "Missing region"),
        ({"roleArn": AT_AWS, "externalAccountRoleArn": "b"}, {}, "Connector credential [externalAccountRoleArn] is not the ARN of a role"),
        ({"key": "k", "externalAccountRoleArn": AT_AWS}, {"protocol": "http"}, "Connector credential [externalAccountRoleArn] is for the protocol aws_sigv4"),
    ],
)  # fmt: skip
def test_what_is_refused_at_creation(
    reader: Reader, credential: dict[str, str], members: dict[str, Any], reason: str
) -> None:
    answer = reader.create(credential, **members)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason)


# ── AWS, or whoever `AWS_ENDPOINT_URL` names ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-node",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_role_at_aws_signs_with_the_keys_that_aws_gives(reader: Reader, environment: pytest.MonkeyPatch) -> None:
    """This server has never heard of them, which shows that they arrived."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        environment.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*moto.get_host_and_port()))
        answer = reader.predict(reader.model({"roleArn": AT_AWS}))
    finally:
        moto.stop()
    assert (answer.status_code, answer.json()["error"]["reason"]) == (
        403,
        'Error from remote service: {"message":"The security token included in the request is invalid."}',
    )


def test_the_node_s_own_identity_signs_only_where_its_operator_says_so(
    settings: Settings, admin: Administration, environment: pytest.MonkeyPatch
) -> None:
    admin.create_user("node")
    key = admin.create_access_key("node")
    admin.put_user_policy("node", "p", allowing(f"{DOMAIN}/docs/*"))
    environment.setenv("AWS_ACCESS_KEY_ID", key.id)
    environment.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    nothing = {"service_name": "es", "region": "us-east-1"}
    with ThreadedServer(settings) as server:
        assert Reader(server.url).create(nothing).json()["error"]["reason"] == "Missing credential"
    with ThreadedServer(replace(settings, aws_ambient_credentials=True)) as server:
        reader = Reader(server.url)
        for credential in (nothing, {"roleArn": AT_AWS}):
            assert reader.found(reader.predict(reader.model(credential))) == SOURCE
        environment.delenv("AWS_ACCESS_KEY_ID")
        environment.delenv("AWS_SECRET_ACCESS_KEY")
        refused = reader.predict(reader.model(nothing))
    assert (refused.status_code, refused.json()["error"]["reason"]) == (
        503,
        "The connector's role could not be assumed [NoCredentials]: it is at AWS, and this node has no AWS credentials",
    )


# ── AWS's token service is away ──────────────────────────────────────────────────────────────────────────────────────


def secret_connector() -> dict[str, Any]:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-AbCdEf"
    return {"credential": {"secretArn": arn, "roleArn": AT_AWS}, "protocol": "http"}


@pytest.mark.parametrize("what", ["role", "secret"])
def test_a_token_service_that_refuses_connections_is_a_503(
    reader: Reader, environment: pytest.MonkeyPatch, what: str
) -> None:
    model = reader.model(**(secret_connector() if what == "secret" else {"credential": {"roleArn": AT_AWS}}))
    answer = reader.predict(model)
    assert answer.status_code == 503
    assert answer.json()["error"]["reason"].startswith(f"The connector's {what} could not be")
    assert AT_AWS not in answer.text


class Silence:
    """A server that takes connections and says nothing until it is told to stop."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._taken: list[socket.socket] = []
        self.asked = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._taken.append(connection)
            self.asked.set()

    def __enter__(self) -> Silence:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for connection in self._taken:
            connection.close()


@pytest.fixture
def silence() -> Iterator[Silence]:
    with Silence() as silent:
        yield silent


@pytest.mark.parametrize("what", ["role", "secret"])
def test_nobody_waits_for_a_silent_token_service_longer_than_for_the_answer(
    reader: Reader, environment: pytest.MonkeyPatch, silence: Silence, what: str
) -> None:
    """A search that has a second for its model; meanwhile the server answers others."""
    environment.setenv("AWS_ENDPOINT_URL", silence.url)
    model = reader.model(**(secret_connector() if what == "secret" else {"credential": {"roleArn": AT_AWS}}))
    processor = {"retrieval_augmented_generation": {"model_id": model, "context_field_list": ["text"]}}
    reader("PUT /_search/pipeline/rag", {"response_processors": [processor]})
    ask = {"ext": {"generative_qa_parameters": {"llm_question": "q", "llm_model": "m", "timeout": 1}}}
    answer = reader("POST /docs/_search?search_pipeline=rag", ask)
    assert silence.asked.is_set()
    assert (answer.status_code, answer.json()["error"]["type"]) == (504, "timeout_exception")
    assert answer.json()["error"]["reason"].endswith("in the time there was")
    assert reader("GET /docs/_doc/1").status_code == 200
