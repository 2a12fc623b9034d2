"""AWS Signature Version 4, verified and made: pure functions of a request's own bytes.

A signature covers a canonical form of the request, and signers differ in how they make it. Tried are the forms that
the known ones use, never more: two of the path, three of the query, and of the payload what the request itself says.
All forms of a query decode to the same names and values, so accepting several does not let a signature of one request
pass for another. With paths that is not so (`x%252Fy` is the canonical form of `x%2Fy`, and its own raw form): the raw
form is not tried where a percent sign itself is encoded.

Rules: "Signature Version 4 signing process" in AWS's reference for IAM.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import product
from urllib.parse import quote

from ragstone.core.errors import OpenSearchException
from ragstone.providers.sigv4_canonical import (
    aws_query,
    canonical_paths,
    canonical_queries,
    decoded,
    decoded_pairs,
    without_dots,
)

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
LONGEST_EXPIRY = 604_800
"""Seconds that a presigned request may be good for."""

_MARKS = frozenset({"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
_MAY_BE_UNSIGNED = frozenset({"x-amz-client-context", "x-amz-content-sha256"})
_ONCE = ("host", "authorization", "date", *_MARKS)
"""Headers of which a second one would leave open which of the two counts."""
_PRESIGNED = tuple(
    f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
)
_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY_ID = re.compile(r"\w{16,128}", re.ASCII)
_SPACES = re.compile(r"[ \t]+")
_PARAMETER = re.compile(r"x-amz-(algorithm|credential|signature|signedheaders|date|expires|security-token)")


class SignatureRefused(OpenSearchException):
    """A request is not what a signature says, or the signature is none. `code` is AWS's name for what is wrong."""

    status = 403
    wire_type = "security_exception"

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class WireRequest:
    """A request as it came. `target` is its raw path and query; names of `headers` are in lower case."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False, default=b"")

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True)
class Claim:
    """What a request says of its signature; nothing of it has been verified."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    """`20260102T030405Z`."""
    token: str | None = field(repr=False, default=None)
    expires: int | None = None
    """Seconds; only presigned requests say."""

    @property
    def presigned(self) -> bool:
        return self.expires is not None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


@dataclass(frozen=True)
class Rules:
    """What a server accepts. No `regions` means any."""

    services: Sequence[str] = ("es", "aoss", "opensearch")
    regions: Sequence[str] = ()
    max_skew: int = 300
    """Seconds that the clocks of both sides may differ."""
    unsigned_payload: bool = False
    """Whether a body may go unsigned; right only where nobody can change it on the way."""


# ── what a request claims ────────────────────────────────────────────────────────────────────────────────────────────


def is_signed(headers: Mapping[str, str], query: str) -> bool:
    """Whether anything about a request is of a signature: half a one is a wrong one, not none.

    `headers` by name in lower case, `query` as it came.
    """
    if "authorization" in headers and _looks_signed(headers["authorization"]):
        return True
    if not _MARKS.isdisjoint(headers):
        return True
    return bool(query) and any(_PARAMETER.fullmatch(name.lower()) for name, _ in decoded_pairs(query))


def _looks_signed(authorization: str) -> bool:
    return authorization[:4].lower() == "aws4" or "Signature=" in authorization or "Credential=" in authorization


def parse(request: WireRequest) -> Claim:
    """Raises SignatureRefused for what is malformed, and for algorithms other than AWS4-HMAC-SHA256."""
    names = [name for name, _ in request.headers]
    for name in _ONCE:
        if names.count(name) > 1:
            raise _malformed(f"the header '{name}' must not be repeated.")
    authorization = request.header("authorization") or ""
    parameters: dict[str, str] = {}
    for name, value in decoded_pairs(request.query):
        if _PARAMETER.fullmatch(name.lower()):
            if name in parameters:
                raise _malformed(f"the parameter '{name}' must not be repeated.")
            parameters[name] = value
    if parameters and _looks_signed(authorization):
        raise SignatureRefused(
            "InvalidSignatureException",
            "A request is signed in its Authorization header or in its query string, not in both.",
            400,
        )
    return _presigned(parameters) if parameters else _signed(request, authorization)


def _signed(request: WireRequest, authorization: str) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    _check_algorithm(algorithm)
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip(" \t").partition("=")
        if name in parts or name not in ("Credential", "SignedHeaders", "Signature"):
            raise _malformed("Authorization header must have one Credential, SignedHeaders and Signature each.")
        parts[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    date = request.header("x-amz-date") or request.header("date")
    if date is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or date is None:
        raise _malformed(" ".join(missing))
    return _claim(
        parts["Credential"],
        parts["SignedHeaders"],
        parts["Signature"],
        _timestamp(date, header_form="x-amz-date" not in dict(request.headers)),
        request.header("x-amz-security-token"),
        None,
    )


def _presigned(parameters: dict[str, str]) -> Claim:
    missing = [f"'{name}'" for name in _PRESIGNED if not parameters.get(name)]
    if missing:
        raise _malformed(f"a presigned request requires {', '.join(missing)}.")
    _check_algorithm(parameters["X-Amz-Algorithm"])
    expires = parameters["X-Amz-Expires"]
    if re.fullmatch(r"[1-9]\d{0,5}", expires, re.ASCII) is None or int(expires) > LONGEST_EXPIRY:
        raise _malformed(f"X-Amz-Expires must be between 1 and {LONGEST_EXPIRY} seconds.")
    return _claim(
        parameters["X-Amz-Credential"],
        parameters["X-Amz-SignedHeaders"],
        parameters["X-Amz-Signature"],
        _timestamp(parameters["X-Amz-Date"]),
        parameters.get("X-Amz-Security-Token"),
        int(expires),
    )


def _check_algorithm(algorithm: str) -> None:
    if algorithm.startswith("AWS4-ECDSA"):
        raise _malformed(f"The algorithm '{algorithm}' (SigV4a) is not supported; sign with '{ALGORITHM}'.")
    if algorithm != ALGORITHM:
        raise _malformed(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
            "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires "
            f"the algorithm '{ALGORITHM}'."
        )


def _timestamp(text: str, *, header_form: bool = False) -> str:
    with suppress(ValueError):  # of the right shape, and no date
        if _TIME.fullmatch(text) is not None:
            _seconds(text)
            return text
        if header_form:
            return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    raise _malformed("Date must be in ISO8601 'basic format'.")


def _claim(
    credential: str, signed_headers: str, signature: str, timestamp: str, token: str | None, expires: int | None
) -> Claim:
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts):
        raise _malformed(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    key_id, date, region, service, terminator = parts
    if terminator != TERMINATOR:
        raise _refused(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.")
    if date != timestamp[:8]:
        raise _refused(f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                       f"'{date}' != '{timestamp[:8]}', from '{timestamp}'.")  # fmt: skip
    if _KEY_ID.fullmatch(key_id) is None:
        raise unknown_key()
    if _HEX64.fullmatch(signature) is None:
        raise _malformed("Signature must be 64 hexadecimal digits in lower case.")
    names = tuple(signed_headers.split(";"))
    if len(set(names)) != len(names) or signed_headers != signed_headers.lower():
        raise _malformed("SignedHeaders must name every header once, in lower case.")
    if "host" not in names:
        raise _refused("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return Claim(key_id, date, region, service, names, signature, timestamp, token, expires)


# ── whether it is true ───────────────────────────────────────────────────────────────────────────────────────────────


def check_scope(claim: Claim, rules: Rules) -> None:
    """Raises SignatureRefused for a region or service that is not this server's."""
    if rules.regions and claim.region not in rules.regions:
        raise _refused(f"Credential should be scoped to a valid region, not '{claim.region}'.")
    if claim.service not in rules.services:
        named = "', '".join(rules.services)
        raise _refused(f"Credential should be scoped to correct service: '{named}'.")


