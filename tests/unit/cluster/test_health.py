"""Health of one node: a replica has nowhere to go."""

from ragstone.cluster.health import ShardCounts, cluster_health, index_health, reached
from ragstone.engine.values import IndexMetadata


def index(name: str, shards: int, replicas: int) -> IndexMetadata:
    settings = {"index.number_of_shards": str(shards), "index.number_of_replicas": str(replicas)}
    return IndexMetadata(name, "u", settings, {}, {}, 0)


def test_a_wanted_replica_is_unassigned_and_makes_it_yellow() -> None:
    counts = ShardCounts.of([index("a", 3, 0), index("b", 1, 1)], {})
    assert (counts.status, counts.primaries, counts.replicas, counts.active_percent) == ("yellow", 4, 1, 80.0)


def test_an_empty_cluster_is_green_and_whole() -> None:
    nothing = ShardCounts.of([], {})
    assert (nothing.status, nothing.active_percent) == ("green", 100.0)


def test_a_damaged_index_is_red_and_counts_as_unassigned() -> None:
    counts = ShardCounts.of([index("a", 3, 1), index("b", 1, 0)], {"a": "unreadable"})
    assert (counts.status, counts.primaries, counts.unassigned) == ("red", 1, 6)
    body = index_health(index("a", 2, 0), {"a": "unreadable"}, shards=True)
    assert (body["status"], body["active_shards"], body["shards"]["0"]["primary_active"]) == ("red", 0, False)


def test_levels() -> None:
    body = index_health(index("a", 2, 1), {}, shards=True)
    assert (body["status"], body["unassigned_shards"]) == ("yellow", 2)
    assert body["shards"]["1"] == {
        "status": "yellow",
        "primary_active": True,
        "active_shards": 1,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 1,
    }
    assert "shards" not in index_health(index("a", 2, 1), {}, shards=False)


def test_a_missing_index_is_red() -> None:
    body = cluster_health("c", ShardCounts(0, 0), ShardCounts(4, 1), missing=True, timed_out=True)
    assert (body["status"], body["timed_out"], body["active_shards_percent_as_number"]) == ("red", True, 80.0)


def test_better_than_wanted_is_good() -> None:
    assert reached("green", "yellow")
    assert not reached("yellow", "green")
