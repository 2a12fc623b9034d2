"""`fields` of hits."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.search.fields import field_values

MAPPINGS = {
    "properties": {
        "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "published": {"type": "date"},
        "price": {"type": "double"},
        "stock": {"type": "boolean"},
        "o": {"properties": {"n": {"type": "integer"}}},
        "kept": {"type": "object", "enabled": False},
    }
}


@pytest.mark.parametrize(
    ("patterns", "source", "expected"),
    [
        (["title"], {"title": "A"}, {"title": ["A"]}),
        (["title*"], {"title": ["A", "B"]}, {"title": ["A", "B"], "title.raw": ["A", "B"]}),
        (["nope", "_id"], {"nope": 1}, {}),
        (["title"], {"title": None}, {}),
        (["title"], {"title": 5}, {"title": ["5"]}),
        (["pub*"], {"published": "1998-03-04"}, {"published": ["1998-03-04T00:00:00.000Z"]}),
        (["published"], {"published": 888969600000}, {"published": ["1998-03-04T00:00:00.000Z"]}),
        (["published"], {"published": "1998-03-04T01:00:00+01:00"}, {"published": ["1998-03-04T00:00:00.000Z"]}),
        (["p*ce", "stock"], {"price": "12.5", "stock": "true"}, {"price": [12.5], "stock": [True]}),
        (["o.*"], {"o": [{"n": 1}, {"n": "2"}, {}]}, {"o.n": [1, 2]}),
        (["o.n"], {"o.n": 3}, {"o.n": [3]}),
        (["*"], {"kept": {"x": 1}}, {}),
    ],
)
def test_values_come_from_the_document_as_the_mapping_reads_them(
    patterns: list[str], source: Any, expected: Any
) -> None:
    assert field_values(MAPPINGS, patterns, source) == expected
