"""Snapshots seen through views."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import ref

import numpy as np
import pytest

from ragstone.core.caller import IndexView
from ragstone.dsl.query import parse_query
from ragstone.engine.embedded.search import query_phase
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.visible import through
from ragstone.engine.visibility import visibility

NOW = 1_700_000_000_000
DAY = 86_400_000
MAPPINGS: dict[str, Any] = {
    "properties": {
        "team": {"type": "keyword"},
        "when": {"type": "date"},
        "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "v": {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"}},
        "crew": {"properties": {"name": {"type": "keyword"}}},
        "also": {"type": "alias", "path": "crew.name"},
    }
}


@pytest.fixture
def snapshot(new_corpus: Callable[..., Any]) -> Snapshot:
    corpus = new_corpus(MAPPINGS, settings={"index.knn": "true"})
    for number, team in enumerate(["red", "blue", "red", "blue"], 1):
        document = {"team": team, "v": [number, 0], "when": NOW - (4 - number) * DAY, "title": "a word"}
        corpus.put(str(number), {**document, "crew": {"name": "x"}})
    found: Snapshot = corpus.snapshot()
    return found


def seen(snapshot: Snapshot, *, now: int = NOW, **view: Any) -> Snapshot:
    [found] = through([snapshot], {"i": visibility(IndexView(**view))}, now)
    return found


def count(snapshot: Snapshot, query: Any) -> int:
    return query_phase.count([snapshot], parse_query(query), now_millis=NOW)


RED = ('{"term": {"team": "red"}}',)


def test_a_snapshot_without_a_view_is_itself(snapshot: Snapshot) -> None:
    assert through([snapshot], {}, NOW) == (snapshot,)
    assert through([snapshot], {"other": visibility(IndexView(documents=()))}, NOW) == (snapshot,)


def test_a_view_is_compiled_once_for_a_snapshot(snapshot: Snapshot) -> None:
    first, second = seen(snapshot, documents=RED), seen(snapshot, documents=RED)
    assert first.text is second.text
    assert first.mapper is second.mapper
    assert seen(snapshot, documents=('{"term": {"team": "blue"}}',)).text is not first.text


def test_a_view_that_depends_on_the_time_is_compiled_anew(snapshot: Snapshot) -> None:
    recent = ('{"range": {"when": {"gte": "now-36h"}}}',)
    everything: dict[str, Any] = {"match_all": {}}
    assert count(seen(snapshot, documents=recent), everything) == 2
    assert count(seen(snapshot, documents=recent, now=NOW + DAY), everything) == 1


def test_what_is_seen_keeps_the_whole_snapshot_alive(snapshot: Snapshot) -> None:
    """Whose rows the log must not forget meanwhile."""
    whole = replace(snapshot)
    alive = ref(whole)
    part = seen(whole, documents=RED)
    del whole
    gc.collect()
    assert part.whole is alive()
    del part
    gc.collect()
    assert alive() is None


def test_no_reader_gets_out_of_its_view(snapshot: Snapshot) -> None:
    part = seen(snapshot, documents=RED)
    everything = part.text.everything()
    assert part.text.documents == 2
    assert part.text.first_rows(10) == [1, 3]
    assert part.text.max_row() == 3
    assert part.text.count(everything) == 2
    assert part.text.matching_rows(everything).tolist() == [1, 3]
    assert part.text.value_counts(everything, part.text.slots["team"]) == {"red": 2}
    assert len(part.text.best(everything, 10)[0]) == 2
    assert part.text.values([1, 2, 3], part.text.slots["team"]) == {1: ["red"], 3: ["red"]}


def test_vectors_are_searched_among_visible_rows_whatever_is_allowed(snapshot: Snapshot) -> None:
    vectors = seen(snapshot, documents=RED).vectors["v"]
    query = np.array([2, 0], np.float32)
    everybody = np.array([1, 2, 3, 4])
    assert sorted(vectors.search(query, 4)[0].tolist()) == [1, 3]
    assert sorted(vectors.search(query, 4, allowed=everybody)[0].tolist()) == [1, 3]
    assert vectors.search(query, 4, allowed=np.array([2, 3]))[0].tolist() == [3]
    assert sorted(vectors.search_radial(query, min_score=0.0)[0].tolist()) == [1, 3]
    assert vectors.vectors(everybody)[0].tolist() == [1, 3]
    assert vectors.vector(2) is None


def test_hidden_fields_are_nowhere(snapshot: Snapshot) -> None:
    part = seen(snapshot, fields=("~title", "~v", "~crew"))
    assert set(part.mapper.fields()) == {"team", "when"}
    assert part.mapper.matching("*") == ["team", "when"]
    assert [part.mapper.field(name) for name in ("title", "title.raw", "v", "crew.name", "also")] == [None] * 5
    assert set(part.mapper.concealed) == {"title", "title.raw", "v", "crew.name", "also"}
    assert set(part.text.slots) & {"title", "title.raw", "crew.name"} == set()
    assert dict(part.vectors) == {}
    assert count(part, {"exists": {"field": "crew"}}) == 0


def test_metadata_fields_are_never_hidden(snapshot: Snapshot) -> None:
    part = seen(snapshot, fields=("team",))
    assert count(part, {"ids": {"values": ["1"]}}) == 1
    assert count(part, {"term": {"_index": "i"}}) == 4


def test_masked_fields_are_not_found_but_known_to_who_can_show_them(snapshot: Snapshot) -> None:
    part = seen(snapshot, masked=("crew.name", "title::/.+/::#"))
    assert part.mapper.field("crew.name") is None
    assert set(part.mapper.masked) == {"crew.name", "title", "title.raw", "also"}
    assert part.mapper.masked["title.raw"].mask("a word") == "#"
    assert count(part, {"term": {"crew.name": "x"}}) == 0
