"""Reads `\"\"\"text\"\"\"`, the form in which OpenSearch's documentation and Dev Tools write long texts in JSON."""

from __future__ import annotations

from ragstone.core import json

TRIPLE = '"""'
_QUOTES = TRIPLE.encode()


def without_triple_quotes(body: bytes) -> bytes:
    """The body with each triple-quoted text as a JSON string; a body without such texts comes back as it is.

    `Differs:` OpenSearch leaves this to its front end. It is safe to do here, because three quotes in a row occur in
    no JSON.
    """
    if _QUOTES not in body:
        return body
    parts = body.split(_QUOTES)
    if len(parts) % 2 == 0:
        return body  # one is not closed: let the parser say where
    return b"".join(json.encode(part.decode("utf-8", "replace")) if n % 2 else part for n, part in enumerate(parts))
