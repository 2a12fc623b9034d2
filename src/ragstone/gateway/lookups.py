"""Documents that a search reads besides those it searches: each is a read of its own, for which there are rights."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from ragstone.core import json
from ragstone.core.errors import OpenSearchException, ParsingException

_INDEX: Final = ("index", "_index")
_DOCUMENT: Final = ("id", "_id", "path", "doc")
"""`terms` look up `index`, `id` or `query`, and `path`; `more_like_this` and `percolate` an index and an id, or a
document that is read with the mapping and the terms of an index."""
_TRAINING: Final = "training_index"
"""What a k-NN model is trained with."""
_SHAPE: Final = "indexed_shape"
_SHAPES: Final = "shapes"
"""Where an indexed shape is looked for when the request does not say."""


def indices_looked_up(tree: Any) -> Iterator[str]:
    """The indices, as they are named, of all documents that a request's JSON refers to; rather too many than too few.

    Raises ParsingException for a `wrapper` query that cannot be read.
    """
    if isinstance(tree, dict) and isinstance(tree.get("_index"), str):
        yield tree["_index"]  # `_termvectors` takes it for the index, whatever the path says
    yield from _named_inside(tree)


def _named_inside(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for item in tree:
            yield from _named_inside(item)
    elif isinstance(tree, dict):
        if any(key in tree for key in _DOCUMENT):
            yield from (tree[key] for key in _INDEX if isinstance(tree.get(key), str))
        if isinstance(tree.get(_TRAINING), str):
            yield tree[_TRAINING]
        shape = tree.get(_SHAPE)
        if isinstance(shape, dict) and "index" not in shape:
            yield _SHAPES
        wrapped = tree.get("wrapper")
        if isinstance(wrapped, dict) and isinstance(wrapped.get("query"), str):
            yield from _named_inside(_unwrapped(wrapped["query"]))
        for value in tree.values():
            yield from _named_inside(value)


def _unwrapped(text: str) -> Any:
    try:
        return json.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, OpenSearchException):
        raise ParsingException("[wrapper] query malformed") from None


__all__ = ["indices_looked_up"]
