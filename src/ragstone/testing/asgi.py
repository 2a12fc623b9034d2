"""Requests to an ASGI application without a network between."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from ragstone.core import json

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True)
class Answer:
    """What came back. `headers` are in lower case; `body` is as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> bytes:
        """The body, decompressed."""
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def json(self) -> Any:
        return json.decode(self.content)


class AsgiClient:
    """`await client("PUT /books", {"settings": {}})`. Bodies are JSON-able values, or bytes that go as they are."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.hung_up = asyncio.Event()
        """Set it, and the application hears that the client has gone."""

    async def __call__(
        self, target: str, body: Any = None, *, headers: Mapping[str, str] | None = None, chunk: int | None = None
    ) -> Answer:
        """`chunk` sends the body in pieces of so many bytes."""
        method, _, uri = target.partition(" ")
        path, _, query = uri.partition("?")
        content = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if content:
            sent.setdefault("content-type", "application/json")
            sent.setdefault("content-length", str(len(content)))
        pieces = [content[i : i + chunk] for i in range(0, len(content), chunk)] if chunk else [content]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        }
        messages: list[Message] = []

        async def receive() -> Message:
            if pieces:
                piece = pieces.pop(0)
                return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
            await self.hung_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        if not messages:
            raise ConnectionError("the application gave no answer")
        return Answer(
            messages[0]["status"],
            {name.decode("latin-1"): value.decode("latin-1") for name, value in messages[0]["headers"]},
            b"".join(message.get("body", b"") for message in messages[1:]),
        )
