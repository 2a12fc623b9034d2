"""A fake cluster that a test tells what to answer. `opensearch`, a real one, is everybody's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ragstone.engine.opensearch.client import ClusterClient
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import ScriptedCluster


@pytest.fixture
async def cluster() -> AsyncIterator[ScriptedCluster]:
    """A fake one."""
    async with ScriptedCluster().running() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_000.0)


@pytest.fixture
async def client(cluster: ScriptedCluster, clock: ManualClock) -> AsyncIterator[ClusterClient]:
    """Of the fake cluster."""
    opened = ClusterClient([cluster.url], clock)
    yield opened
    await opened.close()
