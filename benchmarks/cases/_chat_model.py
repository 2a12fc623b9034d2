"""A chat model that says the same to everybody, after the seconds that its command line names.

Prints the port it listens on.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

_ANSWER = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "model": "simulated",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "It is so. " * 30}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 500, "completion_tokens": 90, "total_tokens": 590},
    }
).encode()
_REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_ANSWER), _ANSWER)


def example() -> bytes:
    """A request such as a connector would send."""
    messages = [{"role": "system", "content": "You are helpful."}, {"role": "user", "content": "word " * 300}]
    body = json.dumps({"model": "simulated", "messages": messages}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Model(asyncio.Protocol):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(self._received) >= end + 4 + length:
            self._received.clear()
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, _REPLY)


async def _serve(seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Model(seconds), "127.0.0.1", 0, backlog=2000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(float(sys.argv[1])))
