"""Our own signatures: those that botocore makes of the same request, and those that our own server takes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ragstone.providers import sigv4
from ragstone.providers.api import AwsKeys, HttpRequest
from ragstone.providers.http.transport import AiohttpTransport
from ragstone.providers.sigv4 import Rules, WireRequest
from ragstone.providers.sigv4_signer import signed

NOW = 1_767_323_045.0
KEYS = AwsKeys("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/session+token==")
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com"


def request(url: str, body: bytes | None = b'{"a":1}', **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method="POST" if body else "GET", url=url, headers=named, body=body)


def botocores(made: HttpRequest, keys: AwsKeys = KEYS) -> str:
    theirs = AWSRequest(made.method, made.url, data=made.body or b"", headers={**made.headers})
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(NOW, UTC)):
        SigV4Auth(Credentials(keys.id, keys.secret, keys.token), "bedrock", "us-east-1").add_auth(theirs)
    return str(theirs.headers["Authorization"])


@pytest.mark.parametrize(
    "url",
    [
        f"{BEDROCK}/model/amazon.titan-embed-text-v1/invoke",
        f"{BEDROCK}/model/anthropic.claude-3-sonnet-20240229-v1:0/invoke",
        f"{BEDROCK}/model/anthropic.claude-3-sonnet-20240229-v1%3A0/invoke",
        f"{BEDROCK}/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse",
        f"{BEDROCK}",
        f"{BEDROCK}/",
        f"{BEDROCK}/a//b/./c/",
        f"{BEDROCK}:443/x",
        f"{BEDROCK}:8443/x",
        "http://127.0.0.1:9200/x",
        "http://[::1]:9200/x",
        f"{BEDROCK}/x?b=2&a=1&a=0&c",
        f"{BEDROCK}/x?a=%2F%20b~",
        f"{BEDROCK}/x?a=1#fragment",
        f"{BEDROCK}/(x)'!*$&+,;=@",
    ],
)
@pytest.mark.parametrize("body", [b'{"a":1}', None])
def test_it_is_botocores_signature(url: str, body: bytes | None) -> None:
    made = signed(request(url, body, Content_Type="application/json", X_Other=" two   blanks "), KEYS, "bedrock", "us-east-1", NOW)  # fmt: skip
    assert made.url == url
    assert made.headers["Authorization"] == botocores(made)


@pytest.mark.parametrize(
    "url", [f"{BEDROCK}/x?a=1,2&b=c d", f"{BEDROCK}/päth/x?q=ü", f"{BEDROCK}/x%2Fy?a=b+c", f"{BEDROCK}/x%25y"]
)
def test_a_server_takes_it_and_a_changed_request_it_does_not(url: str) -> None:
    made = signed(request(url, Content_Type="application/json"), KEYS, "es", "us-east-1", NOW)
    assert made.url.isascii()
    parts = urlsplit(made.url)

    def wire(body: bytes = made.body or b"", changed: str = "", to: str = "") -> WireRequest:
        headers = [(name.lower(), to if name.lower() == changed else value) for name, value in made.headers.items()]
        return WireRequest("POST", f"{parts.path}?{parts.query}", headers, body)

    claim = sigv4.parse(wire())
    sigv4.check_time(claim, NOW, Rules())
    assert sigv4.verify(wire(), claim, KEYS.secret, Rules())
    for tampered in (wire(b"{}"), wire(changed="host", to="elsewhere"), wire(changed="content-type", to="text/plain")):
        with pytest.raises(sigv4.SignatureRefused):
            sigv4.verify(tampered, claim, KEYS.secret, Rules())


def test_headers_that_only_a_signer_can_write_are_written_anew() -> None:
    """As blueprints for Bedrock have it: `required` where a hash belongs."""
    given = request(f"{BEDROCK}/x", x_amz_content_sha256="required", AUTHORIZATION="Bearer x", X_AMZ_DATE="x", date="x")
    made = signed(given, AwsKeys("AKIAIOSFODNN7EXAMPLE", "s"), "bedrock", "us-east-1", NOW)
    assert sorted(made.headers) == ["Authorization", "Host", "X-Amz-Content-SHA256", "X-Amz-Date"]
    assert made.headers["X-Amz-Content-SHA256"] == hashlib.sha256(b'{"a":1}').hexdigest()
    assert made.headers["X-Amz-Date"] == "20260102T030405Z"
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date, " in made.headers["Authorization"]


def test_what_others_may_rewrite_is_not_signed() -> None:
    made = signed(request(f"{BEDROCK}/x", User_Agent="x", Connection="close"), KEYS, "bedrock", "us-east-1", NOW)
    assert made.headers["User-Agent"] == "x"
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, " in made.headers["Authorization"]


def test_signing_shows_no_secret() -> None:
    made = signed(request(f"{BEDROCK}/x"), KEYS, "bedrock", "us-east-1", NOW)
    assert KEYS.secret not in repr(KEYS) + str(made.headers)
    assert KEYS.token is not None
    assert KEYS.token not in repr(KEYS) + repr(made)


async def test_what_reaches_the_other_side_is_what_was_signed() -> None:
    """Over our own transport, as raw bytes: a client that rewrites a URL or a header on the way breaks its signature."""
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        heard.append(head + (await reader.readexactly(int(length[1])) if length else b""))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    transport = AiohttpTransport()
    there = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        for target in TARGETS:
            for body in (b'{"a":"\xc3\xa4"}', None):
                given = request(
                    f"http://{there}{target}", body, Content_Type="application/json", X_A="  a   b ", X_U="ü"
                )
                made = signed(replace(given, allow_private=True), KEYS, "es", "us-east-1", NOW)
                assert (await transport.send(made)).status == 200
                arrived = wire_of(heard.pop())
                assert arrived.header("host") == there
                claim = sigv4.parse(arrived)
                sigv4.verify(arrived, claim, KEYS.secret, Rules())
    await transport.close()


TARGETS = [
    "",
    "/",
    "?a",
    "/model/anthropic.claude-3-sonnet-20240229-v1:0/invoke",
    "/model/anthropic.claude-3-sonnet-20240229-v1%3A0/invoke",
    "/(x)'!*$&+,;=@~-._",
    "/a//b/c/",
    "/%7e%41%2F%2f",
    "/päth/鍵",
    "/x?b=2&a=1&a=0&c&=d&",
    "/x?q=a+b%20c&f=a,b*&u=ü&e==&s=/?:@",
    "/x?a=1#fragment",
]


def wire_of(raw: bytes) -> WireRequest:
    head, _, body = raw.decode("latin-1").partition("\r\n\r\n")
    line, *fields = head.split("\r\n")
    method, target, _ = line.split(" ")
    pairs = [field.partition(":") for field in fields]
    headers = [(name.lower(), value.strip(" \t")) for name, _, value in pairs]
    return WireRequest(method, target, headers, body.encode("latin-1"))
