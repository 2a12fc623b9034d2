"""Bring the documents of ranked hits."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.engine.embedded.search.by_score import shortest
from ragstone.engine.embedded.search.named import matched_queries
from ragstone.engine.embedded.snapshot import Snapshot, StoredRow
from ragstone.engine.values import FetchOptions, Hit, RankedHit


def fetch(
    snapshots: Sequence[Snapshot], hits: Sequence[RankedHit], options: FetchOptions, *, now_millis: int = 0
) -> list[Hit]:
    """The documents of `hits`, in the order given, as they were in the snapshots. Blocking.

    `now_millis` is what `now` means in named queries.
    """
    by_index: dict[str, list[int]] = {}
    for hit in hits:
        by_index.setdefault(hit.index, []).append(hit.ref)
    stored: dict[tuple[str, int], StoredRow] = {}
    for snapshot in snapshots:
        name = snapshot.metadata.name
        for row in snapshot.rows(by_index.get(name, [])):
            stored[name, row.row] = row
    names: dict[str, dict[int, list[str]]] = {}
    if options.named:
        for snapshot in snapshots:
            name = snapshot.metadata.name
            names[name] = matched_queries(snapshot, by_index.get(name, []), options.named, now_millis)
    scores: list[float | None] = [None] * len(hits)
    if hits and hits[0].score is not None:
        scores = [*shortest([hit.score for hit in hits if hit.score is not None])]
    return [
        _hit(hit, score, stored[hit.index, hit.ref], options, names.get(hit.index, {}).get(hit.ref, []))
        for hit, score in zip(hits, scores, strict=True)
    ]


def _hit(ranked: RankedHit, score: float | None, stored: StoredRow, options: FetchOptions, matched: list[str]) -> Hit:
    return Hit(
        index=ranked.index,
        id=stored.id,
        score=score,
        source=stored.source if options.source else None,
        sort=list(ranked.sort) if ranked.sort else None,
        version=stored.version if options.version else None,
        seq_no=stored.seq_no if options.seq_no_primary_term else None,
        primary_term=stored.primary_term if options.seq_no_primary_term else None,
        routing=stored.routing,
        matched_queries=matched,
    )
