from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core.errors import OpenSearchException
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.slices import Slice, parse_slice


def ranges(part: Slice) -> list[tuple[int, int]]:
    query = part.query()
    assert isinstance(query, BoolQuery)
    found = [(one.low, one.high) for one in query.should if isinstance(one, RangeQuery)]
    assert len(found) == len(query.should)
    return found


@pytest.mark.parametrize("parts", [2, 3, 7, 1000])
def test_every_operation_is_in_one_slice_alone(parts: int) -> None:
    whole = sorted(found for id in range(parts) for found in ranges(Slice(id, parts)))
    assert whole[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(whole))
    assert whole[-1][1] > 10**12


@pytest.mark.parametrize("count", [12, 3000])
def test_slices_are_about_equally_large(count: int) -> None:
    sizes = [sum(max(0, min(high, count) - low) for low, high in ranges(Slice(id, 3))) for id in range(3)]
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= max(count / 4, 4)


@pytest.mark.parametrize(
    ("body", "reason", "cause"),
    [
        ({"id": 0, "max": 1}, "[slice] failed to parse field [max]", "max must be greater than 1"),
        ({"id": -1, "max": 2}, "[slice] failed to parse field [id]", "id must be greater than or equal to 0"),
        ({"id": 2, "max": 2}, "[slice] failed to parse field [max]", "max must be greater than id"),
        ({"max": 2, "id": 2}, "[slice] failed to parse field [id]", "max must be greater than id"),
        ({"id": "x", "max": 2}, "[slice] failed to parse field [id]", 'For input string: "x"'),
        ({"id": 0, "max": 2, "y": 1}, "[slice] unknown field [y]", None),
        ({"id": 0}, "[slice] must have [id] and [max]", None),
        ({"id": 0, "max": 2, "field": "n"}, "[slice by a field] is not supported by Ragstone yet", None),
    ],
)
def test_what_is_no_slice_is_told_so(body: Any, reason: str, cause: str | None) -> None:
    with pytest.raises(OpenSearchException) as fault:
        parse_slice(body)
    assert fault.value.status == 400
    assert (fault.value.reason, fault.value.cause and fault.value.cause.reason) == (reason, cause)
