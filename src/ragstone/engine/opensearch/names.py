"""Names on the way to the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

RECORDS = ".ragstone-records"
"""The index behind RecordStore: the engine's own, in no picture of the indices."""
_OURS = (".plugins-ml-", ".ragstone-")
SYSTEM_PATTERNS = ",".join(f"{prefix}*" for prefix in _OURS)
"""An expression that means all of ours."""
UNTOUCHED = {"index.default_pipeline": "_none", "index.final_pipeline": "_none"}
"""Settings of ours: a template of somebody's could otherwise name a pipeline, which sees all that is written."""


def is_system(name: str) -> bool:
    """Whether an index is Ragstone's: hidden, and used with the gateway's own rights whoever asks."""
    return name.startswith(_OURS)


def are_system(names: Sequence[str]) -> bool:
    """As `is_system`, of all of them: a request that reads a single index of the caller's has the caller's rights."""
    return bool(names) and all(map(is_system, names))


def part(text: str) -> str:
    """As one part of a path, or a value behind a `?`."""
    return quote(text, safe="")
