"""Health of a cluster of one node: primaries are here unless they are damaged, replicas have nowhere to go.

Pure: numbers out of a `Metadata` picture. Closed indices keep their shards, as in OpenSearch.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Literal

from ragstone.core.xcontent import JsonObject
from ragstone.engine.values import IndexMetadata

Status = Literal["green", "yellow", "red"]
_ORDER: tuple[Status, ...] = ("green", "yellow", "red")


@dataclass(frozen=True)
class ShardCounts:
    """Shards of some indices, counting every copy."""

    primaries: int
    """Those that can be used."""
    replicas: int
    lost: int = 0
    """Primaries that can not."""

    @classmethod
    def of(cls, indices: Iterable[IndexMetadata], unavailable: Container[str]) -> ShardCounts:
        """`unavailable`: names of indices that cannot be used."""
        primaries = replicas = lost = 0
        for index in indices:
            if index.name in unavailable:
                lost += index.number_of_shards
            else:
                primaries += index.number_of_shards
            replicas += index.number_of_shards * index.number_of_replicas
        return cls(primaries, replicas, lost)

    @property
    def status(self) -> Status:
        return "red" if self.lost else "yellow" if self.replicas else "green"

    @property
    def unassigned(self) -> int:
        return self.replicas + self.lost

    @property
    def active_percent(self) -> float:
        """Copies that are here of all that are wanted; 100 when there are no shards."""
        wanted = self.primaries + self.unassigned
        return 100.0 * self.primaries / wanted if wanted else 100.0

    def to_json(self) -> JsonObject:
        return {
            "active_primary_shards": self.primaries,
            "active_shards": self.primaries,
            "relocating_shards": 0,
            "initializing_shards": 0,
            "unassigned_shards": self.unassigned,
        }


def reached(status: Status, wanted: Status) -> bool:
    """Whether `status` is as good as `wanted`, or better."""
    return _ORDER.index(status) <= _ORDER.index(wanted)


def index_health(index: IndexMetadata, unavailable: Container[str], *, shards: bool) -> JsonObject:
    """One entry of `indices`; with `shards` for level `shards`."""
    counts = ShardCounts.of([index], unavailable)
    body: JsonObject = {
        "status": counts.status,
        "number_of_shards": index.number_of_shards,
        "number_of_replicas": index.number_of_replicas,
        **counts.to_json(),
    }
    if shards:
        here = 0 if index.name in unavailable else 1
        one = ShardCounts(here, index.number_of_replicas, 1 - here)
        numbers = one.to_json()
        del numbers["active_primary_shards"]
        body["shards"] = {
            str(shard): {"status": one.status, "primary_active": bool(here), **numbers}
            for shard in range(index.number_of_shards)
        }
    return body


def cluster_health(
    cluster_name: str, counts: ShardCounts, everything: ShardCounts, *, missing: bool, timed_out: bool
) -> JsonObject:
    """The whole answer at level `cluster`.

    `counts` are of the indices asked for, `everything` of the whole cluster, which the percentage is of. `missing`:
    an index that was asked for by name does not exist, which is red.
    """
    return {
        "cluster_name": cluster_name,
        "status": "red" if missing else counts.status,
        "timed_out": timed_out,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "discovered_master": True,
        "discovered_cluster_manager": True,
        **counts.to_json(),
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": everything.active_percent,
    }
