"""A cluster that a test tells what to answer: one HTTP server on the loopback interface, bad days included."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from ragstone.core import json


@dataclass(frozen=True)
class Received:
    """One request. `target` is path and query as they came, `body` as it came; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    header_list: Sequence[tuple[str, str]] = ()
    """All of them, in their order, where one may come twice."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.decode(self.body)

    @property
    def lines(self) -> list[Any]:
        """The body as NDJSON."""
        return [json.decode(line) for line in self.body.split(b"\n") if line]


@dataclass(frozen=True)
class Reply:
    """`body` is JSON to be encoded, or bytes as they are. `headers` replace those that it would have."""

    body: Any = field(default_factory=dict)
    status: int = 200
    way: str = "whole"
    headers: Mapping[str, str] = field(default_factory=dict)


CUT = Reply(way="cut")
"""The connection is closed without an answer."""
CUT_SHORT = Reply(way="cut short")
"""The connection is closed in the middle of one."""
SILENCE = Reply(way="silence")
"""Nothing comes, for as long as the server runs."""

_UNKNOWN = Reply({"error": "the test says nothing about this request"}, 501)

Answer = Reply | Callable[[Received], Reply] | Callable[[Received], Awaitable[Reply]]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ScriptedCluster:
    """`cluster.on("GET", "/", Reply({...}))`; requests that nothing was said about get `otherwise`, by default a 501.

    Of several replies to one request the last that was said counts; `once` ones come before, in their order. An answer
    that takes the body, or comes, in pieces is a `Handler`: `stream` has it.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.url = ""
        self.otherwise: Answer = _UNKNOWN
        self._streams: dict[tuple[str, str], Handler] = {}
        self._always: dict[tuple[str, str], Answer] = {}
        self._once: dict[tuple[str, str], list[Answer]] = {}
        self._closing = asyncio.Event()

    def on(self, method: str, path: str, answer: Answer, *, once: bool = False) -> None:
        if once:
            self._once.setdefault((method, path), []).append(answer)
        else:
            self._always[method, path] = answer

    def stream(self, method: str, path: str, handler: Handler) -> None:
        self._streams[method, path] = handler

    def asked(self, method: str, path: str) -> list[Received]:
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedCluster]:
        server = RawTestServer(self._serve)
        if tls is None:
            await server.start_server(auto_decompress=False)
        else:
            await server.start_server(auto_decompress=False, ssl=tls)
        self.url = str(server.make_url("/")).rstrip("/")
        try:
            yield self
        finally:
            self._closing.set()
            await server.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        pairs = [(name.lower(), value) for name, value in request.headers.items()]
        way = (request.method, request.raw_path.partition("?")[0])
        if way in self._streams:
            self.requests.append(Received(request.method, request.raw_path, dict(pairs), b"", pairs))
            return await self._streams[way](request)
        received = Received(request.method, request.raw_path, dict(pairs), await request.read(), pairs)
        self.requests.append(received)
        waiting = self._once.get(way)
        answer = waiting.pop(0) if waiting else self._always.get(way, self.otherwise)
        reply = answer if isinstance(answer, Reply) else answer(received)
        if not isinstance(reply, Reply):
            reply = await reply
        if reply.way == "silence":
            await self._closing.wait()
        headers = {"content-type": "application/json", **reply.headers}
        response = web.StreamResponse(status=reply.status, headers=headers)
        body = reply.body if isinstance(reply.body, bytes) else json.encode(reply.body)
        if reply.way == "cut short":
            response.content_length = 1000
            await response.prepare(request)
            await response.write(b'{"took": 1')
        if reply.way != "whole":
            if request.transport is not None:
                request.transport.close()
            return response
        if "content-length" not in reply.headers:
            response.content_length = len(body)
        await response.prepare(request)
        if request.method != "HEAD":
            await response.write(body)
        return response


__all__ = ["CUT", "CUT_SHORT", "SILENCE", "Received", "Reply", "ScriptedCluster"]
