"""Documents that requests refer to."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.errors import ParsingException
from ragstone.gateway.lookups import indices_looked_up

LOOKUP: dict[str, Any] = {"terms": {"user": {"index": "people", "id": "1", "path": "names"}}}


@pytest.mark.parametrize(
    ("tree", "indices"),
    [
        ({"query": LOOKUP}, ["people"]),
        ({"query": {"terms": {"user": {"index": "people", "query": {"match_all": {}}, "path": "x"}}}}, ["people"]),
        ({"aggs": {"a": {"filter": {"bool": {"must": [LOOKUP]}}}}}, ["people"]),
        ({"query": {"more_like_this": {"like": [{"_index": "people", "_id": "1"}, "text"]}}}, ["people"]),
        ({"query": {"percolate": {"field": "q", "index": "people", "id": "1"}}}, ["people"]),
        ({"query": {"geo_shape": {"at": {"indexed_shape": {"id": "1"}}}}}, ["shapes"]),
        ({"query": {"wrapper": {"query": base64.b64encode(json.encode(LOOKUP)).decode()}}}, ["people"]),
        ({"training_index": "people"}, ["people"]),
        ({"query": {"match": {"index": "people"}}, "size": 1}, []),
        ([1, None, "index"], []),
    ],
)
def test_what_is_looked_up_is_found_wherever_it_stands(tree: Any, indices: list[str]) -> None:
    assert list(indices_looked_up(tree)) == indices


@pytest.mark.parametrize("text", ["?", base64.b64encode(b"{").decode()])
def test_a_wrapper_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ParsingException, match="wrapper"):
        list(indices_looked_up({"wrapper": {"query": text}}))
