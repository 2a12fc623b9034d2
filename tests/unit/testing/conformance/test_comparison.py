from __future__ import annotations

from typing import Any

import pytest

from ragstone.testing.conformance import differences
from ragstone.testing.conformance.matchers import (
    Absent,
    Anything,
    Approximately,
    Exactly,
    Id,
    Number,
    Pattern,
    Unordered,
)


def hits(*members: dict[str, Any]) -> dict[str, Any]:
    return {"hits": {"hits": list(members)}}


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": None}}, {"a": {"b": None, "c": 0}}),
        ([{"a": 1}], [{"a": 1, "b": 2}]),
        (0.5, 0.50004),
        (Exactly({"a": {"b": 1}}), {"a": {"b": 1}}),
        (Unordered((1, 2)), [2, 1]),
        ({"a": Absent()}, {}),
        (Anything(), None),
        (Id(), "nR4b-_9"),
        (Number(), 5),
        (Approximately(0.5), 0.5),
        (Approximately(2), 2.0),
        (Pattern("a.c"), "a\nc"),
    ],
)
def test_a_reply_may_say_more_than_is_expected(expected: Any, actual: Any) -> None:
    assert differences(expected, actual) == []


@pytest.mark.parametrize(
    ("expected", "actual", "told"),
    [
        ({"a": 1}, {"b": 1}, "reply.a: missing; expected 1; there are ['b']"),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, "reply.a.b: expected 'x', is 'y'"),
        ([1], [1, 2], "reply: expected [1], is [1, 2]"),
        ([1, 2], [2, 1], "reply[0]: expected 1, is 2"),
        (1, 1.0, "reply: expected 1, is 1.0"),
        (1, True, "reply: expected 1, is True"),
        (0.5, 0.5001, "reply: expected 0.5, is 0.5001"),
        ({}, [], "reply: expected {}, is []"),
        (None, 0, "reply: expected None, is 0"),
        (Exactly({"a": {"b": 1}}), {"a": {"b": 1, "c": 2}}, "reply.a.c: 2 is there, and was not expected"),
        (Unordered((1, 1)), [1, 2], "reply: 1 is not among [2]"),
        ({"a": Absent()}, {"a": None}, "reply.a: there is None, and should be nothing"),
        (Id(), "", "reply: expected !id, is ''"),
        (Number(), True, "reply: expected !number, is True"),
        (Pattern("abc"), "abcd", "reply: expected !regex 'abc', is 'abcd'"),
    ],
)
def test_a_difference_is_told_with_its_place(expected: Any, actual: Any, told: str) -> None:
    assert told in differences(expected, actual)


def test_hits_of_equal_rank_are_looked_at_in_the_order_of_their_ids() -> None:
    expected = hits({"_id": "3"}, {"_id": "1"}, {"_id": "2"})
    actual = [{"_id": "3", "_score": 2.0}, {"_id": "2", "_score": 1.00001}, {"_id": "1", "_score": 1.0}]
    assert differences(expected, hits(*actual)) == []
    sorted_by = [{"_id": "3", "sort": [1]}, {"_id": "2", "sort": [2]}, {"_id": "1", "sort": [2]}]
    assert differences(expected, hits(*sorted_by)) == []
    apart = [{"_id": "3", "sort": [1]}, {"_id": "2", "sort": [2]}, {"_id": "1", "sort": [3]}]
    assert differences(expected, hits(*apart)) != []
