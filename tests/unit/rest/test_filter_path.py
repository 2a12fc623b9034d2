"""What filter_path keeps; the cases are recorded OpenSearch behaviour unless a name says otherwise."""

from typing import Any

import pytest

from ragstone.rest.filter_path import apply

SEARCH = {
    "took": 1,
    "timed_out": False,
    "hits": {
        "total": {"value": 2, "relation": "eq"},
        "max_score": None,
        "hits": [
            {"_id": "1", "_source": {"a": {"b": 1, "c": 2}, "d": "x"}},
            {"_id": "2", "_source": {"a": {"b": 3}, "d": "y"}},
        ],
    },
}


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ("hits.hits._source.a", {"hits": {"hits": [{"_source": {"a": {"b": 1, "c": 2}}}, {"_source": {"a": {"b": 3}}}]}}),
        ("**._id", {"hits": {"hits": [{"_id": "1"}, {"_id": "2"}]}}),
        ("h*.h*.*source.a.*", {"hits": {"hits": [{"_source": {"a": {"b": 1, "c": 2}}}, {"_source": {"a": {"b": 3}}}]}}),
        ("-hits,-took", {"timed_out": False}),
        ("took,timed_out,-took", {"timed_out": False}),
        ("nothing.here", {}),
        ("took.deeper", {}),
        ("", SEARCH),
        ("**", SEARCH),
        ("hits.**,-hits.hits,-**.total", {"hits": {"max_score": None}}),
    ],
)  # fmt: skip
def test_filters(filters: str, left: Any) -> None:
    assert apply(SEARCH, filters) == left


def test_exclusion_takes_away_inside_what_inclusion_kept() -> None:
    assert apply(SEARCH, "hits.hits._source,-**.b") == {
        "hits": {"hits": [{"_source": {"a": {"c": 2}, "d": "x"}}, {"_source": {"d": "y"}}]}
    }


def test_a_backslash_makes_a_dot_part_of_the_name() -> None:
    flat = {"defaults": {"search.max": "500", "search.min": "1"}}
    assert apply(flat, "defaults.search\\.max") == {"defaults": {"search.max": "500"}}


def test_a_container_named_whole_stays_even_when_it_is_empty() -> None:
    assert apply({"nodes": {}, "x": 1}, "nodes") == {"nodes": {}}


def test_containers_on_the_way_disappear_when_nothing_is_left() -> None:
    assert apply({"hits": {"hits": []}, "a": {"b": {}}}, "hits.hits._id,a.b.c") == {}


def test_lists_are_passed_through_at_the_top_too() -> None:
    assert apply([{"a": 1, "b": 2}, {"b": 3}], "a") == [{"a": 1}]


def test_scalars_beside_objects_in_a_list_survive_exclusion_only() -> None:
    assert apply({"a": [1, {"b": 2, "c": 3}]}, "-a.b") == {"a": [1, {"c": 3}]}
    assert apply({"a": [1, {"b": 2, "c": 3}]}, "a.b") == {"a": [{"b": 2}]}


def test_names_are_no_regular_expressions() -> None:
    assert apply({"a+b": 1, "aab": 2}, "a+b") == {"a+b": 1}
    assert apply({"(": 1}, "(") == {"(": 1}


def test_a_filter_of_many_stars_is_no_trap() -> None:
    deep: Any = {"x": 1}
    for _ in range(50):
        deep = {"a": deep, "b": [deep]} if "x" in deep else {"a": deep}
    assert apply(deep, ".".join(["**", "a"] * 40) + ".x") != {}
    assert apply(deep, "**." * 60 + "x") != {}
    assert apply(SEARCH, ",".join(["**.**.a.**"] * 100))["hits"]
