"""AWS's own published examples, and what a server must not accept."""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import unquote

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ragstone.providers import sigv4
from ragstone.providers.sigv4 import Rules, SignatureRefused, WireRequest

# ── the examples that AWS published with the algorithm ───────────────────────────────────────────────────────────────

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SERVICE = Rules(services=("service", "iam", "host"))


def published(
    signed: str,
    signature: str,
    target: str = "/",
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    service: str = "service",
) -> WireRequest:
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={KEY}/20150830/us-east-1/{service}/aws4_request, "
        f"SignedHeaders={signed}, Signature={signature}"
    )
    fixed = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")]
    known = {name for name, _ in headers}
    return WireRequest(
        method,
        target,
        [*(pair for pair in fixed if pair[0] not in known), *headers, ("authorization", authorization)],
        body,
    )


PUBLISHED = [
    pytest.param(
        published("host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        id="get-vanilla",
    ),
    pytest.param(
        published(
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            "/?Param2=value2&Param1=value1",
        ),
        id="get-vanilla-query-order-key-case",
    ),
    pytest.param(
        published("host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", method="POST"),
        id="post-vanilla",
    ),
    pytest.param(
        published(
            "content-type;host;x-amz-date",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            "/?Action=ListUsers&Version=2010-05-08",
            headers=[
                ("host", "iam.amazonaws.com"),
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ],
            service="iam",
        ),
        id="the guide's ListUsers",
    ),
]


@pytest.mark.parametrize("request_", PUBLISHED)
def test_the_published_examples_verify(request_: WireRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # The examples' key id is shorter than any real one.
    monkeypatch.setattr(sigv4, "_KEY_ID", re.compile(r"\w+"))
    claim = sigv4.parse(request_)
    sigv4.verify(request_, claim, SECRET, SERVICE)
    with pytest.raises(SignatureRefused):
        sigv4.verify(request_, claim, SECRET + "x", SERVICE)


def test_the_published_signing_key_is_derived() -> None:
    claim = sigv4.Claim("", "20150830", "us-east-1", "iam", (), "", "")
    key = sigv4._signing_key(SECRET, claim)
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


# ── a request of the tutorial's kind, and everything that can be wrong with it ───────────────────────────────────────

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
KEY_ID, HERS = "AKIAABCDEFGHIJKLMNOP", "s3cr3t/of+hers0123456789012345678901234567"
RULES = Rules()
BODY = b'{"query":{"match":{"text":"caf\xc3\xa9"}},"size":3}'
TARGET = "/docs%20a/_search?search_pipeline=x&a=&q=1%2B1,b+c"


def signed(
    target: str = TARGET,
    body: bytes = BODY,
    *,
    method: str = "POST",
    at: float = NOW,
    service: str = "es",
    region: str = "us-east-1",
    token: str | None = "rs1.token-of-hers",
    headers: dict[str, str] | None = None,
    presigned: int | None = None,
) -> WireRequest:
    """What botocore makes of it."""
    given = {"content-type": "application/json", **(headers or {})} if presigned is None else dict(headers or {})
    request = AWSRequest(method, f"https://search.example:9200{target}", data=body, headers=given)
    auth = (
        SigV4Auth(Credentials(KEY_ID, HERS, token), service, region)
        if presigned is None
        else SigV4QueryAuth(Credentials(KEY_ID, HERS, token), service, region, expires=presigned)
    )
    moment = datetime.fromtimestamp(at, UTC)
    with patch("botocore.auth.get_current_datetime", lambda: moment):
        auth.add_auth(request)
    wire = request.url.partition("search.example:9200")[2]
    sent = [(name.lower(), value) for name, value in request.headers.items()]
    if "host" not in dict(sent):
        sent.append(("host", "search.example:9200"))
    return WireRequest(method, wire, sent, body)


def check(
    request: WireRequest, *, now: float = NOW, rules: Rules = RULES, token: str | None = "rs1.token-of-hers"
) -> str:
    """As the server does it."""
    if not sigv4.is_signed(dict(request.headers), request.query):
        raise SignatureRefused("none", "no trace of a signature")
    claim = sigv4.parse(request)
    sigv4.check_scope(claim, rules)
    if claim.key_id != KEY_ID or claim.token != token:
        raise sigv4.unknown_key()
    sigv4.check_time(claim, now, rules)
    return sigv4.verify(request, claim, HERS, rules)


def with_header(request: WireRequest, name: str, value: str) -> WireRequest:
    return replace(request, headers=[*(pair for pair in request.headers if pair[0] != name), (name, value)])


def test_a_signed_request_verifies_and_is_served_as_it_came() -> None:
    assert check(signed()) == TARGET


def test_a_presigned_request_is_served_without_its_signature() -> None:
    request = signed("/docs/_count?pretty", b"", method="GET", presigned=60)
    assert check(request) == "/docs/_count?pretty="


def test_a_presigned_body_is_not_covered_so_it_is_taken_only_where_nobody_could_change_it() -> None:
    request = signed("/docs/_search", b"{}", presigned=60)
    with pytest.raises(SignatureRefused):
        check(request)
    assert check(request, rules=Rules(unsigned_payload=True)) == "/docs/_search"


@pytest.mark.parametrize("seconds", [0, 299, -299])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    check(signed(at=NOW + seconds))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-360, "Signature expired: 20260102T025805Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)"),
        (
            360,
            "Signature not yet current: 20260102T031005Z is still later than 20260102T030905Z (20260102T030405Z + 5 min.)",
        ),
    ],
)
def test_six_minutes_are_too_many(seconds: int, text: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(signed(at=NOW + seconds))
    assert refused.value.reason == text


def test_a_presigned_request_lasts_as_long_as_it_says() -> None:
    request = signed("/docs/_count", b"", method="GET", presigned=3600)
    check(request, now=NOW + 3600)
    with pytest.raises(SignatureRefused, match="Signature expired"):
        check(request, now=NOW + 3601)


def test_the_date_may_be_http_s_own() -> None:
    request = WireRequest("GET", "/", [("host", "h"), ("date", "Fri, 02 Jan 2026 03:04:05 GMT")])
    claim = sigv4.Claim(KEY_ID, "20260102", "us-east-1", "es", ("date", "host"), "", "20260102T030405Z")
    canonical = sigv4._canonical_request(request, claim, "/", "", sigv4.EMPTY_HASH)
    signature = hmac.new(
        sigv4._signing_key(HERS, claim), sigv4._string_to_sign(claim, canonical).encode(), hashlib.sha256
    ).hexdigest()
    request = with_header(
        request,
        "authorization",
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{claim.scope},SignedHeaders=date;host,Signature={signature}",
    )
    assert check(request, token=None) == "/"


@pytest.mark.parametrize("service", ["es", "aoss", "opensearch"])
def test_the_scopes_of_opensearch_are_taken(service: str) -> None:
    check(signed(service=service))


def test_a_scope_of_another_service_or_region_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="correct service: 'es', 'aoss', 'opensearch'"):
        check(signed(service="s3"))
    with pytest.raises(SignatureRefused, match="valid region, not 'eu-west-1'"):
        check(signed(region="eu-west-1"), rules=Rules(regions=("us-east-1",)))


