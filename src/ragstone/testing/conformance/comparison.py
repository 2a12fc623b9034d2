"""The one comparator: where a reply is not what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ragstone.testing.conformance.matchers import MATCHERS, Absent, Exactly, Unordered, near


def differences(expected: Any, actual: Any) -> list[str]:
    """Each as a line, with the way to the place; none when the reply agrees.

    An object must have the members that are expected of it, and may have more; a list has as many members, in this
    order. Numbers with a fraction agree within a relative 1e-4; an integer and `1.0` are not the same. Hits of equal
    score (and equal sort values) are looked at in the order of their `_id`.
    """
    return list(_compare(expected, _settled(actual), "reply", exact=False))


def _compare(expected: Any, actual: Any, place: str, exact: bool) -> Iterator[str]:
    if isinstance(expected, Exactly):
        yield from _compare(expected.value, actual, place, exact=True)
    elif isinstance(expected, Unordered):
        yield from _compare_unordered(expected.members, actual, place, exact)
    elif isinstance(expected, MATCHERS):
        if not expected.accepts(actual):
            yield _differs(place, expected, actual)
    elif isinstance(expected, Mapping):
        if isinstance(actual, Mapping):
            yield from _compare_objects(expected, actual, place, exact)
        else:
            yield _differs(place, expected, actual)
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        if isinstance(actual, list) and len(actual) == len(expected):
            for number, (wanted, found) in enumerate(zip(expected, actual, strict=True)):
                yield from _compare(wanted, found, f"{place}[{number}]", exact)
        else:
            yield _differs(place, expected, actual)
    elif not _same(expected, actual):
        yield _differs(place, expected, actual)


def _compare_objects(expected: Mapping[str, Any], actual: Mapping[str, Any], place: str, exact: bool) -> Iterator[str]:
    for key, wanted in expected.items():
        if isinstance(wanted, Absent):
            if key in actual:
                yield f"{place}.{key}: there is {_short(actual[key])}, and should be nothing"
        elif key not in actual:
            yield f"{place}.{key}: missing; expected {_short(wanted)}; there are {sorted(actual)}"
        else:
            yield from _compare(wanted, actual[key], f"{place}.{key}", exact)
    if exact:
        for key in actual.keys() - expected.keys():
            yield f"{place}.{key}: {_short(actual[key])} is there, and was not expected"


def _compare_unordered(expected: Sequence[Any], actual: Any, place: str, exact: bool) -> Iterator[str]:
    if not isinstance(actual, list) or len(actual) != len(expected):
        yield _differs(place, list(expected), actual)
        return
    left = list(actual)
    for wanted in expected:
        found = next((one for one in left if not list(_compare(wanted, one, place, exact))), None)
        if found is None:
            yield f"{place}: {_short(wanted)} is not among {_short(left)}"
        else:
            left.remove(found)


def _same(expected: Any, actual: Any) -> bool:
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, float):
        return near(expected, actual)
    return bool(expected == actual)


def _differs(place: str, expected: Any, actual: Any) -> str:
    return f"{place}: expected {_short(expected)}, is {_short(actual)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:600]}…"


def _settled(reply: Any) -> Any:
    """With hits of equal rank in the order of their ids: which comes first is the chance of shards and segments."""
    if isinstance(reply, dict):
        settled = {key: _settled(value) for key, value in reply.items()}
        hits = settled.get("hits")
        if isinstance(hits, list) and all(isinstance(hit, dict) and "_id" in hit for hit in hits):
            settled["hits"] = _in_order(hits)
        return settled
    if isinstance(reply, list):
        return [_settled(value) for value in reply]
    return reply


def _in_order(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: list[list[dict[str, Any]]] = []
    for hit in hits:
        if groups and _rank_alike(groups[-1][0], hit):
            groups[-1].append(hit)
        else:
            groups.append([hit])
    return [hit for group in groups for hit in sorted(group, key=lambda one: str(one["_id"]))]


def _rank_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one.get("sort") != other.get("sort"):
        return False
    mine, others = one.get("_score"), other.get("_score")
    if mine is None or others is None:
        return mine is others
    return near(mine, others)
