"""Makes HTTP load from a process of its own, and tells how long each answer took.

Its process shares the processors with the server it loads: what the server shows is less than it could do alone, by
about what `Load.own_share` says.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

import numpy as np
from numpy.typing import NDArray

_HERE = Path(__file__).resolve()


@dataclass(frozen=True)
class _Job:
    """`seconds` None sends every request once; otherwise all of them round and round for so long."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float | None


@dataclass(frozen=True)
class Load:
    """What came of a job. `latencies` are in seconds, one for each answer; `failed` counts answers that were no 2xx."""

    seconds: float
    latencies: NDArray[np.float64]
    failed: int
    own_share: float
    """How much of one processor making the load took."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Seconds."""
        return float(np.percentile(self.latencies, percent))


def request(
    method: str,
    path: str,
    body: bytes = b"",
    kind: str = "application/json",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The bytes of one request on a connection that stays open; its host is `localhost`."""
    head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n"
    if body:
        head += f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"\r\n" + body


def make(port: int, requests: Sequence[bytes], *, connections: int = 1, seconds: float | None = None) -> Load:
    """Run a job in a new process: each connection sends its next request as soon as the last one is answered."""
    job = pickle.dumps((port, requests, connections, seconds))
    result = subprocess.run([sys.executable, str(_HERE)], input=job, stdout=subprocess.PIPE, check=True)
    spent, latencies, failed, own = pickle.loads(result.stdout)
    load = Load(spent, np.array(latencies), failed, own)
    if load.failed:
        raise RuntimeError(f"{load.failed} of {len(load.latencies)} requests failed")
    return load


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._needed = 0
        """Bytes of the answer that is coming; 0 before its head is complete."""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._run.connected(self)

    def send_next(self) -> None:
        following = self._run.next_request()
        if following is None:
            self._transport.close()
            self._run.finished()
            return
        self._sent = time.perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._needed:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._received[:end]).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._needed = end + 4 + int(length)
        if len(self._received) >= self._needed:
            self._run.answered(time.perf_counter() - self._sent, self._received[9:10] == b"2")
            self._received.clear()
            self._needed = 0
            self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or self._needed or self._received:
            self._run.done.set_exception(exc or ConnectionError("the server hung up"))


class _Run:
    """All connections are made before the first request is sent."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._waiting: list[_Connection] = []
        self._running = job.connections
        self._count = 0
        self._end = 0.0
        self.latencies: list[float] = []
        self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connected(self, connection: _Connection) -> None:
        self._waiting.append(connection)

    def begin(self) -> None:
        self._end = time.perf_counter() + (self._job.seconds or 0)
        for connection in self._waiting:
            connection.send_next()

    def next_request(self) -> bytes | None:
        once = self._job.seconds is None
        if self._count >= len(self._job.requests) if once else time.perf_counter() >= self._end:
            return None
        self._count += 1
        return self._job.requests[(self._count - 1) % len(self._job.requests)]

    def answered(self, seconds: float, well: bool) -> None:
        self.latencies.append(seconds)
        self.failed += not well

    def finished(self) -> None:
        self._running -= 1
        if not self._running and not self.done.done():
            self.done.set_result(None)


async def _run(job: _Job) -> tuple[float, list[float], int, float]:
    loop = asyncio.get_running_loop()
    run = _Run(job)
    for _ in range(job.connections):
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", job.port)
    began, spent = time.perf_counter(), time.process_time()
    run.begin()
    await run.done
    seconds = time.perf_counter() - began
    return seconds, run.latencies, run.failed, (time.process_time() - spent) / seconds


def _main() -> None:
    import uvloop

    job = _Job(*pickle.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(pickle.dumps(uvloop.run(_run(job))))


if __name__ == "__main__":
    _main()
