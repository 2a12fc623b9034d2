"""Every signer that people use in front of OpenSearch, on the wire: what it sends must verify.

A server listens on the loopback interface, keeps each request as it came, and answers; the request is verified then.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from opensearchpy import (
    AsyncHttpConnection,
    AsyncOpenSearch,
    AWSV4SignerAsyncAuth,
    OpenSearch,
    RequestsAWSV4SignerAuth,
    RequestsHttpConnection,
    Urllib3AWSV4SignerAuth,
    Urllib3HttpConnection,
)
from requests_aws4auth import AWS4Auth

from ragstone.providers import sigv4
from ragstone.providers.sigv4 import Rules, WireRequest

KEY, SECRET, TOKEN, REGION = (
    "ASIAABCDEFGHIJKLMNOP",
    "s3cr3t/of+hers0123456789012345678901234567",
    "rs1.tok/en+=",
    "us-east-1",
)
CREDENTIALS = Credentials(KEY, SECRET, TOKEN)
JSON = {"content-type": "application/json"}
PATIENCE = 10.0
RULES = Rules()


class Recorder:
    """Answers `{}` to everything, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[WireRequest] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ")
                headers = []
                while header := stream.readline().decode("latin-1").rstrip("\r\n"):
                    name, _, value = header.partition(":")
                    headers.append((name.lower(), value.strip()))
                body = stream.read(int(dict(headers).get("content-length", "0")))
                self.requests.append(WireRequest(method, target, headers, body))
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()


def verified(recorder: Recorder, rules: Rules = RULES) -> str:
    request = recorder.requests[-1]
    assert sigv4.is_signed(dict(request.headers), request.query)
    claim = sigv4.parse(request)
    assert (claim.key_id, claim.token) == (KEY, TOKEN)
    sigv4.check_scope(claim, rules)
    sigv4.check_time(claim, time.time(), rules)
    return sigv4.verify(request, claim, SECRET, rules)


# ── plain requests ───────────────────────────────────────────────────────────────────────────────────────────────────


def aws4auth(url: str, method: str, body: bytes | None, service: str = "es") -> None:
    auth = AWS4Auth(KEY, SECRET, REGION, service, session_token=TOKEN)
    requests.request(method, url, data=body, headers=JSON if body else {}, auth=auth, timeout=PATIENCE)


def botocore_alone(url: str, method: str, body: bytes | None, service: str = "es") -> None:
    """As awscurl does it: all headers are signed, and there is none with the body's hash."""
    prepared = requests.Request(method, url, data=body, headers=JSON if body else {}).prepare()
    assert prepared.url is not None
    request = AWSRequest(method, prepared.url, data=body, headers=dict(prepared.headers))
    SigV4Auth(CREDENTIALS, service, REGION).add_auth(request)
    requests.request(method, prepared.url, data=body, headers=dict(request.headers), timeout=PATIENCE)


def opensearch_py_on_requests(url: str, method: str, body: bytes | None, service: str = "es") -> None:
    auth = RequestsAWSV4SignerAuth(CREDENTIALS, REGION, service)
    requests.request(method, url, data=body, headers=JSON if body else {}, auth=auth, timeout=PATIENCE)


def presigned(url: str, method: str, body: bytes | None, service: str = "es") -> None:
    prepared = requests.Request(method, url).prepare()
    assert prepared.url is not None
    request = AWSRequest(method, prepared.url)
    SigV4QueryAuth(CREDENTIALS, service, REGION, expires=60).add_auth(request)
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=PATIENCE)
    connection.request(method, request.url[request.url.index("/", 8) :], body, JSON if body else {})
    connection.getresponse().read()
    connection.close()


SIGNERS = [aws4auth, botocore_alone, opensearch_py_on_requests, presigned]
TARGETS = [
    ("GET", "/", None),
    ("GET", "", None),
    ("POST", "/_plugins/_ml/connectors/_create", b'{"name":"DeepSeek Chat"}'),
    ("GET", "/docs/_search?search_pipeline=x&a=", b'{"query":{"match_all":{}}}'),
    ("GET", "/a%20b/_doc/x%2Fy", None),
    ("GET", "/a,b*/_search?filter_path=a,b&c=d%20e", None),
    ("GET", "/docs/_search?q=b&q=a&r=1%2B1&s=x=y", None),
    ("GET", "//docs//_count", None),
    ("GET", "/%3Clogs-%7Bnow%2Fd%7D%3E/_count", None),
    ("PUT", "/docs/_doc/%C3%A9?pretty=true&v=%C3%BC", '{"text":"café 😊"}'.encode()),
    ("POST", "/_bulk", b'{"index":{"_index":"docs"}}\n{"a":1}\n'),
    ("DELETE", "/docs/_doc/a:b@c!d$e(f)", None),
    ("HEAD", "/docs/_doc/1~2", None),
]


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize(("method", "target", "body"), TARGETS)
def test_what_a_signer_sends_verifies(
    recorder: Recorder, sign: Callable[..., None], method: str, target: str, body: bytes | None
) -> None:
    sign(recorder.url + target, method, body)
    verified(recorder, Rules(unsigned_payload=sign is presigned))


