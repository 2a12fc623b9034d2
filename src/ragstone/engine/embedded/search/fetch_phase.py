"""Bring the documents of ranked hits."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.xcontent import JsonObject
from ragstone.engine.embedded.highlight.run import highlights
from ragstone.engine.embedded.search.by_score import shortest
from ragstone.engine.embedded.search.doc_values import doc_values
from ragstone.engine.embedded.search.explain import explanations
from ragstone.engine.embedded.search.failures import shard_failures
from ragstone.engine.embedded.search.named import matched_queries
from ragstone.engine.embedded.snapshot import Snapshot, StoredRow
from ragstone.engine.values import FetchOptions, Hit, RankedHit


def fetch(
    snapshots: Sequence[Snapshot], hits: Sequence[RankedHit], options: FetchOptions, *, now_millis: int = 0
) -> list[Hit]:
    """The documents of `hits`, in the order given, as they were in the snapshots. Blocking.

    `now_millis` is what `now` means in named queries and in the one that is explained. Raises
    SearchPhaseExecutionException for what can't be shown.
    """
    scores: list[float | None] = [None] * len(hits)
    if hits and hits[0].score is not None:
        scores = [*shortest([hit.score for hit in hits if hit.score is not None])]
    found: dict[int, Hit] = {}
    for snapshot in snapshots:
        name = snapshot.metadata.name
        places = [place for place, hit in enumerate(hits) if hit.index == name]
        rows = [hits[place].ref for place in places]
        names = matched_queries(snapshot, rows, options.named, now_millis) if options.named else {}
        # No failure of a shard: where the documents can not be read, the index may have been deleted meanwhile.
        documents = snapshot.rows(rows, sources=options.source or options.highlight is not None)
        marked: dict[int, JsonObject] = {}
        with shard_failures(snapshot):
            values = doc_values(snapshot, rows, options.doc_values, options.hidden) if options.doc_values else {}
            if options.highlight is not None:
                marked = highlights(snapshot, documents, options.highlight, options.hidden, now_millis=now_millis)
        told = explanations(snapshot, rows, options.explain, now_millis) if options.explain is not None else {}
        for place, stored in zip(places, documents, strict=True):
            hit = _hit(hits[place], scores[place], stored, options, names.get(stored.row, []))
            hit.explanation = told.get(stored.row)
            if fields := values.get(stored.row):
                hit.extra["fields"] = fields
            if fragments := marked.get(stored.row):
                hit.extra["highlight"] = fragments
            found[place] = hit
    return [found[place] for place in range(len(hits))]


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
