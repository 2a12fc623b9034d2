"""Several ranked lists become one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ragstone.core import json
from ragstone.engine.values import QueryPhaseResult, RankedHit, RankedList
from ragstone.pipelines.search.phase_results.arithmetic import Floats


def scores_of(found: RankedList) -> Floats:
    return np.array([hit.score or 0.0 for hit in found.hits], np.float32)


def merge(result: QueryPhaseResult, normalized: Sequence[Floats], combine: Callable[[Floats], Floats]) -> None:
    """Put one list in place of those of sub-queries, whose scores are by now `normalized`.

    Every document is in it once, the best score first, equal ones by index and order of arrival.
    """
    rows: dict[tuple[str, int], int] = {}
    hits: list[RankedHit] = []
    for found in result.lists:
        for hit in found.hits:
            if rows.setdefault((hit.index, hit.ref), len(hits)) == len(hits):
                hits.append(hit)
    scores = np.zeros((len(hits), len(result.lists)), np.float32)
    for column, (found, normal) in enumerate(zip(result.lists, normalized, strict=True)):
        for hit, score in zip(found.hits, normal, strict=True):
            scores[rows[hit.index, hit.ref], column] = score
    combined: list[float] = json.decode(json.encode(combine(scores)))  # with the fewest digits, as scores are written
    ranked = sorted(zip(combined, hits, strict=True), key=lambda entry: (-entry[0], entry[1].index, entry[1].ref))
    result.lists = [one_list(result, [replace(hit, score=score) for score, hit in ranked])]
    result.combined = True


def one_list(result: QueryPhaseResult, hits: Sequence[RankedHit]) -> RankedList:
    """A list in place of those of sub-queries: with the failures of all, and the total that counts them together."""
    failures = {failure.index: failure for found in result.lists for failure in found.failures}
    return RankedList(
        hits,
        result.union if len(result.lists) > 1 else result.lists[0].total,
        (hits[0].score or 0.0) if hits else 0.0,
        failures=tuple(failures.values()),
        terminated_early=any(found.terminated_early for found in result.lists),
    )
