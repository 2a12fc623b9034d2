"""Takes a request's body off the wire, within the limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from ragstone.rest.compression import Inflater

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_PATIENCE = 2
"""How many times the limit of a refused body is still read (and thrown away), so that the client gets to its answer
instead of a broken connection."""


class BodyTooLarge(Exception):
    """More bytes than `max_content_length`, before or after decompression."""


class ClientGone(Exception):
    """The connection closed before the body was complete."""


def has_body(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The whole body, decompressed. Holds never more than `limit` bytes.

    Raises BodyTooLarge, ClientGone, and IllegalArgumentException for a broken compressed body.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        if headers.get("expect", "").lower() != "100-continue":
            await _discard(receive, limit * _PATIENCE)
        raise BodyTooLarge
    inflater = Inflater.for_encoding(headers.get("content-encoding"))
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        chunk, more = await _next(receive)
        if inflater is not None:
            chunk = inflater.feed(chunk, limit - size)
        size += len(chunk)
        if size > limit:
            chunks.clear()
            if more:
                await _discard(receive, limit * _PATIENCE)
            raise BodyTooLarge
        chunks.append(chunk)
    if inflater is not None:
        inflater.finish()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out a body that has been read once more, then what comes after it."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


async def _discard(receive: Receive, most: int) -> None:
    more = True
    while more and most > 0:
        chunk, more = await _next(receive)
        most -= len(chunk)
