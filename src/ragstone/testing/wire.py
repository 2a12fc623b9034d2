"""HTTP/1.1 as bytes over a connection: for tests of what clients that tidy up would hide."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class WireAnswer:
    """`headers` in their order, names in lower case; `body` without the framing of its chunks."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for found, value in self.headers if found == name), None)


class Wire:
    """`await Wire(url)("GET /a%2Fb?c", [("x-a", "1")])`: one connection per request, and the bytes of it as given."""

    def __init__(self, url: str) -> None:
        """`url` is `http://127.0.0.1:9200`."""
        self._host, _, port = url.removeprefix("http://").partition(":")
        self._port = int(port)

    async def __call__(self, line: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> WireAnswer:
        """Raises IncompleteReadError when the answer breaks off."""
        reader, writer = await self.send(line, headers, body)
        try:
            return await read_answer(reader)
        finally:
            writer.close()

    async def send(
        self, line: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"", *, length: int | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A request on its way; `length` announces a body longer than what is sent of it here."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        announced = len(body) if length is None else length
        pairs = [("host", "test"), ("connection", "close"), *headers]
        if announced:
            pairs.append(("content-length", str(announced)))
        head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
        writer.write(f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        return reader, writer


async def read_head(reader: asyncio.StreamReader) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Status and headers. Raises IncompleteReadError when the connection ends before."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(first.split()[1]), tuple((name.lower(), value) for name, _, value in pairs)


async def read_answer(reader: asyncio.StreamReader) -> WireAnswer:
    """All that is left on a connection, as one answer. Raises IncompleteReadError when it breaks off."""
    status, headers = await read_head(reader)
    if ("transfer-encoding", "chunked") not in headers:
        return WireAnswer(status, headers, await reader.read())
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    return WireAnswer(status, headers, body)


__all__ = ["Wire", "WireAnswer", "read_answer", "read_head"]
