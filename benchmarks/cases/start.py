"""From the command to the first answer: `ragstone serve` against an empty uvicorn application."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from benchmarks.measure import Row, turns

_EMPTY = """
import asyncio, sys, uvicorn
async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
uvicorn.run(application, port=int(sys.argv[1]), lifespan="off", log_level="error", loop="uvloop", http="httptools")
"""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="ragstone-bench-") as compiled:
        environment = _environment(compiled)
        measured = turns(
            lambda: _ragstone(environment), lambda: _seconds(["-c", _EMPTY], environment), 7, smaller_is_better=True
        )
    row = measured.row(
        "start, from the command to the first answer",
        "s",
        "an empty data folder; modules are compiled and were read before, so they come from memory",
        "an empty application on uvicorn, uvloop and httptools",
    )
    row = row.beside_opensearch("6.6 s")
    return [row.wanting("<= 1 s", statistics.median(measured.ours) <= 1)]


def _environment(compiled: str) -> dict[str, str]:
    """Ours, with all byte code kept in a folder: installing compiles, whatever the variables of this shell say, and the
    turn that does not count stands for it."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _ragstone(environment: Mapping[str, str]) -> float:
    with tempfile.TemporaryDirectory(prefix="ragstone-bench-") as folder:
        arguments = ["-m", "ragstone", "serve", "--data", f"{folder}/data", "--log-level", "error", "--port"]
        return _seconds(arguments, environment)


def _seconds(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    """Until a server on a port, its last argument, answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments, str(port)], cwd=tempfile.gettempdir(), env=environment)
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError("the server ended at once")
            time.sleep(0.002)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            return connection.recv(12).endswith(b"200")
    except ConnectionRefusedError:
        return False
