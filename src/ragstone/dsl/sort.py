"""`sort`: one key of the order of hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class SortField:
    """`field` may be `_score`, `_doc`, `_id` or a mapped field. `missing` is `_last`, `_first` or a value.

    `mode` picks among several values (None: min when ascending, max when descending).
    """

    field: str
    order: Literal["asc", "desc"] = "asc"
    missing: Any = "_last"
    mode: str | None = None
    unmapped_type: str | None = None
    numeric_type: str | None = None
