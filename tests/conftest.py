"""A whole node in this process, with a client; a real server on a free port; and a cluster, where there is one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import requests

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.server import ThreadedServer

CLUSTER_INDICES = "books,a,b,my-nlp-index,.ragstone-*,.plugins-ml-*"
"""What tests leave in a cluster."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(port=0, data=tmp_path / "data", node_name="test-node", cluster_name="test-cluster")


@pytest.fixture
async def node(settings: Settings) -> AsyncIterator[Node]:
    async with Node(settings) as node:
        yield node


@pytest.fixture
async def client(node: Node) -> AsgiClient:
    """`await client("GET /_cluster/health")`."""
    return AsgiClient(node.app)


@pytest.fixture
def server(settings: Settings) -> Iterator[str]:
    """The URL of a real server on the loopback interface; it runs in a thread of its own."""
    with ThreadedServer(settings) as server:
        yield server.url


@pytest.fixture
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the cluster in OPENSEARCH_URL, for one test at a time. It belongs to the tests: what they use in it is
    deleted before and after each."""
    url = os.environ.get("OPENSEARCH_URL")
    if not url:
        pytest.skip("needs a cluster of its own: set OPENSEARCH_URL")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with Path(shared / "opensearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        left = f"{url}/{CLUSTER_INDICES}?ignore_unavailable=true"
        requests.delete(left, timeout=60).raise_for_status()
        yield url.rstrip("/")
        # With them goes the id of the test's master key, which other tests' gateways have not got.
        requests.delete(left, timeout=60).raise_for_status()
