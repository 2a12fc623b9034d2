"""What a request of ours is about: the indices it means, and the path that says so to the cluster."""

from __future__ import annotations

from urllib.parse import quote

from ragstone.core.errors import OpenSearchException
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.resolver import IndicesOptions, resolve

_LENIENT = IndicesOptions(ignore_unavailable=True, expand_hidden=True, forbid_closed=False)


def meant(metadata: Metadata, expression: str | None) -> list[IndexMetadata]:
    """The indices of an expression as far as we can see, none where it is wrong: the cluster has the last word."""
    try:
        return [target.index for target in resolve(metadata, expression, _LENIENT)]
    except OpenSearchException:
        return []


def path(expression: str | None, what: str) -> str:
    """`/books,b*/_search`, or `/_search` for no expression."""
    return f"/{what}" if expression is None else f"/{quote(expression, safe=',*-')}/{what}"