def test_a_hash_of_the_body_that_is_not_signed_must_be_right() -> None:
    right = with_header(signed(), "x-amz-content-sha256", hashlib.sha256(BODY).hexdigest())
    check(right)
    for wrong in ("UNSIGNED-PAYLOAD", sigv4.EMPTY_HASH, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ""):
        with pytest.raises(SignatureRefused):
            check(with_header(signed(), "x-amz-content-sha256", wrong), rules=Rules(unsigned_payload=True))


def test_an_unsigned_payload_is_a_matter_of_where() -> None:
    request = signed(headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    check(request, rules=Rules(unsigned_payload=True))
    with pytest.raises(SignatureRefused, match="over TLS or on this machine only"):
        check(request)


def test_what_is_said_of_a_wrong_signature_helps_and_does_not_tell_the_token() -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(replace(signed(), body=b"{}"))
    text = refused.value.reason or ""
    assert text.startswith("The request signature we calculated does not match the signature you provided.")
    assert "The Canonical String for this request should have been\n'POST\n/docs%2520a/_search\n" in text
    assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20260102T030405Z\n" in text
    assert "token-of-hers" not in text
    assert HERS not in text


def test_sigv4a_is_refused_by_name() -> None:
    request = with_header(
        signed(), "authorization", "AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=b, Signature=c"
    )
    with pytest.raises(SignatureRefused, match="SigV4a"):
        check(request)


def test_two_signatures_are_one_too_many() -> None:
    request = replace(signed("/", b""), target=signed("/", b"", presigned=60).target)
    with pytest.raises(SignatureRefused) as refused:
        check(request)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [("x-amz-date", None), ("x-amz-security-token", None), ("authorization", None), ("host", None)],
)
def test_a_request_with_a_part_of_its_signature_missing_is_not_an_unsigned_one(name: str, value: None) -> None:
    request = signed()
    with pytest.raises(SignatureRefused) as refused:
        check(replace(request, headers=[pair for pair in request.headers if pair[0] != name]))
    assert refused.value.code != "none"


@pytest.mark.parametrize("name", ["host", "x-amz-date", "authorization", "x-amz-security-token"])
def test_a_header_of_the_signature_that_comes_twice_is_refused(name: str) -> None:
    request = signed()
    again = next(pair for pair in request.headers if pair[0] == name)
    with pytest.raises(SignatureRefused):
        check(replace(request, headers=[*request.headers, again]))


def test_a_header_of_amazon_s_that_somebody_added_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="'x-amz-meta' must be a 'SignedHeader'"):
        check(with_header(signed(), "x-amz-meta", "1"))


