"""Signed requests and the token service, as clients meet them."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from requests_aws4auth import AWS4Auth

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration, NewKey
from ragstone.providers.identity.store import IdentityStore
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.clock import ManualClock

DOMAIN = "arn:aws:es:us-east-1:000000000000:domain/test-cluster"
SECRET_ROLE = "arn:aws:iam::000000000000:role/my_deepseek_secret_role"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:my_test_deepseek_secret-AbCdEf"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
CREATE = "/_plugins/_ml/connectors/_create"


@pytest.fixture
def admin(settings: Settings) -> Administration:
    return administration(settings.data, settings.keys_folder)


def administration(data: Path, keys: Path) -> Administration:
    return Administration(IdentityStore(data), MasterKeyEncryptor(keys), SystemClock(), IdGenerator())


def allowing(*pairs: tuple[str, str], effect: str = "Allow") -> Any:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": a, "Resource": r} for a, r in pairs]}


def trusting(arn: str) -> Any:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}],
    }


@pytest.fixture
def key(admin: Administration) -> NewKey:
    admin.create_user("ann")
    return admin.create_access_key("ann")


def signer(key: NewKey, service: str = "es", token: str | None = None) -> AWS4Auth:
    return AWS4Auth(key.id, key.secret, "us-east-1", service, session_token=token)


def sts(url: str, id: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        "sts", endpoint_url=url, region_name="us-east-1", aws_access_key_id=id, aws_secret_access_key=secret, aws_session_token=token,
    )  # fmt: skip


def connector(role: str | None = SECRET_ROLE, **more: Any) -> dict[str, Any]:
    return {
        "name": "c",
        "version": "1",
        "protocol": "http",
        "credential": {"secretArn": SECRET, "roleArn": role} if role else {"key": "k"},
        "actions": [{"action_type": "predict", "method": "POST", "url": "https://api.deepseek.com/v1"}],
        **more,
    }


def test_who_signs_may_what_their_policies_say(server: str, admin: Administration, key: NewKey) -> None:
    ann = "arn:aws:iam::000000000000:user/ann"
    denied = requests.get(f"{server}/_cluster/health", auth=signer(key), timeout=30)
    assert denied.status_code == 403
    assert denied.json() == {
        "Message": f"User: {ann} is not authorized to perform: es:ESHttpGet because no identity-based policy allows the es:ESHttpGet action"
    }
    assert denied.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert denied.headers["content-type"] == "application/json"
    admin.put_user_policy("ann", "p", allowing(("es:ESHttpGet", f"{DOMAIN}/_cluster/*"), ("es:ESHttpP*", DOMAIN)))
    assert requests.get(f"{server}/_cluster/health", auth=signer(key), timeout=30).status_code == 200
    assert requests.get(f"{server}/_cat/indices", auth=signer(key), timeout=30).status_code == 403
    assert requests.put(f"{server}/a/_doc/x%2Fy", auth=signer(key), json={"a": 1}, timeout=30).json()["_id"] == "x/y"
    admin.put_user_policy("ann", "q", allowing(("es:*", f"{DOMAIN}/a/*"), effect="Deny"))
    denied = requests.put(f"{server}/a/_doc/1", auth=signer(key), json={"a": 1}, timeout=30)
    assert denied.json()["Message"].endswith("es:ESHttpPut with an explicit deny in an identity-based policy")


def test_a_wrong_signature_is_refused_in_amazon_s_words(server: str, key: NewKey) -> None:
    wrong = NewKey(key.id, key.secret[:-1] + ("A" if key.secret[-1] != "A" else "B"))
    answer = requests.get(f"{server}/_search?pretty=true&format=yaml", auth=signer(wrong), timeout=30)
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"] == "InvalidSignatureException"
    assert "date" in answer.headers
    answer = requests.get(f"{server}/_search", auth=signer(wrong), timeout=30)
    assert list(answer.json()) == ["message"]
    assert answer.json()["message"].startswith("The request signature we calculated does not match the signature you")
    unknown = requests.get(f"{server}/_search", auth=signer(NewKey("AKIAAAAAAAAAAAAAAAAA", "x")), timeout=30)
    assert unknown.json() == {"message": "The security token included in the request is invalid."}
    tokened = requests.get(f"{server}/_search", auth=signer(key, token="rs1.x.y"), timeout=30)
    assert (tokened.status_code, tokened.json()) == (403, unknown.json())


def test_an_unsigned_request_is_served_and_half_a_signature_is_not(server: str) -> None:
    assert requests.get(f"{server}/_cluster/health", timeout=30).status_code == 200
    half = requests.get(f"{server}/_cluster/health", headers={"X-Amz-Date": "20260102T030405Z"}, timeout=30)
    assert half.status_code == 403
    assert requests.get(f"{server}/_cluster/health?X-Amz-Signature=x", timeout=30).status_code == 403
    basic = requests.get(f"{server}/_cluster/health", auth=("admin", "admin"), timeout=30)
    assert basic.status_code == 200


def test_a_signed_body_may_be_compressed_or_come_in_pieces(server: str, admin: Administration, key: NewKey) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(b'{"query":{"match_all":{}}}')
    answer = requests.post(f"{server}/_search", data=body, headers=headers, auth=signer(key), timeout=30)
    assert answer.status_code == 200
    prepared = requests.Request(
        "POST", f"{server}/_search", data=b'{"size":1}', headers={"Content-Type": "application/json"}, auth=signer(key)
    ).prepare()
    del prepared.headers["Content-Length"]
    prepared.headers["Transfer-Encoding"] = "chunked"
    prepared.body = iter([b'{"size"', b":1}"])  # type: ignore[assignment]
    with requests.Session() as session:
        assert session.send(prepared, timeout=30).status_code == 200


def test_a_path_with_dots_is_not_served_as_what_it_looks_like(server: str, admin: Administration, key: NewKey) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))
    prepared = requests.Request("GET", f"{server}/docs/_count", auth=signer(key)).prepare()
    for path in (
        "/secret/../docs/_count",
        "/docs/../docs/_count",
        "/docs%2F_count",
        "/docs/_count;x",
        "/docs/%2e%2e/_count",
    ):
        connection = http.client.HTTPConnection(server.removeprefix("http://"))
        connection.request("GET", path, headers=dict(prepared.headers))
        assert connection.getresponse().status == 403, path
        connection.close()


# ── the token service ────────────────────────────────────────────────────────────────────────────────────────────────


def test_boto3_assumes_a_role_and_is_who_it_assumed(server: str, admin: Administration, key: NewKey) -> None:
    role = admin.create_role("r", trusting("arn:aws:iam::000000000000:user/ann"), allowing(("es:ESHttpGet", DOMAIN)))
    mine = sts(server, key.id, key.secret)
    who = mine.get_caller_identity()
    assert (who["Arn"], who["Account"]) == ("arn:aws:iam::000000000000:user/ann", "000000000000")
    made = mine.assume_role(RoleArn=role, RoleSessionName="s1")
    given = made["Credentials"]
    assert made["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/r/s1"
    session = sts(server, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert session.get_caller_identity()["Arn"] == made["AssumedRoleUser"]["Arn"]
    temporary = NewKey(given["AccessKeyId"], given["SecretAccessKey"])
    get = requests.get(f"{server}/_cat/indices", auth=signer(temporary, token=given["SessionToken"]), timeout=30)
    assert get.status_code == 200
    post = requests.post(f"{server}/_search", auth=signer(temporary, token=given["SessionToken"]), timeout=30)
    assert post.status_code == 403
    assert mine.get_session_token()["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_the_token_service_refuses_as_aws_does(server: str, admin: Administration, key: NewKey) -> None:
    mine, wrong = sts(server, key.id, key.secret), sts(server, key.id, key.secret + "x")
    arn = "arn:aws:iam::000000000000:role/r"

    def code(call: Any, **members: Any) -> tuple[int, str]:
        with pytest.raises(ClientError) as error:
            call(**members)
        told = error.value.response
        return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]

    assert code(mine.assume_role, RoleArn=arn, RoleSessionName="s1") == (403, "AccessDenied")
    assert code(wrong.get_caller_identity) == (403, "SignatureDoesNotMatch")
    assert code(sts(server, "AKIAAAAAAAAAAAAAAAAA", "x").get_caller_identity) == (403, "InvalidClientTokenId")
    assert code(mine.get_access_key_info, AccessKeyId=key.id) == (400, "InvalidAction")
    es = requests.post(server, data="Action=GetCallerIdentity", headers=FORM, auth=signer(key), timeout=30)
    assert "<Code>SignatureDoesNotMatch</Code>" in es.text
    unsigned = requests.post(server, data="Action=GetCallerIdentity", headers=FORM, timeout=30)
    assert (unsigned.status_code, "<Code>MissingAuthenticationToken</Code>" in unsigned.text) == (403, True)
    assert unsigned.headers["content-type"] == "text/xml"


@pytest.mark.parametrize("path", ["//", "/./", "///"])
def test_the_root_is_the_token_services_however_it_is_written(
    server: str, admin: Administration, key: NewKey, path: str
) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))
    body = "Action=GetCallerIdentity"
    prepared = requests.Request("POST", server, data=body, headers=FORM, auth=signer(key)).prepare()
    connection = http.client.HTTPConnection(server.removeprefix("http://"))
    connection.request("POST", path, body, headers=dict(prepared.headers))
    answer = connection.getresponse()
    assert (answer.status, b"scoped to correct service: 'sts'" in answer.read()) == (403, True)
    connection.close()


def test_a_signer_is_the_signer_of_one_request_not_of_a_connection(
    server: str, admin: Administration, key: NewKey
) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))
    with requests.Session() as session:
        assert session.post(f"{server}{CREATE}", json=connector(), auth=signer(key), timeout=30).status_code == 403
        assert session.post(f"{server}{CREATE}", json=connector(), timeout=30).status_code == 200
        assert session.post(f"{server}{CREATE}", json=connector(), auth=signer(key), timeout=30).status_code == 403


def test_two_signed_requests_may_come_at_once(server: str, admin: Administration, key: NewKey) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:ESHttpGet", DOMAIN)))
    raw = b""
    for method in ("GET", "POST"):
        prepared = requests.Request(method, f"{server}/_search", auth=signer(key)).prepare()
        lines = [f"{method} /_search HTTP/1.1", f"host: {server.removeprefix('http://')}"]
        lines += [
            f"{name}: {value if isinstance(value, str) else value.decode()}" for name, value in prepared.headers.items()
        ]
        raw += "\r\n".join([*lines, "", ""]).encode()
    host, _, port = server.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(raw)
        told = b""
        while told.count(b"HTTP/1.1 ") < 2 or b"ESHttpPost action" not in told:
            piece = connection.recv(65536)
            assert piece, told
            told += piece
    assert re.findall(rb"HTTP/1\.1 (\d+)", told) == [b"200", b"403"]


def test_secrets_and_tokens_are_in_no_file_no_log_and_no_refusal(
    server: str, settings: Settings, admin: Administration, key: NewKey, capfd: pytest.CaptureFixture[str]
) -> None:
    role = admin.create_role("r", trusting("arn:aws:iam::000000000000:user/ann"))
    given = sts(server, key.id, key.secret).assume_role(RoleArn=role, RoleSessionName="s1")["Credentials"]
    temporary, token = NewKey(given["AccessKeyId"], given["SecretAccessKey"]), given["SessionToken"]
    answers = [
        requests.get(f"{server}/_search", auth=signer(who, token=its), headers=more, timeout=30)
        for who, its in (
            (temporary, token),
            (NewKey(temporary.id, "x"), token),
            (key, None),
            (NewKey(key.id, "x"), None),
        )
        for more in ({}, {"X-Amz-Other": "1", "Authorization": "AWS4"})
    ]
    assert {answer.status_code for answer in answers} == {403}
    told = "".join(answer.text + str(answer.headers) for answer in answers) + "".join(capfd.readouterr())
    stored = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file()).decode("latin-1")
    for secret in (key.secret, temporary.secret, token):
        assert secret not in told
        assert secret not in stored
    assert key.id in stored


def test_post_on_the_root_is_otherwise_what_it_was(server: str) -> None:
    answer = requests.post(server, json={"a": 1}, timeout=30)
    assert answer.status_code == 405
    assert answer.json()["error"] == "Incorrect HTTP method for uri [/] and method [POST], allowed: [GET]"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
async def timed(settings: Settings, clock: ManualClock) -> AsyncIterator[AsgiClient]:
    async with Node(settings, clock=clock) as node:
        yield AsgiClient(node.app)


async def test_a_stolen_temporary_key_is_worth_nothing_past_its_time(
    timed: AsgiClient, clock: ManualClock, admin: Administration, key: NewKey
) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))

    def headers(url: str, auth: AWS4Auth, body: str | None = None, **more: str) -> dict[str, str]:
        method = "POST" if body else "GET"
        prepared = requests.Request(method, f"http://localhost{url}", data=body, headers=more, auth=auth).prepare()
        return {**dict(prepared.headers), "Host": "localhost"}

    body = "Action=GetSessionToken&DurationSeconds=900"
    answer = await timed("POST /", body.encode(), headers=headers("/", signer(key, "sts"), body, **FORM))

    def member(name: str) -> str:
        return answer.text.partition(f"<{name}>")[2].partition("<")[0]

    stolen = signer(NewKey(member("AccessKeyId"), member("SecretAccessKey")), token=member("SessionToken"))
    assert (await timed("GET /_cluster/health", headers=headers("/_cluster/health", stolen))).status == 200
    # The thief signs anew, with a clock that runs as the server's does: the session has 899 seconds left, then none.
    clock.time += 299
    assert (await timed("GET /_cluster/health", headers=headers("/_cluster/health", stolen))).status == 200
    clock.time += 602
    late = await timed("GET /_cluster/health", headers=at(clock, stolen))
    assert (late.status, late.json["message"]) == (403, "The security token included in the request is expired")


def at(clock: ManualClock, auth: AWS4Auth) -> dict[str, str]:
    """Signed at the clock's time."""
    stamp = datetime.fromtimestamp(clock.time, UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = {"x-amz-date": stamp, "date": datetime.fromtimestamp(clock.time, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    prepared = requests.Request("GET", "http://localhost/_cluster/health", headers=kept, auth=auth).prepare()
    return {**dict(prepared.headers), "Host": "localhost"}


# ── whose role it is ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_connector_names_only_a_role_that_its_maker_may_pass_on(
    server: str, admin: Administration, key: NewKey
) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN), ("iam:PassRole", SECRET_ROLE)))
    made = requests.post(f"{server}{CREATE}", json=connector(), auth=signer(key), timeout=30)
    assert made.status_code == 200, made.text
    other = SECRET_ROLE + "2"
    refused = requests.post(f"{server}{CREATE}", json=connector(other), auth=signer(key), timeout=30)
    assert (refused.status_code, refused.json()) == (
        403,
        {
            "Message": "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: iam:PassRole on "
            f"resource: {other}"
        },
    )
    assert requests.post(f"{server}{CREATE}", json=connector(None), auth=signer(key), timeout=30).status_code == 200


