"""Moves many documents with vectors to a cluster and back by `ragstone migrate`, killing it twice each way.

    OPENSEARCH_URL=http://127.0.0.1:9200 python tools/migrate_trial.py [documents]

The cluster must hold nothing else. Everything runs in a temporary folder (TMPDIR says where), which goes away again.
Fails unless the digests of all three places are equal; prints documents a second.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.values import WriteOperation

INDEX = "ragstone-migrate-trial"
DIMENSION = 384
BATCH = 1000
KILL_AT = (0.3, 0.6)
"""Shares of the documents, written down as moved, after which the command is killed."""
SETTINGS = {
    "index.knn": True,
    "index.knn.derived_source.enabled": False,
    "index.number_of_shards": 1,
    "index.number_of_replicas": 0,
}
MAPPINGS = {
    "properties": {
        "text": {"type": "text"},
        "vector": {
            "type": "knn_vector",
            "dimension": DIMENSION,
            "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"},
        },
    }
}
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]


async def fill(folder: Path, documents: int) -> None:
    pools = ThreadPools()
    engine = EmbeddedEngine(folder, pools=pools, clock=SystemClock(), ids=IdGenerator())
    await engine.start()
    await engine.create_index(INDEX, SETTINGS, MAPPINGS, {f"{INDEX}-alias": {}})
    random = np.random.default_rng(7)
    for start in range(0, documents, BATCH):
        size = min(BATCH, documents - start)
        vectors = random.standard_normal((size, DIMENSION)).astype(np.float32)
        words = random.integers(0, len(SYLLABLES), (size, 20, 3))
        operations = [
            WriteOperation(
                "index",
                f"d{start + n}",
                json.encode(
                    {
                        "text": " ".join("".join(SYLLABLES[part] for part in word) for word in words[n]),
                        "vector": vectors[n].tolist(),
                    }
                ),
                routing="r" if n % 10 == 0 else None,
            )
            for n in range(size)
        ]
        await engine.bulk(INDEX, operations)
    await engine.close()
    pools.close()


def moved(folder: Path) -> int:
    """Documents that the state file counts; it is replaced as a whole, so it can be read at any time."""
    try:
        indices = json.decode((folder / "migration.json").read_bytes())["indices"]
    except FileNotFoundError:
        return 0
    return int(indices[INDEX]["copied"]["documents"]) if INDEX in indices else 0


def migrate(direction: str, url: str, folder: Path, documents: int) -> Any:
    """The last run's report, after two that were killed on their way."""
    command = [sys.executable, "-m", "ragstone", "migrate", f"--{direction}", url, "--data", str(folder), "--json"]
    began = time.monotonic()
    for share in KILL_AT:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while moved(folder) < documents * share:
            if process.poll() is not None:
                raise SystemExit(f"it ended before it could be killed, with exit code {process.returncode}")
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        print(f"  killed after {moved(folder)} documents", flush=True)
    found = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    report = json.decode(found.stdout)
    if found.returncode or not report["resumed"]:
        raise SystemExit(f"exit code {found.returncode}: {report['problems']}")
    seconds = time.monotonic() - began
    knn = report["indices"][-1]["queries"]["knn"]
    match = report["indices"][-1]["queries"]["match"]
    print(
        f"  {documents} documents in {seconds:.1f} s with two kills and verification: "
        f"{documents / seconds:.0f} a second\n"
        f"  the last run: {report['documents_moved']} in {report['seconds']:.1f} s, "
        f"{report['documents_per_second']:.0f} a second\n"
        f"  top 10 overlap: match {match['overlap']}, knn {knn['overlap']}; "
        f"score differences {match['score_delta']}, {knn['score_delta']}",
        flush=True,
    )
    return report


def content(report: Any) -> tuple[str, str]:
    found = next(index for index in report["indices"] if index["index"] == INDEX)
    return found["source"]["content"], found["target"]["content"]


def delete(url: str) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(f"{url}/{INDEX}", method="DELETE"), timeout=60).close()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise


def main() -> None:
    url = os.environ.get("OPENSEARCH_URL", "").rstrip("/")
    if not url:
        raise SystemExit("set OPENSEARCH_URL to a cluster that holds nothing else")
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="ragstone-migrate-trial-") as folder:
        here, back = Path(folder) / "here", Path(folder) / "back"
        print(f"making {documents} documents with vectors of {DIMENSION}", flush=True)
        asyncio.run(fill(here, documents))
        delete(url)
        try:
            print(f"to {url}", flush=True)
            there = content(migrate("to", url, here, documents))
            print(f"from {url}", flush=True)
            returned = content(migrate("from", url, back, documents))
        finally:
            delete(url)
    if len({*there, *returned}) != 1:
        raise SystemExit(f"the digests differ: {there} {returned}")
    print(f"the digests of all three are {there[0]}")


if __name__ == "__main__":
    main()
