"""`match` over 100,000 documents: the engine in this process, and over HTTP, against raw tantivy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases._texts import INDEX, MAPPING, RawTantivy, documents, encoded
from benchmarks.data import questions
from benchmarks.load import request
from benchmarks.measure import Row, Turns, rate, scratch, turns
from benchmarks.server import Server, bulk_body

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.dsl.queries.match import MatchQuery
from ragstone.engine.api import Engine
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.values import FetchOptions, QueryRequest, WriteOperation

COUNT, BATCH, ASKED = 100_000, 1000, 1000
KINDS = {"5 middling words": range(1000, 20_000), "5 very common words": range(30)}


def run() -> list[Row]:
    found = documents(COUNT, 30, 80)
    sources = encoded(found)
    asked = {kind: questions(ASKED, 5, ranks, seed=9) for kind, ranks in KINDS.items()}
    with scratch() as folder:
        raw = RawTantivy(Path(folder))
        raw.add(found)
        raw.open()
        return [
            *asyncio.run(_in_process(raw, sources, asked["5 middling words"])),
            *_over_http(raw, sources, asked),
        ]


async def _in_process(raw: RawTantivy, sources: list[bytes], asked: list[str]) -> list[Row]:
    with scratch() as folder:
        pools = ThreadPools()
        engine = EmbeddedEngine(Path(folder) / "data", pools=pools, clock=SystemClock(), ids=IdGenerator())
        await engine.start()
        try:
            await engine.create_index(INDEX, {}, MAPPING["mappings"], {})
            for at in range(0, COUNT, BATCH):
                writes = [WriteOperation("index", str(n), sources[n], None) for n in range(at, at + BATCH)]
                await engine.bulk(INDEX, writes)
            await engine.refresh([INDEX])
            rows = []
            for what, fetch in (("rank and bring the documents", True), ("rank only", False)):
                measured = await _paired(engine, raw, asked, fetch)
                rows.append(
                    measured.row(
                        f"match, 5 middling words, {COUNT // 1000}k documents, engine in process, {what}",
                        "q/s",
                        "ten hits and the exact total; one after the other",
                        "tantivy, query parser and search, ten addresses",
                    )
                )
            return [rows[0].at_least(0.6), rows[1]]
        finally:
            await engine.close()
            pools.close()


async def _paired(engine: Engine, raw: RawTantivy, asked: list[str], fetch: bool, count: int = 7) -> Turns:
    ours: list[float] = []
    baseline: list[float] = []
    for turn in range(count + 1):
        began = time.perf_counter()
        for text in asked:
            request = QueryRequest([INDEX], [MatchQuery(field="text", query=text)], size=10)
            if fetch:
                await engine.query_and_fetch(request, 0, FetchOptions())
            else:
                await engine.release(await engine.query(request))
        speed = len(asked) / (time.perf_counter() - began)
        if turn:
            ours.append(speed)
            baseline.append(rate(raw.search, asked))
    return Turns(ours, baseline)


def _over_http(raw: RawTantivy, sources: list[bytes], asked: dict[str, list[str]]) -> list[Row]:
    measured = {
        ("5 middling words", 1): "1,000 q/s, p50 0.91 ms",
        ("5 middling words", 8): "2,200 q/s",
        ("5 very common words", 8): "780 q/s",
    }
    rows = []
    with Server() as server:
        server(f"PUT /{INDEX}", MAPPING)
        for at in range(0, COUNT, BATCH):
            server("POST /_bulk", bulk_body(INDEX, sources[at : at + BATCH], at))
        server(f"POST /{INDEX}/_refresh")
        for (kind, connections), opensearch in measured.items():
            requests = [_search(text) for text in asked[kind]]
            shares: list[float] = []

            def ours(
                requests: list[bytes] = requests, connections: int = connections, shares: list[float] = shares
            ) -> float:
                load = server.load(requests, connections=connections, seconds=2)
                shares.append(load.own_share)
                return load.rate

            row = turns(ours, _rate_of(raw, asked[kind])).row(
                f"match, {kind}, {COUNT // 1000}k documents, HTTP, {connections} connections",
                "q/s",
                f"ten hits with their sources; {shares[-1]:.0%} of a processor made the load",
                "tantivy, query parser and search, ten addresses, one thread",
            )
            if kind == "5 middling words" and connections == 8:
                row = row.at_least(0.2)
            rows.append(row.beside_opensearch(opensearch))
    return rows


def _rate_of(raw: RawTantivy, asked: list[str]) -> Callable[[], float]:
    return lambda: rate(raw.search, asked)


def _search(text: str) -> bytes:
    return request("POST", f"/{INDEX}/_search", json.encode({"query": {"match": {"text": text}}}))
