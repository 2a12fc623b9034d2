"""One durable write after the other: `PUT _doc` against what the disk and SQLite can do."""

from __future__ import annotations

import os
import sqlite3
import time
from functools import partial
from pathlib import Path

from benchmarks.cases._texts import INDEX, MAPPING, documents, encoded
from benchmarks.load import request
from benchmarks.measure import Row, scratch, turns
from benchmarks.server import Server

_COUNT = 3000


def run() -> list[Row]:
    sources = encoded(documents(_COUNT, 10, 20))
    rows = []
    with Server() as server, scratch() as folder:
        server(f"PUT /{INDEX}", MAPPING)
        for connections, wanted in ((1, 0.4), (32, 1.0)):
            requests = [request("PUT", f"/{INDEX}/_doc/{connections}-{n}", source) for n, source in enumerate(sources)]
            latencies: list[float] = []

            def ours(
                requests: list[bytes] = requests, connections: int = connections, latencies: list[float] = latencies
            ) -> float:
                load = server.load(requests, connections=connections)
                latencies[:] = [load.percentile(50), load.percentile(99)]
                return load.rate

            for baseline, what in ((_synced, "writes of one file"), (_stored, "SQLite transactions, WAL, FULL")):
                row = turns(ours, partial(baseline, Path(folder), sources)).row(
                    f"PUT _doc, {connections} connection{'s' if connections > 1 else ''}, against {what}",
                    "docs/s",
                    f"on the disk when answered; p50 {latencies[0] * 1000:.2f} ms, p99 {latencies[1] * 1000:.2f} ms",
                    "append and fdatasync" if baseline is _synced else "one insert each, sqlite3",
                )
                if baseline is _synced:
                    row = row.at_least(wanted)
                    if connections == 1:
                        row = row.beside_opensearch("210 to 275 docs/s")
                rows.append(row)
    return rows


def _synced(folder: Path, sources: list[bytes]) -> float:
    with (folder / "file").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for source in sources:
            file.write(source)
            os.fdatasync(file.fileno())
        return len(sources) / (time.perf_counter() - began)


def _stored(folder: Path, sources: list[bytes]) -> float:
    path = folder / "sqlite"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE documents (row INTEGER PRIMARY KEY, id TEXT, source BLOB)")
        began = time.perf_counter()
        for number, source in enumerate(sources):
            connection.execute("INSERT INTO documents VALUES (?, ?, ?)", (number, str(number), source))
        return len(sources) / (time.perf_counter() - began)
    finally:
        connection.close()
