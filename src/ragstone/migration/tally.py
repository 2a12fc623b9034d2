"""What a set of documents adds up to, whatever their order: the two ends of a migration must come to the same.

A source is counted in a canonical form, because engines show the same document in other words: names of objects in
order, and vectors as the 32-bit floats that an index keeps of them (a cluster with derived sources shows those).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from ragstone.core import json
from ragstone.core.json import JsonObject
from ragstone.engine.values import StoredDocument
from ragstone.migration.fields import VECTOR, Fields

_MODULUS = 2**256
Opened = Callable[[str, JsonObject], JsonObject]
"""(document id, source) to the source with what is sealed in it opened."""


@dataclass(frozen=True)
class Tally:
    """`content` sums SHA-256 over (id, canonical source) modulo 2^256, `versions` the same over (id, version, routing).

    A sum and not an exclusive or: a document that comes twice must show.
    """

    documents: int = 0
    bytes: int = 0
    """Of the sources as they are stored; engines may differ in it."""
    content: int = 0
    versions: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.documents + other.documents,
            self.bytes + other.bytes,
            (self.content + other.content) % _MODULUS,
            (self.versions + other.versions) % _MODULUS,
        )

    def agrees(self, other: Tally) -> bool:
        return (self.documents, self.content, self.versions) == (other.documents, other.content, other.versions)

    def to_json(self) -> JsonObject:
        return {
            "documents": self.documents,
            "bytes": self.bytes,
            "content": f"{self.content:064x}",
            "versions": f"{self.versions:064x}",
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["documents"], value["bytes"], int(value["content"], 16), int(value["versions"], 16))


def tally_of(documents: Sequence[StoredDocument], fields: Fields, opened: Opened | None) -> tuple[Tally, list[int]]:
    """What they add up to, and each one's content hash, in order. Blocking: about 0.1 ms for a vector of 384."""
    hashes = [content_hash(document.id, document.source, fields, opened) for document in documents]
    versions = (
        _number(f"{document.id}\0{document.version}\0{document.routing or ''}".encode()) for document in documents
    )
    size = sum(len(document.source) for document in documents)
    return Tally(len(documents), size, sum(hashes) % _MODULUS, sum(versions) % _MODULUS), hashes


def content_hash(id: str, source: bytes, fields: Fields, opened: Opened | None = None) -> int:
    value = json.decode(source)
    if opened is not None:
        value = opened(id, value)
    if fields.has_vectors:
        value = _with_floats(value, fields.tree)
    return _number(id.encode("utf-8", "surrogatepass") + b"\0" + json.canonical(value))


def _number(data: bytes) -> int:
    return int.from_bytes(sha256(data).digest())


def _with_floats(value: Any, tree: Mapping[str, Any]) -> Any:
    """The value with its vectors as hexadecimal float32. `tree` is `Fields.tree`, or a branch of it."""
    if isinstance(value, list):
        return [_with_floats(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    changed = dict(value)
    for name, below in tree.items():
        if name in changed:
            changed[name] = _float32(changed[name]) if below is VECTOR else _with_floats(changed[name], below)
    return changed


def _float32(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    try:
        return array("f", value).tobytes().hex()
    except (TypeError, OverflowError):
        return value


__all__ = ["Opened", "Tally", "content_hash", "tally_of"]
