"""A whole node in this process, with a client; a real server on a free port; and a cluster, where there is one."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.security import passwords
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.secrecy import LogWatch, Secrecy
from ragstone.testing.server import ThreadedServer

CLUSTER_INDICES = "books,a,b,my-nlp-index,.ragstone-*,.plugins-ml-*"
"""What tests leave in a cluster."""


class _Watched:
    """What the current test has sealed and hashed, and the data folders of its nodes."""

    secrecy = Secrecy()
    folders: list[Path] = []  # noqa: RUF012  # each test has its own; nodes of a whole module come before the first


@pytest.fixture(scope="session", autouse=True)
def _secrets_are_noticed() -> Iterator[None]:
    """Whatever is sealed or hashed is a secret, whoever made it, but for names: connectors seal all that stands in a
    credential. Short words may stand anywhere by chance."""
    name = re.compile(r"arn:.*|A[KS]IA[A-Z0-9]{16}")

    def noticed(text: str) -> None:
        if len(text) >= 12 and any(character.isdigit() for character in text) and not name.fullmatch(text):
            _Watched.secrecy.secret(text)

    seal, hash_password, begin = MasterKeyEncryptor.seal, passwords.hash_password, Node.__init__

    def sealing(self: MasterKeyEncryptor, text: str, context: str) -> str:
        noticed(text)
        return seal(self, text, context)

    def hashing(password: str) -> str:
        noticed(password)
        return hash_password(password)

    def beginning(self: Node, settings: Settings, **further: Any) -> None:
        _Watched.folders.append(settings.data)
        begin(self, settings, **further)

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(MasterKeyEncryptor, "seal", sealing)
        patches.setattr(passwords, "hash_password", hashing)
        patches.setattr(Node, "__init__", beginning)
        yield


@pytest.fixture(autouse=True)
def _no_secret_is_left_lying_about(_secrets_are_noticed: None) -> Iterator[None]:
    """After each test, no secret that it used stands in its data folders or in what it logged."""
    secrecy, folders = Secrecy(), list[Path]()
    _Watched.secrecy, _Watched.folders = secrecy, folders
    handler, logger = LogWatch(secrecy), logging.getLogger("ragstone")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    if secrecy.secrets:
        for folder in folders:
            # In `keys` are the master key and the password that was made up: it belongs in no backup of the rest.
            for part in folder.iterdir() if folder.is_dir() else ():
                if part.name != "keys":
                    secrecy.folder(part)
        assert secrecy.leaks() == []


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