# ── attacks ──────────────────────────────────────────────────────────────────────────────────────────────────────────

PATHS = [
    "/docs%20b/_search", "/docs%2520a/_search", "/docs+a/_search", "/docs%20a/_search/", "/docs%20a/_search;x",
    "/docs%20a/_search%2F", "/docs%20a%2F_search", "/secret/../docs%20a/_search", "/docs%20a/../docs%20a/_search",
    "/docs%20a/_search/..", "/docs%20a/_Search", "/docs%20a/_search%00", "/docs%20a/_search%3Fx", "/docs%20a,b/_search",
    "/docs%20a/%5Fsearch", "/%2e%2e/docs%20a/_search", "/docs%20a/..%2f_search", "/DOCS%20a/_search", "/docs%09a/_search",
    "/docs%20a/_search.", "/docs%20a/_search%20", "/docs%A0a/_search",
]  # fmt: skip
QUERIES = [
    "", "search_pipeline=y&a=&q=1%2B1,b+c", "search_pipeline=x&a=1&q=1%2B1,b+c", "search_pipeline=x&a=&q=1+1,b+c",
    "search_pipeline=x&a=&q=1%2B1,b%2Bc", "search_pipeline=x&a=&q=1%2B1,b+c&b=", "search_pipeline=x&q=1%2B1,b+c",
    "search_pipeline=x&a=&a=&q=1%2B1,b+c", "Search_pipeline=x&a=&q=1%2B1,b+c", "search_pipeline=x&a=&q=1%252B1,b+c",
    "search_pipeline=x%00&a=&q=1%2B1,b+c", "search_pipeline=x;a=&q=1%2B1,b+c", "search_pipeline=x&a=&q=1%2B1%2C%2Cb+c",
    "search_pipeline=x&a=&q=1%2B1,b+c&pretty", "search_pipeline=x&a=&q=1%2B1,b+c&X-Amz-Signature=1",
    "search_pipeline=x&a=&q=1%2B1,b+c&x-amz-date=20260102T030405Z", "search_pipeline=x&a=&q=1%2B1,b+c#f",
]  # fmt: skip


def flipped(text: str, at: int) -> str:
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


def mutations() -> list[tuple[str, WireRequest]]:
    """One change each, that makes it another request."""
    request, rng = signed(), random.Random(11)
    found = [(f"path {path}", replace(request, target=f"{path}?{request.query}")) for path in PATHS]
    found += [
        (f"query {query}", replace(request, target=f"{request.path}?{query}" if query else request.path))
        for query in QUERIES
    ]
    found += [
        (f"method {method}", replace(request, method=method)) for method in ("GET", "PUT", "DELETE", "HEAD", "post")
    ]
    for at in range(len(BODY)):
        changed = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        found.append((f"body {at}", replace(request, body=changed)))
    found += [("no body", replace(request, body=b"")), ("longer body", replace(request, body=BODY + b" "))]
    for name, value in request.headers:
        places = range(len(value)) if len(value) < 40 else sorted(rng.sample(range(len(value)), 60))
        for at in places:
            found.append((f"{name} {at}", with_header(request, name, flipped(value, at))))
        found.append((f"no {name}", replace(request, headers=[pair for pair in request.headers if pair[0] != name])))
        found.append((f"more {name}", with_header(request, name, value + "x")))
        if value != value.upper():
            found.append((f"in capitals {name}", with_header(request, name, value.upper())))
    return found


MUTATIONS = mutations()


def test_no_mutation_of_a_signed_request_is_accepted() -> None:
    assert len(MUTATIONS) >= 200
    accepted = []
    for what, request in MUTATIONS:
        try:
            check(request, rules=Rules(unsigned_payload=True))
            accepted.append(what)
        except SignatureRefused:
            pass  # as it should be
    assert accepted == []


def test_no_mutation_of_a_presigned_request_is_accepted() -> None:
    request = signed("/docs/_count?q=a", b"", method="GET", presigned=60)
    at = range(len("/docs/_count?"), len(request.target))
    accepted = []
    for place in at:
        changed = flipped(request.target, place)
        if changed[place] in "#\x7f" or request.target[place] in "%":
            continue
        try:
            check(replace(request, target=changed))
            accepted.append(changed)
        except SignatureRefused:
            pass  # as it should be
    assert accepted == []


def test_no_two_paths_of_different_meaning_share_a_signature() -> None:
    pieces = ["a", "%61", "%2F", "%252F", "%25", "b,c", "b%2Cc", "+", "%2B", "%20"]
    rng = random.Random(5)
    for _ in range(30):
        raw = "/i/_doc/" + "".join(rng.choice(pieces) for _ in range(3))
        request = signed(raw, b"", method="GET")
        assert check(request) == raw
        for _ in range(20):
            other = "/i/_doc/" + "".join(rng.choice(pieces) for _ in range(3))
            if unquote(other) == unquote(raw):
                continue
            with pytest.raises(SignatureRefused):
                check(replace(request, target=other))
