"""Shards of documents. The hashes are those of OpenSearch's own Murmur3HashFunction."""

import pytest

from ragstone.engine.embedded.routing import murmur3, routing_shards, shard_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hell", 0x5A0CB7C3),
        ("hello", 0xD7C31989),
        ("hello w", 0x22AB2984),
        ("hello wo", 0xDF0CA123),
        ("hello wor", 0xE7744D61),
    ],
)
def test_murmur3_hashes_utf_16(text: str, expected: int) -> None:
    assert murmur3(text) & 0xFFFFFFFF == expected
    assert -(2**31) <= murmur3(text) < 2**31


def test_documents_go_to_the_shards_of_a_recorded_index() -> None:
    assert [shard_of(id, None, 5) for id in ("1", "2", "3", "4", "5", "6")] == [4, 3, 0, 1, 0, 3]


def test_routing_takes_the_place_of_the_id() -> None:
    assert shard_of("1", "3", 5) == shard_of("3", None, 5) == 0
    assert shard_of("any", None, 1) == 0


@pytest.mark.parametrize(("shards", "expected"), [(1, 1024), (2, 1024), (3, 768), (5, 640), (1024, 2048)])
def test_an_index_has_room_to_be_split_up_to_1024_ways(shards: int, expected: int) -> None:
    assert routing_shards(shards) == expected
