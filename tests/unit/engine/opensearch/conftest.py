"""A real cluster, where there is one; and a fake one that a test tells what to answer."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import requests

from ragstone.engine.opensearch.client import ClusterClient
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import ScriptedCluster

INDICES = "books,a,b,.ragstone-records,.ragstone-probe"
"""What the tests leave in a cluster."""


@pytest.fixture
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the cluster in OPENSEARCH_URL, for one test at a time. It belongs to the tests: what they use in it is
    deleted before each."""
    url = os.environ.get("OPENSEARCH_URL")
    if not url:
        pytest.skip("needs a cluster of its own: set OPENSEARCH_URL")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with Path(shared / "opensearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        requests.delete(f"{url}/{INDICES}?ignore_unavailable=true", timeout=60).raise_for_status()
        yield url.rstrip("/")


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
