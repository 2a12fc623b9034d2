"""What a caller must be allowed for a write. OpenSearch asks several times on its way, and so do we, in its order:

a single write: the write itself on its index, `bulk` as a cluster action, to make a missing index, the shard's
`bulk[s]`; a bulk request: `bulk`, for each item what its pipeline does and to make a missing index, then index by index
`bulk[s]` with all kinds of writes that the request has for it. What is missing there fails all items of the index, and
no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ragstone.core import caller
from ragstone.core.errors import OpenSearchException
from ragstone.documents.pending import Pending
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.access import require_on
from ragstone.indices.resolver import holders_of

_BULK = "indices:data/write/bulk"
_SHARD = "indices:data/write/bulk[s]"
_KINDS: Mapping[str, str] = {
    "index": "indices:data/write/index",
    "create": "indices:data/write/index",
    "update": "indices:data/write/update",
    "delete": "indices:data/write/delete",
}


def require_bulk() -> None:
    caller.require(_BULK)


def require_single(metadata: Metadata, name: str, action: str) -> None:
    """The first question of a single write, before anything else about its index. Raises
    OpenSearchSecurityException."""
    if caller.subject.get() is None:
        return
    index = metadata.indices.get(name)
    require_on([index] if index is not None else holders_of(metadata, name) or [name], _KINDS[action])


def require_create(name: str) -> None:
    """A write to an index that is missing makes it. Raises OpenSearchSecurityException."""
    require_on([name], "indices:admin/create")


def refused(pending: Iterable[Pending], *, single: bool) -> Mapping[str, OpenSearchException]:
    """By index, why nothing of the request may be written there. An update alone writes what it leads to."""
    if caller.subject.get() is None:
        return {}
    kinds: dict[str, set[str]] = {}
    indices: dict[str, IndexMetadata] = {}
    for one in pending:
        action = "index" if single and one.item.action == "update" else one.item.action
        kinds.setdefault(one.index.name, set()).add(_KINDS[action])
        indices[one.index.name] = one.index
    faults: dict[str, OpenSearchException] = {}
    for name, asked in kinds.items():
        try:
            require_on([indices[name]], _SHARD, *(kind for kind in dict.fromkeys(_KINDS.values()) if kind in asked))
        except OpenSearchException as error:
            faults[name] = error
    return faults
