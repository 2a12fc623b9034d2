"""What becomes of weights. Messages are those of a recorded OpenSearch 3.4.0."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core.errors import OpenSearchException, error_cause
from ragstone.engine.embedded.mapper.rank_features import prefix_of, weight_of
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings


def mapper(**options: Any) -> Mapper:
    return Mapper.parse({"properties": {"s": {"type": "rank_features", **options}}}, IndexSettings({}))


PLAIN = mapper()


def weights(source: Any, plain: Mapper = PLAIN) -> dict[str, float]:
    """The sums of what is filed for each word."""
    values = plain.parse_document("1", json.dumps({"s": source}).encode()).values
    found: dict[str, float] = {}
    for term in values.get("s._features", []):
        word = str(term).partition("\0")[0]
        assert str(term).startswith(prefix_of(word))
        found[word] = found.get(word, 0.0) + weight_of(str(term))
    return found


def test_weights_keep_nine_bits() -> None:
    assert weights({"a": 0.57605183, "b": 0.1, "c": 1}) == {"a": 0.57421875, "b": 0.0998535156250, "c": 1.0}
    assert weights({"a": "1.5", "x.y": 2, "n": None}) == {"a": 1.5, "x.y": 2.0}
    assert weights([{"a": 1}, {"b": 2}]) == {"a": 1.0, "b": 2.0}
    assert weights({}) == {}


@given(st.floats(min_value=2.0**-120, max_value=2.0**120, width=32))
def test_what_is_kept_is_the_number_without_its_low_bits(weight: float) -> None:
    bits = struct.unpack("<I", struct.pack("<f", weight))[0] >> 15 << 15
    assert weights({"a": weight}) == {"a": struct.unpack("<f", struct.pack("<I", bits))[0]}


def test_a_weight_may_count_against() -> None:
    inverted = mapper(positive_score_impact=False)
    assert weights({"a": 4}, inverted) == {"a": 0.25}
    assert inverted.to_json() == {"properties": {"s": {"type": "rank_features", "positive_score_impact": False}}}


@pytest.mark.parametrize(
    ("source", "type", "reason"),
    [
        (
            {"a": -1},
            "illegal_argument_exception",
            "featureValue must be a positive normal float, got: -1.0 for feature a on field s which is less than the "
            "minimum positive normal float: 1.1754944E-38",
        ),
        (
            {"a": 0},
            "illegal_argument_exception",
            "featureValue must be a positive normal float, got: 0.0 for feature a on field s which is less than the "
            "minimum positive normal float: 1.1754944E-38",
        ),
        (
            {"a": 1e39},
            "illegal_argument_exception",
            "featureValue must be finite, got: Infinity for feature a on field s",
        ),
        (
            5,
            "illegal_argument_exception",
            "[rank_features] fields must be json objects, expected a START_OBJECT but got: VALUE_NUMBER",
        ),
        (
            None,
            "illegal_argument_exception",
            "[rank_features] fields must be json objects, expected a START_OBJECT but got: VALUE_NULL",
        ),
        ({"a": "x"}, "number_format_exception", 'For input string: "x"'),
        (
            {"a": [1, 2]},
            "illegal_argument_exception",
            "[rank_features] fields take hashes that map a feature to a strictly positive float, but got unexpected "
            "token START_ARRAY",
        ),
        (
            {"a": True},
            "illegal_argument_exception",
            "[rank_features] fields take hashes that map a feature to a strictly positive float, but got unexpected "
            "token VALUE_BOOLEAN",
        ),
        (
            [{"a": 1}, {"a": 2}],
            "illegal_argument_exception",
            "[rank_features] fields do not support indexing multiple values for the same rank feature [s.a] in the "
            "same document",
        ),
    ],
)
def test_values_that_are_no_weights_fail_the_document(source: Any, type: str, reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        weights(source)
    assert error_cause(caught.value) == {
        "type": "mapper_parsing_exception",
        "reason": "failed to parse",
        "caused_by": {"type": type, "reason": reason},
    }