def check_time(claim: Claim, now: float, rules: Rules) -> None:
    """`now` in seconds since the epoch. Raises SignatureRefused for a request from another time."""
    signed, minutes = _seconds(claim.timestamp), rules.max_skew // 60
    if signed > now + rules.max_skew:
        raise _refused(
            f"Signature not yet current: {claim.timestamp} is still later than {_basic(now + rules.max_skew)} "
            f"({_basic(now)} + {minutes} min.)"
        )
    if claim.expires is not None:
        if now > signed + claim.expires:
            raise _refused(
                f"Signature expired: {claim.timestamp} is now earlier than {_basic(now - claim.expires)} "
                f"({_basic(now)} - {claim.expires} sec.)"
            )
    elif signed < now - rules.max_skew:
        raise _refused(
            f"Signature expired: {claim.timestamp} is now earlier than {_basic(now - rules.max_skew)} "
            f"({_basic(now)} - {minutes} min.)"
        )


def verify(request: WireRequest, claim: Claim, secret: str, rules: Rules) -> str:
    """The target that was signed, for the server to act on: without dot segments and without the signature itself.

    Raises SignatureRefused; its text shows the canonical request (without the session token), as AWS's does.
    """
    _check_headers(request, claim)
    if ".." in request.path.split("/"):
        # Every known client resolves them before it signs and sends.
        raise _malformed("a signed request must not have '..' in its path.")
    payloads = _payloads(request, claim, rules)
    key = _signing_key(secret, claim)
    given, first = claim.signature.encode(), None
    for path, query, payload in product(canonical_paths(request.path), canonical_queries(request.query), payloads):
        canonical = _canonical_request(request, claim, path, query, payload)
        to_sign = _string_to_sign(claim, canonical)
        if hmac.compare_digest(_hmac_hex(key, to_sign).encode(), given):
            return _acted_on(request)
        first = first or (canonical, to_sign)
    assert first is not None, "there is always a form to try"
    raise _mismatch(*first, claim.token)


