"""How the less common types are found, as recorded OpenSearch behaviour has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MAPPINGS = {
    "properties": {
        "fl": {"type": "flat_object"},
        "ip": {"type": "ip"},
        "bin": {"type": "binary"},
        "w": {"type": "wildcard"},
        "ck": {"type": "constant_keyword", "value": "fixed"},
        "k": {"type": "keyword"},
        "al": {"type": "alias", "path": "k"},
        "mot": {"type": "match_only_text"},
        "len": {"type": "token_count", "analyzer": "standard"},
        "u": {"type": "unsigned_long"},
        "s": {"type": "scaled_float", "scaling_factor": 10},
        "d": {"type": "date"},
    }
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "1": {
        "fl": {"a": {"b": "deep"}, "n": 5, "l": ["p", "q"]},
        "ip": "10.0.0.5",
        "bin": "aGVsbG8=",
        "w": "The quick brown fox",
        "k": "kv",
        "mot": "quick brown",
        "len": "three little words",
        "u": 18446744073709551615,
        "s": 1.26,
        "d": "2024-02-29T12:00:00+02:00",
    },
    "2": {"fl": {"a": "other"}, "ip": "2001:db8::1", "w": "lazy dog", "u": 3, "s": 2.5, "d": "2024"},
}


@pytest.fixture
def corpus(new_corpus: Callable[..., Any]) -> Any:
    made = new_corpus(MAPPINGS)
    for id, source in DOCUMENTS.items():
        made.put(id, source)
    return made


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"term": {"fl.a.b": "deep"}}, "1"),
        ({"term": {"fl": "deep"}}, "1"),
        ({"term": {"fl.n": "5"}}, "1"),
        ({"term": {"fl.n": 5}}, "1"),
        ({"term": {"fl.a": "deep"}}, ""),
        ({"exists": {"field": "fl.a"}}, "2"),
        ({"exists": {"field": "fl"}}, "12"),
        ({"prefix": {"fl.l": "p"}}, "1"),
        ({"wildcard": {"fl.a": "*th*"}}, "2"),
        ({"term": {"ip": "10.0.0.0/8"}}, "1"),
        ({"terms": {"ip": ["10.0.0.0/8", "2001:db8::1"]}}, "12"),
        ({"term": {"ip": "2001:db8::1"}}, "2"),
        ({"range": {"ip": {"gte": "10.0.0.0", "lte": "10.0.0.255"}}}, "1"),
        ({"wildcard": {"w": "*quick*"}}, "1"),
        ({"term": {"w": "lazy dog"}}, "2"),
        ({"term": {"ck": "fixed"}}, "12"),
        ({"term": {"ck": "other"}}, ""),
        ({"term": {"al": "kv"}}, "1"),
        ({"exists": {"field": "al"}}, "1"),
        ({"match": {"mot": "quick"}}, "1"),
        ({"exists": {"field": "bin"}}, ""),
        ({"term": {"len": 3}}, "1"),
        ({"term": {"u": 18446744073709551615}}, "1"),
        ({"range": {"u": {"lt": 18446744073709551615}}}, "2"),
        ({"term": {"s": 1.3}}, "1"),
        ({"range": {"s": {"gte": 1.31}}}, "2"),
        ({"term": {"d": "2024-02-29"}}, "1"),
        ({"term": {"d": "2024-02||/M"}}, "1"),
        ({"terms": {"d": ["2024", "2024-02-29"]}}, "12"),
        ({"range": {"d": {"lte": "2024"}}}, "2"),
        ({"range": {"d": {"gte": "2024-01-01", "lt": "2024-01-01||+1M"}}}, "2"),
    ],
)
def test_types_are_found_as_recorded(corpus: Any, query: dict[str, Any], ids: str) -> None:
    assert sorted(corpus.ids(query)) == list(ids)
