"""The forms of a request's path and query that signatures are made over: pure functions of the raw target, whose bytes
are shown as latin-1 does.

Rules: "Signature Version 4 signing process" in AWS's reference for IAM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote_to_bytes


def canonical_paths(path: str) -> tuple[str, ...]:
    """Of a raw path: normalised and encoded once more, as AWS asks of all services but S3; then as it is."""
    encoded = quote(without_dots(path).encode("latin-1"), safe="/-._~")
    raw = path or "/"
    return (encoded,) if raw == encoded or "%25" in raw else (encoded, raw)


def canonical_queries(query: str) -> tuple[str, ...]:
    """Of a raw query, without the signature itself: as it is; encoded as RFC 3986 has it; encoded as forms are."""
    raw, strict = _as_sent(query), _strict(query)
    form = [(name.replace("%20", "+"), value.replace("%20", "+")) for name, value in strict]
    return tuple(dict.fromkeys(_joined(pairs) for pairs in (raw, strict, form)))


def aws_query(query: str) -> str:
    """The form of a raw query that AWS itself makes: the second of them."""
    return _joined(_strict(query))


def _as_sent(query: str) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        if name != "X-Amz-Signature"
    ]


def _strict(query: str) -> list[tuple[str, str]]:
    return [(quote(decoded(name), safe="-._~"), quote(decoded(value), safe="-._~")) for name, value in _as_sent(query)]


def _joined(pairs: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def decoded(text: str) -> bytes:
    """What a name or value in a query stands for."""
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1"))


def decoded_pairs(query: str) -> Iterator[tuple[str, str]]:
    """Names and values of a raw query as they are meant, their bytes as latin-1 shows them."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield decoded(name).decode("latin-1"), decoded(value).decode("latin-1")


def without_dots(path: str) -> str:
    """A path without empty and dot segments; a slash at its end stays (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return "/" + "/".join(kept) + end
