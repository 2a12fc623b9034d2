"""Signed requests, where security is on: the tutorial's step 3.2 decides what a role may do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
import requests
from requests_aws4auth import AWS4Auth

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration, NewKey
from ragstone.providers.identity.store import IdentityStore
from ragstone.rest.authentication.signer import role_of_session
from ragstone.testing.server import ThreadedServer

PASSWORD = "Reef-Kettle-9271!"
ROLE = "arn:aws:iam::000000000000:role/my_create_deepseek_connector_role"
DOMAIN = "arn:aws:es:us-east-1:000000000000:domain/test-cluster"
CONNECTORS = "/_plugins/_ml/connectors/_search"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)


@pytest.fixture
def key(settings: Settings) -> NewKey:
    admin = Administration(
        IdentityStore(settings.data), MasterKeyEncryptor(settings.keys_folder), SystemClock(), IdGenerator()
    )
    admin.create_user("ann")
    statement = {"Effect": "Allow", "Action": "es:ESHttp*", "Resource": DOMAIN}
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:user/ann"}, "Action": "sts:AssumeRole"}
    admin.create_role(
        ROLE.rpartition("/")[2],
        {"Version": "2012-10-17", "Statement": [trust]},
        {"Version": "2012-10-17", "Statement": [statement]},
    )
    return admin.create_access_key("ann")


@pytest.fixture
def url(settings: Settings, key: NewKey) -> Iterator[str]:
    with ThreadedServer(settings) as server:
        yield server.url


def session(url: str, key: NewKey) -> AWS4Auth:
    sts: Any = boto3.client(
        "sts", endpoint_url=url, region_name="us-east-1", aws_access_key_id=key.id, aws_secret_access_key=key.secret
    )
    got = sts.assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    return AWS4Auth(got["AccessKeyId"], got["SecretAccessKey"], "us-east-1", "es", session_token=got["SessionToken"])


def test_a_session_may_do_what_its_role_is_mapped_to(url: str, key: NewKey) -> None:
    signed = session(url, key)
    refused = requests.post(f"{url}{CONNECTORS}", json={}, auth=signed, timeout=10)
    assert refused.status_code == 403
    assert f"and User [name={ROLE}, backend_roles=[{ROLE}], requestedTenant=null]" in refused.text
    mapping = f"{url}/_plugins/_security/api/rolesmapping/ml_full_access"
    admin = ("admin", PASSWORD)
    assert requests.put(mapping, json={"backend_roles": [ROLE]}, auth=admin, timeout=10).status_code == 201
    assert requests.post(f"{url}{CONNECTORS}", json={}, auth=signed, timeout=10).status_code == 200
    assert requests.put(f"{url}/books", auth=signed, timeout=10).status_code == 403


def test_a_mapping_that_is_taken_back_between_create_and_predict_counts_at_once(url: str, key: NewKey) -> None:
    signed, admin = session(url, key), ("admin", PASSWORD)
    mapping = f"{url}/_plugins/_security/api/rolesmapping/ml_full_access"
    assert requests.put(mapping, json={"backend_roles": [ROLE]}, auth=admin, timeout=10).status_code == 201
    action = {"action_type": "predict", "method": "POST", "url": "https://api.deepseek.com/v1/chat/completions"}
    connector = {
        "name": "c",
        "description": "d",
        "version": "1",
        "protocol": "http",
        "credential": {"key": "sk-0123456789abcdef"},
        "actions": [{**action, "headers": {"Authorization": "Bearer ${credential.key}"}, "request_body": "{}"}],
    }
    made = requests.post(f"{url}/_plugins/_ml/connectors/_create", json=connector, auth=signed, timeout=10)
    assert made.status_code == 200, made.text
    model = {"name": "m", "function_name": "remote", "connector_id": made.json()["connector_id"]}
    registered = requests.post(f"{url}/_plugins/_ml/models/_register?deploy=true", json=model, auth=signed, timeout=10)
    assert registered.status_code == 200, registered.text
    assert requests.delete(mapping, auth=admin, timeout=10).status_code == 200
    predict = f"{url}/_plugins/_ml/models/{registered.json()['model_id']}/_predict"
    refused = requests.post(predict, json={"parameters": {}}, auth=signed, timeout=10)
    assert refused.status_code == 403
    assert refused.json()["error"]["reason"] == (
        f"no permissions for [cluster:admin/opensearch/ml/predict] and User [name={ROLE}, backend_roles=[{ROLE}], "
        "requestedTenant=null]"
    )


def test_a_wrong_signature_is_refused_whatever_else_is_sent(url: str, key: NewKey) -> None:
    wrong = AWS4Auth(key.id, "not the secret", "us-east-1", "es")
    prepared = requests.Request("GET", url, auth=wrong).prepare()
    with requests.Session() as sending:
        assert sending.send(prepared, timeout=10).status_code == 403
    basic = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    both = requests.get(
        f"{url}/?X-Amz-Algorithm=AWS4-HMAC-SHA256", headers={"authorization": f"Basic {basic}"}, timeout=10
    )
    assert both.status_code in (400, 403)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:sts::000000000000:assumed-role/r/s", "arn:aws:iam::000000000000:role/r"),
        ("arn:aws-cn:sts::000000000000:assumed-role/r/a@b", "arn:aws-cn:iam::000000000000:role/r"),
        ("arn:aws:iam::000000000000:user/ann", "arn:aws:iam::000000000000:user/ann"),
    ],
)
def test_a_session_is_called_by_its_role(arn: str, name: str) -> None:
    assert role_of_session(arn) == name