def test_a_connector_with_somebody_elses_role_is_not_led_elsewhere(
    server: str, admin: Administration, key: NewKey
) -> None:
    id = requests.post(f"{server}{CREATE}", json=connector(), timeout=30).json()["connector_id"]
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))
    actions = [{"action_type": "predict", "method": "POST", "url": "https://api.deepseek.com/v2"}]
    url = f"{server}/_plugins/_ml/connectors/{id}"
    refused = requests.put(url, json={"actions": actions}, auth=signer(key), timeout=30)
    assert (refused.status_code, "iam:PassRole" in refused.text) == (403, True)
    mine = {"credential": {"roleArn": SECRET_ROLE + "2"}}
    assert requests.put(url, json=mine, auth=signer(key), timeout=30).status_code == 403
    admin.put_user_policy("ann", "q", allowing(("iam:PassRole", SECRET_ROLE)))
    assert requests.put(url, json={"actions": actions}, auth=signer(key), timeout=30).status_code == 200


def test_a_model_with_a_connector_inside_is_no_way_around(server: str, admin: Administration, key: NewKey) -> None:
    admin.put_user_policy("ann", "p", allowing(("es:*", DOMAIN)))
    model = {"name": "m", "function_name": "remote", "connector": connector()}
    answer = requests.post(f"{server}/_plugins/_ml/models/_register", json=model, auth=signer(key), timeout=30)
    assert "iam:PassRole" in answer.text, json.dumps(answer.json())


@pytest.fixture(autouse=True)
def _one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
