"""A cluster that a test tells what to answer: one HTTP server on the loopback interface, bad days included."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from ragstone.core import json


@dataclass(frozen=True)
class Received:
    """One request. `target` is path and query as they came; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.decode(self.body)

    @property
    def lines(self) -> list[Any]:
        """The body as NDJSON."""
        return [json.decode(line) for line in self.body.splitlines()]


@dataclass(frozen=True)
class Reply:
    """`body` is JSON to be encoded, or bytes as they are."""

    body: Any = field(default_factory=dict)
    status: int = 200
    way: str = "whole"


CUT = Reply(way="cut")
"""The connection is closed without an answer."""
CUT_SHORT = Reply(way="cut short")
"""The connection is closed in the middle of one."""
SILENCE = Reply(way="silence")
"""Nothing comes, for as long as the server runs."""

Answer = Reply | Callable[[Received], Reply]


class ScriptedCluster:
    """`cluster.on("GET", "/", Reply({...}))`; requests that nothing was said about are answered with 501.

    Of several replies to one request the last that was said counts; `once` ones come before, in their order.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.url = ""
        self._always: dict[tuple[str, str], Answer] = {}
        self._once: dict[tuple[str, str], list[Answer]] = {}
        self._closing = asyncio.Event()

    def on(self, method: str, path: str, answer: Answer, *, once: bool = False) -> None:
        if once:
            self._once.setdefault((method, path), []).append(answer)
        else:
            self._always[method, path] = answer

    def asked(self, method: str, path: str) -> list[Received]:
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedCluster]:
        server = RawTestServer(self._serve)
        if tls is None:
            await server.start_server()
        else:
            await server.start_server(ssl=tls)
        self.url = str(server.make_url("/")).rstrip("/")
        try:
            yield self
        finally:
            self._closing.set()
            await server.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.method, request.raw_path, headers, await request.read())
        self.requests.append(received)
        way = (received.method, received.path)
        waiting = self._once.get(way)
        answer = waiting.pop(0) if waiting else self._always.get(way, _UNKNOWN)
        reply = answer if isinstance(answer, Reply) else answer(received)
        if reply.way == "silence":
            await self._closing.wait()
        response = web.StreamResponse(status=reply.status, headers={"content-type": "application/json"})
        body = reply.body if isinstance(reply.body, bytes) else json.encode(reply.body)
        if reply.way == "cut short":
            response.content_length = 1000
            await response.prepare(request)
            await response.write(b'{"took": 1')
        if reply.way != "whole":
            if request.transport is not None:
                request.transport.close()
            return response
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body)
        return response


_UNKNOWN = Reply({"error": "the test says nothing about this request"}, 501)

__all__ = ["CUT", "CUT_SHORT", "SILENCE", "Received", "Reply", "ScriptedCluster"]
