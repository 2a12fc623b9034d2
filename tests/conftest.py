"""A whole node in this process, with a client; and a real server on a free port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.server import ThreadedServer


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
