"""Secrets Manager's protocol, spoken by boto3 with access keys of the server's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from requests_aws4auth import AWS4Auth

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration, NewKey
from ragstone.providers.identity.store import IdentityStore
from ragstone.testing.asgi import AsgiClient

TOKEN = "11111111-2222-3333-4444-555555555555"
TARGET = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.ListSecrets"}


class Users:
    """Makes users who may do some things, and gives a client that signs for them."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        encryptor = MasterKeyEncryptor(settings.keys_folder)
        self._identities = Administration(IdentityStore(settings.data), encryptor, SystemClock(), IdGenerator())
        self._clients: list[Any] = []

    def key(self, name: str, action: str, resource: str = "*") -> NewKey:
        self._identities.create_user(name)
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        self._identities.put_user_policy(name, "p", {"Version": "2012-10-17", "Statement": [statement]})
        return self._identities.create_access_key(name)

    def client(self, id: str, secret: str) -> Any:
        client = boto3.client(
            "secretsmanager",
            endpoint_url=self._url,
            region_name="us-east-1",
            aws_access_key_id=id,
            aws_secret_access_key=secret,
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def users(server: str, settings: Settings) -> Iterator[Users]:
    users = Users(server, settings)
    yield users
    users.close()


@pytest.fixture
def secrets(users: Users) -> Any:
    """A client that may do everything with secrets."""
    key = users.key("owner", "secretsmanager:*")
    return users.client(key.id, key.secret)


def refused(call: Any, **members: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as error:
        call(**members)
    told = error.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"], told["Error"]["Message"]


def test_a_secrets_life(secrets: Any) -> None:
    made = secrets.create_secret(Name="a/b", SecretString="1", Description="mine")
    assert re.fullmatch(r"arn:aws:secretsmanager:us-east-1:\d{12}:secret:a/b-[A-Za-z0-9]{6}", made["ARN"])
    read = secrets.get_secret_value(SecretId=made["ARN"])
    assert (read["SecretString"], read["Name"], read["VersionStages"]) == ("1", "a/b", ["AWSCURRENT"])
    assert read["VersionId"] == made["VersionId"]
    assert read["CreatedDate"].year >= 2024

    second = secrets.put_secret_value(SecretId="a/b", SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId="a/b")["SecretBinary"] == b"\x00\xff"
    assert secrets.get_secret_value(SecretId="a/b", VersionStage="AWSPREVIOUS")["SecretString"] == "1"
    assert secrets.get_secret_value(SecretId="a/b", VersionId=made["VersionId"])["SecretString"] == "1"

    described = secrets.describe_secret(SecretId="a/b")
    assert (described["ARN"], described["Description"]) == (made["ARN"], "mine")
    assert described["VersionIdsToStages"] == {
        made["VersionId"]: ["AWSPREVIOUS"],
        second["VersionId"]: ["AWSCURRENT"],
    }
    assert "SecretString" not in described

    gone = secrets.delete_secret(SecretId="a/b", RecoveryWindowInDays=7)
    assert (gone["DeletionDate"] - read["CreatedDate"]).days in (7, 8)
    assert refused(secrets.get_secret_value, SecretId="a/b")[:2] == (400, "InvalidRequestException")
    assert "DeletedDate" in secrets.describe_secret(SecretId="a/b")
    secrets.restore_secret(SecretId="a/b")
    secrets.delete_secret(SecretId="a/b", ForceDeleteWithoutRecovery=True)
    assert refused(secrets.describe_secret, SecretId="a/b") == (
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    )


def test_lists_come_in_pages(secrets: Any) -> None:
    for number in range(5):
        secrets.create_secret(Name=f"s{number}", SecretString="x")
    pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2})
    names = [[secret["Name"] for secret in page["SecretList"]] for page in pages]
    assert names == [["s0", "s1"], ["s2", "s3"], ["s4"]]
    secrets.delete_secret(SecretId="s0")
    assert len(secrets.list_secrets()["SecretList"]) == 4
    assert len(secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 5


def test_refusals_have_awss_codes(secrets: Any) -> None:
    secrets.create_secret(Name="s", SecretString="1", ClientRequestToken=TOKEN)
    secrets.create_secret(Name="s", SecretString="1", ClientRequestToken=TOKEN)
    for call, members, code in (
        (secrets.create_secret, {"Name": "s", "SecretString": "2"}, "ResourceExistsException"),
        (secrets.create_secret, {"Name": "a b", "SecretString": "2"}, "ValidationException"),
        (secrets.create_secret, {"Name": "t"}, "InvalidParameterException"),
        (secrets.create_secret, {"Name": "t", "SecretString": "x", "KmsKeyId": "k"}, "InvalidParameterException"),
        (
            secrets.put_secret_value,
            {"SecretId": "s", "SecretString": "2", "ClientRequestToken": TOKEN},
            "ResourceExistsException",
        ),
        (secrets.put_secret_value, {"SecretId": "t", "SecretString": "2"}, "ResourceNotFoundException"),
        (secrets.delete_secret, {"SecretId": "s", "RecoveryWindowInDays": 6}, "InvalidParameterException"),
        (
            secrets.delete_secret,
            {"SecretId": "s", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True},
            "InvalidParameterException",
        ),
        (secrets.rotate_secret, {"SecretId": "s"}, "UnknownOperationException"),
    ):
        assert refused(call, **members)[:2] == (400, code)
    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "1"


def test_malformed_bodies_are_refused_without_repeating_them(server: str, users: Users) -> None:
    key = users.key("owner", "secretsmanager:*")
    auth = AWS4Auth(key.id, key.secret, "us-east-1", "secretsmanager")
    headers = {**TARGET, "X-Amz-Target": "secretsmanager.CreateSecret"}
    for body in (b'{"SecretString": sk-unquoted}', b'["sk-listed"]', b'{"Name": {"a": "sk-nested"}}', b'"\xff'):
        answer = requests.post(server, body, headers=headers, auth=auth, timeout=30)
        assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException")
        assert "sk-" not in answer.text


async def test_an_unsigned_request_is_refused(client: AsgiClient) -> None:
    for operation in ("GetSecretValue", "CreateSecret", "ListSecrets"):
        headers = {**TARGET, "X-Amz-Target": f"secretsmanager.{operation}"}
        answer = await client("POST /", b'{"SecretId": "s", "Name": "s", "SecretString": "x"}', headers=headers)
        assert answer.status == 400
        assert json.decode(answer.body)["__type"] == "MissingAuthenticationTokenException"


def test_post_without_a_target_is_what_it_always_was(server: str) -> None:
    answer = requests.post(server, timeout=30)
    assert answer.status_code == 405
    assert answer.json()["error"].startswith("Incorrect HTTP method for uri [/] and method [POST]")


def test_a_signer_needs_the_rights_that_aws_asks_for(users: Users, secrets: Any) -> None:
    mine, theirs = (secrets.create_secret(Name=name, SecretString=name)["ARN"] for name in ("mine", "theirs"))
    key = users.key("reader", "secretsmanager:GetSecretValue", mine)
    reader = users.client(key.id, key.secret)
    assert reader.get_secret_value(SecretId=mine)["SecretString"] == "mine"
    assert reader.get_secret_value(SecretId="mine")["SecretString"] == "mine"
    for call, members in (
        (reader.get_secret_value, {"SecretId": theirs}),
        (reader.get_secret_value, {"SecretId": "not-there"}),  # which of the two it is is not told
        (reader.describe_secret, {"SecretId": mine}),
        (reader.put_secret_value, {"SecretId": mine, "SecretString": "x"}),
        (reader.delete_secret, {"SecretId": mine}),
        (reader.create_secret, {"Name": "new", "SecretString": "x"}),
        (reader.list_secrets, {}),
    ):
        assert refused(call, **members)[:2] == (400, "AccessDeniedException")
    forged = users.client(key.id, key.secret[::-1])
    assert refused(forged.get_secret_value, SecretId=mine)[1] == "InvalidSignatureException"
    stranger = users.client("AKIAIOSFODNN7EXAMPLE", key.secret)
    assert refused(stranger.get_secret_value, SecretId=mine)[1] == "UnrecognizedClientException"
