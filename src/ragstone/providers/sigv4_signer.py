"""AWS Signature Version 4 of our own requests: pure, with nothing but a clock's time from outside."""

from __future__ import annotations

import hashlib
import string
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from ragstone.providers.api import AwsKeys, HttpRequest
from ragstone.providers.sigv4 import ALGORITHM, Claim, WireRequest, signature

_OURS = frozenset({"authorization", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
"""Headers that only a signer can write; what a request has of them is replaced (blueprints of connectors for Bedrock
say `x-amz-content-sha256: required`)."""
_UNSIGNED = frozenset(
    {"connection", "content-length", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"}
)  # fmt: skip
"""What a proxy or the client itself may write anew."""
_PORTS = {"http": 80, "https": 443}


def signed(request: HttpRequest, keys: AwsKeys, service: str, region: str, now: float) -> HttpRequest:
    """The request with its signature, in the very bytes that must be sent: what the URL holds beyond ASCII is
    percent-encoded. `now` in seconds since the epoch."""
    url = quote(request.url, safe=string.punctuation)
    parts = urlsplit(url)
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
    if not any(name.lower() == "host" for name in headers):
        headers["Host"] = _host(parts)
    headers["X-Amz-Date"] = time
    headers["X-Amz-Content-SHA256"] = hashlib.sha256(request.body or b"").hexdigest()
    if keys.token is not None:
        headers["X-Amz-Security-Token"] = keys.token
    # As latin-1 shows the bytes: so does the canonical form.
    wire = [(name.lower(), value.encode().decode("latin-1")) for name, value in headers.items()]
    names = sorted({name for name, _ in wire} - _UNSIGNED)
    claim = Claim(keys.id, time[:8], region, service, tuple(names), "", time)
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    made = signature(WireRequest(request.method, target, wire, request.body or b""), claim, keys.secret)
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={keys.id}/{claim.scope}, SignedHeaders={';'.join(names)}, Signature={made}"
    )
    return replace(request, url=url, headers=headers)


def _host(parts: SplitResult) -> str:
    """As clients write it: without the port that a scheme has anyway."""
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return name if parts.port in (None, _PORTS.get(parts.scheme)) else f"{name}:{parts.port}"
