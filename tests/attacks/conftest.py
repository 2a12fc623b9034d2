"""A node to attack, with everything watched: after each module, no secret that its tests used may be found in a file,
a log, an output or an answer."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.api import HttpRequest, HttpResponse
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration
from ragstone.providers.identity.store import IdentityStore
from ragstone.providers.secrets.keystore import Keystore
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.clock import ManualClock
from ragstone.testing.secrecy import LogWatch, Secrecy

ML = "/_plugins/_ml"


@pytest.fixture(scope="module")
def secrecy() -> Iterator[Secrecy]:
    watched = Secrecy()
    handler, logger = LogWatch(watched), logging.getLogger("ragstone")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield watched
    logger.removeHandler(handler)
    logger.setLevel(before)
    assert watched.leaks() == []


@pytest.fixture(autouse=True)
def _watched(secrecy: Secrecy, settings: Settings, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    secrecy.folder(settings.data)
    secrecy.told("output", "".join(capfd.readouterr()))


class Provider:
    """An HttpTransport to a provider that takes the keys in `keys`, or everybody's when there are none, and repeats
    the key that it refuses."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.keys: set[str] = set()

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.requests.append(request)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.keys and given not in self.keys:
            return HttpResponse(401, {}, f'{{"error": "the key {given} is no good"}}'.encode())
        return HttpResponse(200, {}, b'{"ok": true}')

    async def close(self) -> None: ...


class Target:
    """A node, its administrators' tools, and what it has told."""

    def __init__(
        self, client: AsgiClient, provider: Provider, settings: Settings, secrecy: Secrecy, clock: ManualClock
    ) -> None:
        self._client = client
        self._secrecy = secrecy
        self.provider = provider
        self.clock = clock
        encryptor, ids = MasterKeyEncryptor(settings.keys_folder), IdGenerator()
        self.admin = Administration(IdentityStore(settings.data), encryptor, clock, ids)
        self.vault = Keystore(settings.data, encryptor, clock, ids)

    async def __call__(self, target: str, body: Any = None, **more: Any) -> Answer:
        """What is answered is told: AssumeRole is nothing for this."""
        answer = await self._client(target, body, **more)
        self._secrecy.told(target, f"{answer.text} {dict(answer.headers)}")
        return answer

    async def trust(self, *patterns: str, **more: Any) -> None:
        settings = {"trusted_connector_endpoints_regex": list(patterns), **more}
        named = {f"plugins.ml_commons.{name.replace('__', '.')}": value for name, value in settings.items()}
        assert (await self("PUT /_cluster/settings", {"persistent": named})).status == 200

    async def create(self, credential: dict[str, str], **members: Any) -> Answer:
        action = {
            "action_type": "predict",
            "method": "POST",
            "url": "https://models.test/v1",
            "headers": {"Authorization": "Bearer ${credential.key}"},
            "request_body": '{"prompt": "${parameters.prompt:-}"}',
            **members.pop("action", {}),
        }
        body = {
            "name": "c",
            "version": "1",
            "protocol": "http",
            "credential": credential,
            "client_config": {"max_retry_times": 0},
            "actions": [action],
            **members,
        }
        return await self(f"POST {ML}/connectors/_create", body)

    async def model(self, credential: dict[str, str], **members: Any) -> str:
        made = await self.create(credential, **members)
        assert made.status == 200, made.text
        body = {"name": "m", "function_name": "remote", "connector_id": made.json["connector_id"]}
        return str((await self(f"POST {ML}/models/_register?deploy=true", body)).json["model_id"])

    async def predict(self, model: str, **parameters: Any) -> Answer:
        return await self(f"POST {ML}/models/{model}/_predict?error_trace=true", {"parameters": parameters})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(float(int(SystemClock().now())))  # signatures know whole seconds


@pytest_asyncio.fixture
async def target(settings: Settings, secrecy: Secrecy, clock: ManualClock) -> AsyncIterator[Target]:
    provider = Provider()
    async with Node(settings, transport=provider, clock=clock) as node:
        target = Target(AsgiClient(node.app), provider, settings, secrecy, clock)
        await target.trust(r"^https://models\.test/.*$")
        yield target