def _check_headers(request: WireRequest, claim: Claim) -> None:
    for name, value in request.headers:
        if not name.startswith("x-amz-") or name in claim.signed_headers:
            continue
        if name == "x-amz-content-sha256" and value != _hash(request.body):
            raise _refused("'x-amz-content-sha256' must be a 'SignedHeader' unless it is the hash of the body.")
        if name not in _MAY_BE_UNSIGNED:
            raise _refused(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    missing = [name for name in claim.signed_headers if request.header(name) is None]
    if missing:
        raise _refused(f"The signed header '{missing[0]}' is not in the request.")


def _payloads(request: WireRequest, claim: Claim, rules: Rules) -> tuple[str, ...]:
    """What may stand for the body in the canonical request."""
    announced, real = request.header("x-amz-content-sha256"), _hash(request.body)
    if announced is not None and announced != UNSIGNED_PAYLOAD:
        if announced.startswith("STREAMING-"):
            raise SignatureRefused(
                "InvalidRequestException", f"x-amz-content-sha256 '{announced}' is not supported.", 400
            )
        if not hmac.compare_digest(announced.encode("latin-1", "replace"), real.encode()):
            raise _refused("The provided 'x-amz-content-sha256' header does not match what was computed.")
        return (announced,)
    if announced is None and not claim.presigned:
        return (real,)
    if not rules.unsigned_payload:
        if announced is not None:
            raise _refused(f"'{UNSIGNED_PAYLOAD}' is accepted over TLS or on this machine only.")
        return (real,)
    return (UNSIGNED_PAYLOAD,) if announced is not None else (EMPTY_HASH, UNSIGNED_PAYLOAD)


def signature(request: WireRequest, claim: Claim, secret: str) -> str:
    """The signature (hexadecimal) that makes `claim` true, whatever its own says: over the form that AWS asks for,
    which is the one that AWS makes of the request itself, and over the body."""
    canonical = _canonical_request(
        request, claim, canonical_paths(request.path)[0], aws_query(request.query), _hash(request.body)
    )
    return _hmac_hex(_signing_key(secret, claim), _string_to_sign(claim, canonical))


# ── what is signed ───────────────────────────────────────────────────────────────────────────────────────────────────


def _canonical_request(request: WireRequest, claim: Claim, path: str, query: str, payload: str) -> str:
    headers = "".join(f"{name}:{_header(request, name)}\n" for name in sorted(claim.signed_headers))
    return "\n".join((request.method, path, query, headers, ";".join(claim.signed_headers), payload))


def _header(request: WireRequest, name: str) -> str:
    values = (_SPACES.sub(" ", value).strip() for key, value in request.headers if key == name)
    return ",".join(values)


def _string_to_sign(claim: Claim, canonical: str) -> str:
    return "\n".join((ALGORITHM, claim.timestamp, claim.scope, _hash(canonical.encode("latin-1"))))


def _hmac_hex(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _signing_key(secret: str, claim: Claim) -> bytes:
    return _derived(secret, claim.date, claim.region, claim.service)


@lru_cache(maxsize=1024)
def _derived(secret: str, date: str, region: str, service: str) -> bytes:
    """The same for all that somebody signs in a day: remembered, like the secret itself, in this process only."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _acted_on(request: WireRequest) -> str:
    path = without_dots(request.path) if "." in request.path else request.path
    kept = [
        pair
        for pair in request.query.split("&")
        if not _PARAMETER.fullmatch(decoded(pair.partition("=")[0]).decode("latin-1").lower())
    ]
    query = "&".join(kept)
    return f"{path}?{query}" if query else path


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=128)
def _seconds(timestamp: str) -> float:
    """Raises ValueError for a time that does not exist."""
    parts = (slice(0, 4), slice(4, 6), slice(6, 8), slice(9, 11), slice(11, 13), slice(13, 15))
    year, month, day, hour, minute, second = (int(timestamp[part]) for part in parts)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


def _basic(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


# ── AWS's words ──────────────────────────────────────────────────────────────────────────────────────────────────────


def unknown_key() -> SignatureRefused:
    """For a key that nobody has, and a token that is not the key's: which of the two is nobody's business."""
    return SignatureRefused("UnrecognizedClientException", "The security token included in the request is invalid.")


def expired_session() -> SignatureRefused:
    return SignatureRefused("ExpiredTokenException", "The security token included in the request is expired")


def _malformed(message: str) -> SignatureRefused:
    return SignatureRefused("IncompleteSignatureException", message)


def _refused(message: str) -> SignatureRefused:
    return SignatureRefused("InvalidSignatureException", message)


def _mismatch(canonical: str, to_sign: str, token: str | None) -> SignatureRefused:
    if token:
        canonical = canonical.replace(token, "***").replace(quote(token, safe="-._~"), "***")
    return _refused(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this "
        f"request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )
