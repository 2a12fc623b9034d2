"""A migration that is killed, twice, and goes on: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.values import WriteOperation

DOCUMENTS = 3000
PATIENCE = 60.0

MIGRATE = """
import asyncio, sys
from pathlib import Path
from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.migration.service import Migration
from ragstone.migration.sides import Side, Silent
from ragstone.migration.state import STATE_FILE, MigrationState
from ragstone.migration.writing import Limits
from ragstone.ml.connectors.vault import Vault
from ragstone.providers.encryption import MasterKeyEncryptor

class Told(Silent):
    def moved(self, documents, bytes):
        print("moved", documents, flush=True)

async def side(folder, pools):
    engine = EmbeddedEngine(folder, pools=pools, clock=SystemClock(), ids=IdGenerator())
    await engine.start()
    return Side(folder.name, engine, Vault(MasterKeyEncryptor(folder / "keys"), pools))

async def main():
    here, there = map(Path, sys.argv[1:])
    pools = ThreadPools()
    source, target = await side(here, pools), await side(there, pools)
    state = MigrationState.open(here / STATE_FILE, "to", "peer", "there")
    limits = Limits(page_documents=50, batch_documents=20)
    report = await Migration(
        source, target, state, pools, SystemClock(), progress=Told(), limits=limits
    ).run()
    print("report", json.encode(report.to_json()).decode(), flush=True)
    await source.engine.close()
    await target.engine.close()
    pools.close()

asyncio.run(main())
"""


@asynccontextmanager
async def engine_on(folder: Path) -> AsyncIterator[EmbeddedEngine]:
    pools = ThreadPools()
    engine = EmbeddedEngine(folder, pools=pools, clock=SystemClock(), ids=IdGenerator())
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()
        pools.close()


async def fill(folder: Path) -> None:
    async with engine_on(folder) as engine:
        await engine.create_index("books", {}, {"properties": {"title": {"type": "text"}}}, {})
        for start in range(0, DOCUMENTS, 1000):
            numbers = range(start, start + 1000)
            await engine.bulk("books", [WriteOperation("index", str(n), b'{"title":"volume %d"}' % n) for n in numbers])
        await engine.bulk("books", [WriteOperation("delete", "7"), WriteOperation("index", "8", b"{}", routing="r")])


async def read(folder: Path) -> dict[str, Any]:
    async with engine_on(folder) as engine:
        return {
            document.id: (document.source, document.version, document.routing)
            async for page in engine.scan("books")
            for document in page.documents
        }


def run(here: Path, there: Path, *, kill_after: int | None) -> tuple[int, Any]:
    """Documents that this run said are moved, and its report; None when it was killed after so many lines."""
    process = subprocess.Popen(
        [sys.executable, "-c", MIGRATE, str(here), str(there)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    moved, lines, report = 0, 0, None
    with process.stdout:
        for line in process.stdout:
            word, _, rest = line.decode().partition(" ")
            if word == "report":
                report = json.decode(rest)
                continue
            moved += int(rest)
            lines += 1
            if lines == kill_after:
                process.send_signal(signal.SIGKILL)
                break
    assert process.wait(PATIENCE) == (0 if kill_after is None else -signal.SIGKILL)
    return moved, report


@pytest.mark.faults
def test_a_migration_killed_twice_brings_everything_over_once(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    asyncio.run(fill(here))
    first, _ = run(here, there, kill_after=8)
    second, _ = run(here, there, kill_after=8)
    last, report = run(here, there, kill_after=None)
    assert (report["resumed"], report["complete"], report["problems"]) == (True, True, [])
    assert last <= DOCUMENTS - first - second, "what was acknowledged is not sent again"
    assert last == report["documents_moved"] > 0
    assert report["indices"][0]["source"] == report["indices"][0]["target"]
    assert asyncio.run(read(there)) == asyncio.run(read(here))
    assert not (here / "migration.json").exists()
