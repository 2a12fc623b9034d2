"""A node whose remote models are a scripted provider and whose local models need no weights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core.clock import Deadline
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.api import HttpRequest, HttpResponse
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.embeddings import HashingRuntime

TRUSTED = [r"^http://models\.test/.*$"]


class ScriptedProvider:
    """An HttpTransport that answers what `answer` says: by default the body it received."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.answer: HttpResponse | None = None

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.requests.append(request)
        return self.answer or HttpResponse(200, {}, request.body or b"{}")

    async def close(self) -> None: ...


class Ml:
    """What most tests do first."""

    def __init__(self, client: AsgiClient) -> None:
        self.client = client
        self._changed: set[str] = set()

    async def connector(self, request_body: str | None = '{"m":1}', **members: Any) -> str:
        action = {"action_type": "predict", "method": "POST", "url": "http://models.test/v1"}
        if request_body is not None:
            action["request_body"] = request_body
        body = {
            "name": "c",
            "version": "1",
            "protocol": "http",
            "credential": {"key": "sk-very-secret"},
            "actions": [{**action, **members.pop("action", {})}],
            **members,
        }
        answer = await self.client("POST /_plugins/_ml/connectors/_create", body)
        assert answer.status == 200, answer.text
        return str(answer.json["connector_id"])

    async def model(self, name: str = "m", **members: Any) -> str:
        if "connector" not in members and "connector_id" not in members:
            members["connector_id"] = await self.connector()
        body = {"name": name, "function_name": "remote", **members}
        answer = await self.client("POST /_plugins/_ml/models/_register", body)
        assert answer.status == 200, answer.text
        return str(answer.json["model_id"])

    async def done(self, task_id: str) -> dict[str, Any]:
        """The task once it is over."""
        while True:
            task = (await self.client(f"GET /_plugins/_ml/tasks/{task_id}")).json
            if task["state"] in ("COMPLETED", "FAILED"):
                return dict(task)

    @staticmethod
    def fault(answer: Answer) -> tuple[int, str, str]:
        """Status, type and reason of a refused request."""
        return answer.status, answer.json["error"]["type"], answer.json["error"]["reason"]

    async def settings(self, **values: Any) -> Any:
        named = {f"plugins.ml_commons.{name.replace('__', '.')}": value for name, value in values.items()}
        self._changed |= named.keys()
        return await self.client("PUT /_cluster/settings", {"persistent": named})

    async def reset(self) -> None:
        if self._changed:
            await self.client("PUT /_cluster/settings", {"persistent": dict.fromkeys(self._changed)})


@pytest.fixture(scope="module")
def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """For a node of a test's own."""
    return _settings(tmp_path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory, provider: ScriptedProvider) -> AsyncIterator[Node]:
    """One node for a whole module: making indices takes longer than most tests here."""
    settings = _settings(tmp_path_factory.mktemp("node"))
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        yield node


@pytest.fixture
def client(node: Node) -> AsgiClient:
    return AsgiClient(node.app)


@pytest_asyncio.fixture(loop_scope="module")
async def ml(client: AsgiClient, provider: ScriptedProvider) -> AsyncIterator[Ml]:
    """Settings and the provider's script are as before when a test is over."""
    ml = Ml(client)
    yield ml
    await ml.reset()
    provider.requests.clear()
    provider.answer = None


def _settings(folder: Path) -> Settings:
    trusted = {"plugins.ml_commons.trusted_connector_endpoints_regex": TRUSTED}
    return Settings(port=0, data=folder / "data", node_name="test-node", cluster_settings=trusted)
