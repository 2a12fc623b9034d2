"""The body of a search, parsed: `SearchBody`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import Query
from ragstone.dsl.sort import SortField


@dataclass(frozen=True)
class SourceFilter:
    """`_source`: whether at all, and which paths (wildcards allowed). Excludes win."""

    enabled: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SearchBody:
    """One search. Request processors make changed copies with `dataclasses.replace`.

    `None` in `from_`, `size`, `track_total_hits` means "not given": 0, 10 and 10,000. `ext` holds each section under
    its name, parsed by the class registered in `dsl.ext`.
    """

    query: Query | None = None
    from_: int | None = None
    size: int | None = None
    sort: tuple[SortField, ...] = ()
    search_after: Sequence[Any] | None = None
    source: SourceFilter | None = None
    post_filter: Query | None = None
    min_score: float | None = None
    track_total_hits: bool | int | None = None
    track_scores: bool = False
    version: bool = False
    seq_no_primary_term: bool = False
    explain: bool = False
    stored_fields: tuple[str, ...] | None = None
    timeout: float | None = None
    """Seconds."""
    terminate_after: int = 0
    search_pipeline: str | JsonObject | None = None
    """A stored pipeline's name, or an inline definition."""
    verbose_pipeline: bool = False
    ext: Mapping[str, Any] = field(default_factory=dict)
