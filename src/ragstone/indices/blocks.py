"""What `index.blocks.*` forbids: each blocks some kinds of access to its index until it is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ragstone.core.errors import ClusterBlockException
from ragstone.engine.values import IndexMetadata

Access = Literal["read", "write", "metadata_read", "metadata_write", "delete"]
"""Documents are read or written; mappings, settings and aliases are read or changed; the index is removed."""


@dataclass(frozen=True)
class _Block:
    setting: str
    id: int
    description: str
    forbids: frozenset[Access]
    status: tuple[str, int] = ("FORBIDDEN", 403)


_BLOCKS = (
    _Block("index.blocks.read_only", 5, "index read-only (api)", frozenset({"write", "metadata_write", "delete"})),
    _Block("index.blocks.read", 7, "index read (api)", frozenset({"read"})),
    _Block("index.blocks.write", 8, "index write (api)", frozenset({"write"})),
    _Block(
        "index.blocks.metadata", 9, "index metadata (api)", frozenset({"metadata_read", "metadata_write", "delete"})
    ),
    _Block(
        "index.blocks.read_only_allow_delete",
        12,
        "disk usage exceeded flood-stage watermark, index has read-only-allow-delete block",
        frozenset({"write", "metadata_write"}),
        ("TOO_MANY_REQUESTS", 429),
    ),
)
_BY_ACCESS: dict[Access, tuple[_Block, ...]] = {
    access: tuple(block for block in _BLOCKS if access in block.forbids)
    for access in ("read", "write", "metadata_read", "metadata_write", "delete")
}
_ALWAYS_CHANGEABLE = ("blocks.read_only", "blocks.read_only_allow_delete", "blocks.metadata")


def check_blocks(indices: Iterable[IndexMetadata], access: Access) -> None:
    """Raises ClusterBlockException, which names every block of every index that forbids this access."""
    found = [
        (index, blocks)
        for index in indices
        if (blocks := [one for one in _BY_ACCESS[access] if index.settings.get(one.setting) == "true"])
    ]
    if not found:
        return
    error = ClusterBlockException(
        "".join(
            f"index [{index.name}] blocked by: "
            + "".join(f"[{block.status[0]}/{block.id}/{block.description}];" for block in blocks)
            for index, blocks in found
        )
    )
    error.status = max(block.status[1] for _, blocks in found for block in blocks)
    raise error


def touches_a_block(settings: Mapping[str, Any]) -> bool:
    """Whether a change of settings names a block that forbids such changes: it must be possible to lift it."""
    names = {name.removeprefix("index.") for name in _names(settings, "")}
    return not names.isdisjoint(_ALWAYS_CHANGEABLE)


def _names(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _names(value, f"{prefix}{key}.")
        else:
            yield prefix + key