@pytest.mark.parametrize("sign", SIGNERS)
@pytest.mark.parametrize("service", ["aoss", "opensearch"])
def test_every_signer_knows_the_other_scopes(recorder: Recorder, sign: Callable[..., None], service: str) -> None:
    sign(f"{recorder.url}/docs/_count?pretty=true", "GET", None, service)
    verified(recorder)


def test_a_text_body_gets_a_charset_before_it_is_signed(recorder: Recorder) -> None:
    auth = AWS4Auth(KEY, SECRET, REGION, "es", session_token=TOKEN)
    requests.post(
        f"{recorder.url}/_bulk",
        data="{}\n",
        headers={"Content-Type": "application/x-ndjson"},
        auth=auth,
        timeout=PATIENCE,
    )
    verified(recorder)
    assert dict(recorder.requests[-1].headers)["content-type"] == "application/x-ndjson; charset=utf-8"


def test_a_hash_that_is_added_after_signing_is_taken_when_it_is_right(recorder: Recorder) -> None:
    """opensearch-py 2.8 does so."""
    request = AWSRequest("GET", f"{recorder.url}/docs/_search?a=b,c", data=b"{}", headers=JSON)
    SigV4Auth(CREDENTIALS, "es", REGION).add_auth(request)
    headers = {**request.headers, "X-Amz-Content-SHA256": sigv4._hash(b"{}")}
    requests.get(f"{recorder.url}/docs/_search?a=b,c", data=b"{}", headers=headers, timeout=PATIENCE)
    verified(recorder)


# ── opensearch-py's connections ──────────────────────────────────────────────────────────────────────────────────────


def calls(client: Any) -> list[Callable[[], Any]]:
    return [
        lambda: client.info(),
        lambda: client.search(index="a,b*", body={"query": {"match": {"t": "é"}}}, params={"filter_path": "a,b"}),
        lambda: client.index(index="docs", id="x/y z", body={"a": 1}, params={"routing": "x y"}),
        lambda: client.bulk(body=[{"index": {"_index": "docs"}}, {"a": "ü"}]),
        lambda: client.get(index="docs", id="é"),
    ]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("connection", "auth"),
    [(RequestsHttpConnection, RequestsAWSV4SignerAuth), (Urllib3HttpConnection, Urllib3AWSV4SignerAuth)],
)
def test_what_opensearch_py_sends_verifies(recorder: Recorder, connection: Any, auth: Any, compressed: bool) -> None:
    client = OpenSearch(
        [recorder.url], http_auth=auth(CREDENTIALS, REGION, "es"), connection_class=connection, http_compress=compressed
    )
    try:
        for number, call in enumerate(calls(client)):
            if connection is Urllib3HttpConnection and number == 2:
                continue  # it signs another path than it sends when an id has a space
            call()
            verified(recorder)
    finally:
        client.close()


async def test_what_opensearch_py_sends_asynchronously_verifies(recorder: Recorder) -> None:
    client = AsyncOpenSearch(
        [recorder.url],
        http_auth=AWSV4SignerAsyncAuth(CREDENTIALS, REGION, "es"),
        connection_class=AsyncHttpConnection,
    )
    try:
        for call in calls(client):
            await call()
            await asyncio.to_thread(verified, recorder)
    finally:
        await client.close()


def test_a_body_that_is_json_is_signed_as_it_is_sent(recorder: Recorder) -> None:
    """The call of the tutorial."""
    auth = AWS4Auth(KEY, SECRET, REGION, "es", session_token=TOKEN)
    requests.post(
        f"{recorder.url}/_plugins/_ml/connectors/_create",
        auth=auth,
        json={"name": "é", "parameters": {"endpoint": "api.deepseek.com"}},
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
    )
    assert verified(recorder) == "/_plugins/_ml/connectors/_create"
    assert json.loads(recorder.requests[-1].body)["name"] == "é"
