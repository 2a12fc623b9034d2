"""What the cluster can do: the processors its nodes know, and whether it has hybrid queries."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.core.clock import Clock
from ragstone.engine.api import ClusterApi

_FRESH = 60.0
"""Seconds: plugins come and go with restarts of nodes."""
_TARGET = (
    "/_nodes/ingest,search_pipelines,plugins"
    "?filter_path=nodes.*.ingest.processors,nodes.*.search_pipelines,nodes.*.plugins.name"
)
_SEARCH = ("request_processors", "response_processors")


@dataclass(frozen=True)
class ClusterFeatures:
    """What every node of the cluster knows."""

    ingest: frozenset[str]
    search: frozenset[str]
    """Request and response processors."""
    plugins: frozenset[str]


class ClusterCatalogue:
    """Asked once a minute at most; the first time when the gateway starts."""

    def __init__(self, api: ClusterApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._known: tuple[float, ClusterFeatures] | None = None

    async def features(self) -> ClusterFeatures:
        """Raises what the cluster answers when it can't say."""
        now = self._clock.monotonic()
        if self._known is None or now - self._known[0] > _FRESH:
            self._known = now, await self._ask()
        return self._known[1]

    @property
    def known(self) -> ClusterFeatures:
        """What it said last."""
        assert self._known is not None, "asked at the start"
        return self._known[1]

    async def _ask(self) -> ClusterFeatures:
        answer = await self._api.call("GET", _TARGET, as_service=True)
        nodes = list((answer or {}).get("nodes", {}).values())
        return ClusterFeatures(
            ingest=_common([_types(node.get("ingest", {}), ("processors",)) for node in nodes]),
            search=_common([_types(node.get("search_pipelines", {}), _SEARCH) for node in nodes]),
            plugins=_common([{plugin["name"] for plugin in node.get("plugins", [])} for node in nodes]),
        )


def _types(node: dict[str, list[dict[str, str]]], groups: tuple[str, ...]) -> set[str]:
    return {entry["type"] for group in groups for entry in node.get(group, [])}


def _common(sets: list[set[str]]) -> frozenset[str]:
    return frozenset(set.intersection(*sets)) if sets else frozenset()
