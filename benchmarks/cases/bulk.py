"""Documents in: `_bulk` over HTTP in batches of 1000 with a last refresh, against raw tantivy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.cases._texts import INDEX, MAPPING, RawTantivy, documents, encoded
from benchmarks.load import request
from benchmarks.measure import Row, scratch, turns
from benchmarks.server import Server, bulk_body

COUNT, BATCH = 20_000, 1000


def run() -> list[Row]:
    short = _measured("short documents (10 to 20 words)", documents(COUNT, 10, 20))
    longer = _measured("longer documents (30 to 80 words)", documents(COUNT, 30, 80))
    return [
        short.at_least(0.5),
        longer.at_least(0.5).beside_opensearch("22,000 docs/s"),
    ]


def _measured(what: str, found: list[dict[str, Any]]) -> Row:
    sources = encoded(found)
    bodies = [bulk_body(INDEX, sources[at : at + BATCH], at) for at in range(0, COUNT, BATCH)]
    requests = [request("POST", "/_bulk", body) for body in bodies]
    requests.append(request("POST", f"/{INDEX}/_refresh"))
    with Server() as server:

        def ours() -> float:
            server(f"PUT /{INDEX}", MAPPING)
            try:
                speed = COUNT / server.load(requests).seconds
                assert server(f"GET /{INDEX}/_count")["count"] == COUNT
                return speed
            finally:
                server(f"DELETE /{INDEX}")

        return turns(ours, lambda: _raw(found)).row(
            f"bulk, {COUNT:,} {what}, one connection",
            "docs/s",
            "each batch is on the disk before it is answered",
            "tantivy, one writer thread, one commit at the end",
        )


def _raw(found: list[dict[str, Any]]) -> float:
    with scratch() as folder:
        index = RawTantivy(Path(folder))
        began = time.perf_counter()
        index.add(found)
        return len(found) / (time.perf_counter() - began)
