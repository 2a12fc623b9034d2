from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ragstone.core import json
from ragstone.engine.values import StoredDocument
from ragstone.migration.fields import Fields
from ragstone.migration.tally import Tally, content_hash, tally_of

PLAIN = Fields.of({})
VECTORS = Fields.of(
    {
        "properties": {
            "v": {"type": "knn_vector", "dimension": 2},
            "parts": {"type": "nested", "properties": {"v": {"type": "knn_vector", "dimension": 2}}},
        }
    }
)


def stored(id: str, source: Any, version: int = 1, routing: str | None = None) -> StoredDocument:
    return StoredDocument(id, json.encode(source), version, 0, 1, routing)


@given(st.permutations([stored(str(n), {"n": n}) for n in range(8)]), st.integers(0, 8))
def test_order_and_pages_make_no_difference(documents: list[StoredDocument], cut: int) -> None:
    whole, _ = tally_of([stored(str(n), {"n": n}) for n in range(8)], PLAIN, None)
    assert tally_of(documents[:cut], PLAIN, None)[0] + tally_of(documents[cut:], PLAIN, None)[0] == whole


def test_names_in_another_order_and_other_spaces_are_the_same_document() -> None:
    one = content_hash("1", b'{"a":1,"b":{"c":2,"d":[{"e":1,"f":2}]}}', PLAIN)
    assert one == content_hash("1", b'{ "b" : {"d":[{"f":2,"e":1}],"c":2}, "a" : 1 }', PLAIN)


def test_other_ids_values_versions_and_routings_show() -> None:
    def tally(*documents: StoredDocument) -> Tally:
        return tally_of(documents, PLAIN, None)[0]

    one = tally(stored("1", {"a": 1}))
    assert not one.agrees(tally(stored("2", {"a": 1})))
    assert not one.agrees(tally(stored("1", {"a": 2})))
    assert not one.agrees(tally(stored("1", {"a": 1}, version=2)))
    assert not one.agrees(tally(stored("1", {"a": 1}, routing="x")))
    assert not one.agrees(tally(stored("1", {"a": 1}), stored("1", {"a": 1})))


def test_vectors_count_as_the_32_bit_floats_that_an_index_keeps() -> None:
    given, shown = b'{"v":[0.123456789,1],"parts":[{"v":[2,3]}]}', b'{"v":[0.12345679,1.0],"parts":[{"v":[2.0,3.0]}]}'
    assert content_hash("1", given, VECTORS) == content_hash("1", shown, VECTORS)
    assert content_hash("1", given, PLAIN) != content_hash("1", shown, PLAIN)
    assert content_hash("1", b'{"v":[0.1234,1]}', VECTORS) != content_hash("1", b'{"v":[0.1235,1]}', VECTORS)


def test_what_is_no_vector_where_one_should_be_is_counted_as_it_is() -> None:
    hashes = {content_hash("1", source, VECTORS) for source in (b'{"v":null}', b'{"v":"AAAA"}', b'{"v":[null]}')}
    assert len(hashes) == 3


def test_a_tally_outlives_being_written_down() -> None:
    tally, _ = tally_of([stored("1", {"a": 2**70})], PLAIN, None)
    assert Tally.from_json(json.decode(json.encode(tally.to_json()))) == tally
