"""One scenario, three targets: every YAML file beside this one is played on the embedded engine, on a gateway in front
of a real OpenSearch, and on that OpenSearch alone. The last two need OPENSEARCH_URL."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest
import requests

from ragstone.core.settings import Settings
from ragstone.testing.conformance import Disagreement, Reply, Request, play, read
from ragstone.testing.conformance.scenario import TARGETS
from ragstone.testing.deepseek import ChatRequest, SimulatedDeepSeek
from ragstone.testing.embeddings import HashingRuntime
from ragstone.testing.server import ThreadedServer

SCENARIOS = sorted(Path(__file__).parent.glob("*.yaml"))
KEY = b"all gateways of a cluster share."
"""The master key: the same in every run, for the cluster remembers which one it was."""
TRUSTED = {"plugins.ml_commons.trusted_connector_endpoints_regex": [r"^https://api\.deepseek\.com/.*$"]}


class ScriptedChat:
    """The chat model of the scenario that is played: a simulated DeepSeek."""

    def __init__(self, deepseek: SimulatedDeepSeek) -> None:
        self.deepseek = deepseek
        self._answers: list[str] = []
        deepseek.answer = self._answer

    def will_answer(self, answers: list[str]) -> None:
        self._answers = answers

    def last_request(self) -> Any:
        return self.deepseek.requests[-1].body if self.deepseek.requests else None

    def _answer(self, request: ChatRequest) -> str:
        return self._answers.pop(0) if self._answers else "(the scenario has no more answers)"


class Server:
    """A client of one server."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def __call__(self, request: Request) -> Reply:
        headers = {"Content-Type": request.content_type} if request.content is not None else {}
        reply = self._session.request(
            request.method, self._url + request.target, data=request.content, headers=headers, timeout=60
        )
        return Reply(reply.status_code, {name.lower(): value for name, value in reply.headers.items()}, reply.content)

    def close(self) -> None:
        self._session.close()


Open = Callable[[str], Server]


@pytest.fixture(scope="session")
def chat() -> Iterator[ScriptedChat]:
    with SimulatedDeepSeek() as deepseek:
        yield ScriptedChat(deepseek)


@pytest.fixture(scope="session")
def opened(chat: ScriptedChat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Opens a target, each once; what cannot be opened here is skipped."""
    servers: dict[str, Server] = {}
    with ExitStack() as stack:

        def ours(**settings: Any) -> str:
            folder = tmp_path_factory.mktemp("node")
            (folder / "keys").mkdir()
            (folder / "keys" / "master.key").write_bytes(KEY)
            node = Settings(
                port=0,
                data=folder / "data",
                keys=folder / "keys",
                node_name="node",
                cluster_settings=TRUSTED,
                **settings,
            )
            server = ThreadedServer(node, transport=chat.deepseek.transport(), embeddings=HashingRuntime())
            return stack.enter_context(server).url

        def url_of(target: str) -> str:
            if target == "embedded":
                return ours()
            cluster = os.environ.get("OPENSEARCH_URL")
            if not cluster:
                pytest.skip("needs a real OpenSearch: set OPENSEARCH_URL, or use `make conformance`")
            if target == "bare":
                return cluster
            user, password, address = _taken_apart(cluster)
            gateway = ours(engine="opensearch", cluster=(address,), cluster_user=user, cluster_password=password)
            # the caller's own name and password go on to the cluster
            return gateway.replace("//", f"//{cluster.partition('//')[2].rpartition('@')[0]}@") if user else gateway

        def opened(target: str) -> Server:
            if target not in servers:
                servers[target] = Server(url_of(target))
                stack.callback(servers[target].close)
            return servers[target]

        yield opened


def _taken_apart(url: str) -> tuple[str | None, str | None, str]:
    """User, password, and the URL without them."""
    parts = urlsplit(url)
    address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return parts.username and unquote(parts.username), parts.password and unquote(parts.password), address


@pytest.fixture
def undisturbed(target: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """While a gateway is tried, no test begins that wants its cluster for itself."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with Path(shared / "opensearch.lock").open("w") as lock:
        if target == "gateway":
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_reply_is_as_it_is_written(
    path: Path,
    target: str,
    opened: Open,
    chat: ScriptedChat,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("scenario", path.stem)
    record_property("target", target)
    server = opened(target)
    scenario = read(path)
    if target == "bare" and target in scenario.lacks:
        # Which plugins a cluster has is its owner's affair, so nobody minds if it works.
        record_property("verdict", "lacks")
        pytest.skip(f"not for every OpenSearch: {scenario.lacks[target]}")
    try:
        verdict = play(scenario, target, server, chat)
    except Disagreement as disagreement:
        told = str(disagreement)
    else:
        record_property("verdict", verdict.value)
        return
    pytest.fail(told, pytrace=False)  # what was written and what was answered is all there is to see
