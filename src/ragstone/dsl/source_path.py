"""Values at a path of a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def values_at(node: Any, path: str) -> Iterator[Any]:
    """Through objects and lists, and under keys that have the dots themselves."""
    if isinstance(node, list):
        for member in node:
            yield from values_at(member, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        parts = path.split(".")
        for end in range(1, len(parts) + 1):
            key = ".".join(parts[:end])
            if key in node:
                yield from values_at(node[key], ".".join(parts[end:]))


__all__ = ["values_at"]
