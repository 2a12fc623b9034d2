"""Sort keys against sorting by hand, page by page, and the recorded answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from ragstone.core import json as ragstone_json
from ragstone.core.errors import IllegalArgumentException, SearchPhaseExecutionException
from ragstone.dsl.sort import parse_sort

ALL: dict[str, Any] = {"match_all": {}}


def order(books: Any, sort: Any, **request: Any) -> list[tuple[str, list[Any]]]:
    return [(hit.id, hit.sort) for hit in books.search(ALL, sort=parse_sort(sort), **request)]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (
            ["year", {"price": "desc"}],
            [
                ("1", [1998, 12.5]),
                ("2", [2005, 7.25]),
                ("4", [2011, 31.75]),
                ("3", [2011, 20.0]),
                ("5", [2020, "-Infinity"]),
                ("6", [2021, 7.25]),
            ],
        ),
        (
            [{"price": {"order": "asc", "missing": "_first"}}],
            [("5", ["-Infinity"]), ("2", [7.25]), ("6", [7.25]), ("1", [12.5]), ("3", [20.0]), ("4", [31.75])],
        ),
        (
            [{"price": {"missing": 10}}, {"_doc": "desc"}],
            [("6", [7.25, 5]), ("2", [7.25, 1]), ("5", [10.0, 4]), ("1", [12.5, 0]), ("3", [20.0, 2]), ("4", [31.75, 3])],
        ),
        (
            [{"tags": {"order": "asc", "mode": "max"}}],
            [("2", ["craft"]), ("6", ["guide"]), ("1", ["sea"]), ("3", ["storm"]), ("4", ["storm"]), ("5", [None])],
        ),
        (
            [{"stock": "asc"}, {"author": "asc"}, {"year": "desc"}],
            [
                ("2", [0, "Ben Ode", 2005]),
                ("5", [0, "Dag Hus", 2020]),
                ("3", [1, "Ada Moor", 2011]),
                ("1", [1, "Ada Moor", 1998]),
                ("6", [1, "Ben Ode", 2021]),
                ("4", [1, "Cleo Ray", 2011]),
            ],
        ),
        (
            [{"nope": {"unmapped_type": "long", "order": "desc"}}, {"year": "desc"}],
            [("6", [-(2**63), 2021]), ("5", [-(2**63), 2020])],
        ),
    ],
)  # fmt: skip
def test_hits_are_ordered_as_recorded(books: Any, sort: Any, expected: list[Any]) -> None:
    assert order(books, sort, size=len(expected)) == expected


def test_a_score_among_the_keys_is_shown_and_kept(books: Any) -> None:
    found = books.rank({"match": {"body": "sea"}}, sort=parse_sort(["_score", {"year": "asc"}]))
    assert [hit.sort[1] for hit in found.hits] == [1998, 2011]
    assert found.max_score == pytest.approx(0.5164235)


def test_scores_are_only_known_when_asked_for(books: Any) -> None:
    sea = {"match": {"body": "sea"}}
    assert [hit.score for hit in books.rank(sea, sort=parse_sort("year")).hits] == [None, None]
    tracked = books.rank(sea, sort=parse_sort("year"), track_scores=True)
    assert [hit.score for hit in tracked.hits] == pytest.approx([0.5164235, 0.46210128])
    assert tracked.max_score == pytest.approx(0.5164235)


def test_search_after_takes_dates_as_text(books: Any) -> None:
    assert order(books, ["published"], search_after=["2011-01-15"], size=2) == [
        ("3", [1322611200000]), ("5", [1582934400000]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sort", "after", "reason"),
    [
        (["year"], [1, 2], "search_after has 2 value(s) but sort has 1."),
        ([], [1], "Sort must contain at least one field."),
        (["year"], ["x"], "Failed to parse search_after value for field [year]."),
        (["nope"], None, "No mapping found for [nope] in order to sort on"),
    ],
)
def test_wrong_keys_fail_in_the_shard(books: Any, sort: Any, after: Any, reason: str) -> None:
    with pytest.raises(SearchPhaseExecutionException) as caught:
        books.rank(ALL, sort=parse_sort(sort), search_after=after)
    failure = caught.value.failures[0]
    assert (failure.index, failure.node, failure.reason.reason) == ("books", "node-1", reason)


def test_text_can_not_be_sorted_by(books: Any) -> None:
    with pytest.raises(SearchPhaseExecutionException, match="all shards failed") as caught:
        books.rank(ALL, sort=parse_sort("body"))
    assert isinstance(caught.value.failures[0].reason, IllegalArgumentException)
    assert str(caught.value.failures[0].reason.reason).startswith("Text fields are not optimised for operations")


# ── against sorting by hand ──────────────────────────────────────────────────────────────────────────────────────────

MAPPINGS = {
    "properties": {
        "l": {"type": "long"}, "i": {"type": "integer"}, "f": {"type": "double"}, "k": {"type": "keyword"},
        "b": {"type": "boolean"}, "m": {"type": "long"}, "mk": {"type": "keyword"},
    }
}  # fmt: skip
BOUNDS = {"l": 2**63 - 1, "m": 2**63 - 1, "b": 2**63 - 1, "i": 2**31 - 1, "f": float("inf")}


def random_document(choose: random.Random) -> dict[str, Any]:
    makers: dict[str, Callable[[], Any]] = {
        "l": lambda: choose.randint(-3, 3),
        "i": lambda: choose.randint(0, 2),
        "f": lambda: choose.choice([0.5, 1.5, -2.25]),
        "k": lambda: choose.choice("abc"),
        "b": lambda: choose.random() < 0.5,
        "m": lambda: [choose.randint(0, 5) for _ in range(choose.randint(1, 3))],
        "mk": lambda: [choose.choice("pqr") for _ in range(choose.randint(1, 3))],
    }
    return {name: make() for name, make in makers.items() if choose.random() < 0.7}


def random_sort(choose: random.Random) -> list[dict[str, Any]]:
    sort = []
    for name in choose.sample(list(MAPPINGS["properties"]), choose.randint(1, 3)):
        options: dict[str, Any] = {
            "order": choose.choice(["asc", "desc"]),
            "missing": choose.choice(["_first", "_last"]),
        }
        if name in "li" and choose.random() < 0.3:
            options["missing"] = 1
        sort.append({name: options})
    return [*sort, {"_doc": {"order": choose.choice(["asc", "desc"])}}]


def by_hand(documents: list[dict[str, Any]], sort: list[dict[str, Any]]) -> list[int]:
    """Numbers of documents in order: one stable pass per key, the last key first."""
    numbers = list(range(len(documents)))
    for entry in reversed(sort):
        name, options = next(iter(entry.items()))
        descending = options["order"] == "desc"
        if name == "_doc":
            numbers.sort(reverse=descending)
            continue

        def value(number: int, name: str = name, options: Any = options, descending: bool = descending) -> Any:
            found = documents[number].get(name)
            if isinstance(found, list):
                found = max(found) if descending else min(found)
            if found is None and options["missing"] not in ("_first", "_last"):
                found = options["missing"]
            last = (options["missing"] == "_first") == descending
            if name in ("k", "mk"):
                return (0, found) if found is not None else (1 if last else -1, "")
            if found is None:
                return BOUNDS[name] if last else -BOUNDS[name] - (name != "f")
            return found

        numbers.sort(key=value, reverse=descending)
    return numbers


@pytest.mark.parametrize("seed", range(4))
def test_any_sort_gives_the_order_made_by_hand_also_page_by_page(new_corpus: Callable[..., Any], seed: int) -> None:
    choose = random.Random(seed)
    corpus = new_corpus(MAPPINGS)
    documents = [random_document(choose) for _ in range(40)]
    for number, document in enumerate(documents):
        corpus.put(str(number), document)
        if number % 13 == 0:
            corpus.snapshot()
    for _ in range(12):
        sort = random_sort(choose)
        expected = by_hand(documents, sort)
        keys = parse_sort(sort)
        size = choose.choice([1, 5, 100])
        assert [hit.ref - 1 for hit in corpus.rank(ALL, sort=keys, size=size).hits] == expected[:size]
        paged: list[int] = []
        after = None
        while hits := corpus.rank(ALL, sort=keys, size=9, search_after=after).hits:
            paged += [hit.ref - 1 for hit in hits]
            after = json.loads(ragstone_json.encode(list(hits[-1].sort)))
        assert paged == expected
