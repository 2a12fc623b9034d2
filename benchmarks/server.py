"""A `ragstone serve` of its own for a benchmark, started and stopped as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from benchmarks import load
from benchmarks.load import Load

from ragstone.cli.background import BackgroundServer
from ragstone.core import json

_PATIENCE = 600.0
"""Seconds to settle."""


class Target:
    """Something on the loopback interface that speaks the API."""

    port: int
    headers: Mapping[str, str] = MappingProxyType({})
    """What every request carries that is no load."""

    def __call__(self, target: str, body: Any = None) -> Any:
        """`server("PUT /index", {...})`: the decoded answer. Bytes go as NDJSON. Raises RuntimeError for an error."""
        method, _, path = target.partition(" ")
        content = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            kind = {"content-type": "application/json"} if content else {}
            connection.request(method, path, content, {**self.headers, **kind})
            response = connection.getresponse()
            answer = json.decode(response.read())
        finally:
            connection.close()
        if response.status >= 300 or (isinstance(answer, dict) and answer.get("errors")):
            raise RuntimeError(f"{target} answered {response.status}: {str(answer)[:1000]}")
        return answer

    def load(self, requests: list[bytes], *, connections: int = 1, seconds: float | None = None) -> Load:
        return load.make(self.port, requests, connections=connections, seconds=seconds)


class Cluster(Target):
    """A running OpenSearch, from `OPENSEARCH_URL`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.port = int(self.url.rpartition(":")[2])

    @staticmethod
    def given() -> Cluster | None:
        """None, which is said, where there is none."""
        url = os.environ.get("OPENSEARCH_URL")
        if not url:
            print("skipped: OPENSEARCH_URL names no cluster (see `make opensearch`)", file=sys.stderr)
            return None
        return Cluster(url)


class Server(Target):
    """A context manager. Its data are in a folder that vanishes with it. `options` are those of `ragstone serve`,
    `variables` further ones of its environment."""

    def __init__(self, options: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ragstone-bench-")
        self.folder = Path(self._folder.name)
        self._process = BackgroundServer(self.folder, options, variables)
        self.port = 0
        self.url = ""

    def __enter__(self) -> Self:
        self.url = self._process.start()
        self.port = int(self.url.rpartition(":")[2])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def until_idle(self) -> float:
        """When (as `time.perf_counter`) the server came to rest: it has hardly worked for three seconds since."""
        end = time.perf_counter() + _PATIENCE
        while (began := time.perf_counter()) < end:
            before = cpu_seconds(self.pid)
            time.sleep(3)
            if cpu_seconds(self.pid) - before < 0.5:
                return began
        raise TimeoutError("the server does not come to rest")

    def until_deployed(self, name: str) -> str:
        """Register and deploy a local model; its id."""
        self(
            "PUT /_cluster/settings",
            {"persistent": {"plugins.ml_commons.only_run_on_ml_node": "false"}},
        )
        body = {"name": name, "version": "1.0.2", "model_format": "TORCH_SCRIPT"}
        task = self("POST /_plugins/_ml/models/_register?deploy=true", body)["task_id"]
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            found = self(f"GET /_plugins/_ml/tasks/{task}")
            if found["state"] == "COMPLETED":
                model = str(found["model_id"])
                # The task is over once the model is registered; deploying it goes on behind.
                if self(f"GET /_plugins/_ml/models/{model}")["model_state"] == "DEPLOYED":
                    return model
            if "FAILED" in found["state"] or "ERROR" in found["state"]:
                raise RuntimeError(f"{name} can not be deployed: {found.get('error')}")
            time.sleep(0.05)
        raise TimeoutError("the model is not deployed")


def bulk_body(index: str, documents: list[bytes], first: int = 0) -> bytes:
    """NDJSON that indexes `documents` under the ids `first`, `first` + 1, ..."""
    lines = []
    for number, document in enumerate(documents, first):
        lines.append(b'{"index":{"_index":"%s","_id":"%d"}}\n%s\n' % (index.encode(), number, document))
    return b"".join(lines)


def resident(pid: int) -> float:
    """Megabytes of memory that a process occupies."""
    return float(_ps(pid, "rss")) * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """What a process has used so far: to a hundredth on Linux, to a second elsewhere."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    seconds = 0.0
    for part in _ps(pid, "time").replace("-", ":").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _ps(pid: int, what: str) -> str:
    found = subprocess.run(["ps", "-o", f"{what}=", "-p", str(pid)], stdout=subprocess.PIPE, check=True)
    return found.stdout.decode().strip()
