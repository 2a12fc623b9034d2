"""What survives a killed server: every acknowledged document, whole, by GET and by search.

Writers go on over several connections until SIGKILL stops the server at a random moment; it is started again on the
same folder, with its derived folders damaged or with another kill in the middle of its recovery, and asked for
everything. RAGSTONE_FAULT_ROUNDS and RAGSTONE_FAULT_SEED set how long and which way.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROUNDS = int(os.environ.get("RAGSTONE_FAULT_ROUNDS", "5"))
SEED = int(os.environ.get("RAGSTONE_FAULT_SEED", "20250917"))
PATIENCE = 60.0  # seconds; far more than anything here takes
LISTENING = re.compile(rb"listening on http://127\.0\.0\.1:(\d+)")

INDEX = {
    "settings": {"index.knn": True, "refresh_interval": "100ms"},
    "mappings": {
        "properties": {
            "n": {"type": "long"},
            "v": {"type": "knn_vector", "dimension": 4, "space_type": "l2"},
        }
    },
}


class Server:
    """One life of a server process."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ragstone", "serve", "--port", "0", "--data", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._said: list[bytes] = []
        self._port: int | None = None
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)
            found = LISTENING.search(line)
            if found is not None and self._port is None:
                self._port = int(found[1])
                self._listening.set()
        self._listening.set()

    def wait(self) -> int:
        """The port, once the server listens."""
        assert self._listening.wait(PATIENCE), "the server did not start"
        assert self._port is not None, b"".join(self._said).decode()
        return self._port

    def kill_within(self, seconds: float) -> None:
        """SIGKILL after some time, wherever it is by then; earlier if it listens."""
        self._listening.wait(seconds)
        self.kill()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def said(self) -> str:
        return b"".join(self._said).decode()


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def close(self) -> None:
        self._connection.close()

    def __call__(self, method: str, path: str, body: Any = None, *, lines: list[Any] | None = None) -> Any:
        """The decoded answer; OSError or HTTPException when the server dies."""
        data = None if body is None else json.dumps(body)
        if lines is not None:
            data = "".join(json.dumps(line) + "\n" for line in lines)
        self._connection.request(method, path, data, {"content-type": "application/json"})
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert response.status < 300 or (method, response.status) == ("DELETE", 404), answer
        return answer


@dataclass
class Known:
    """What must be there, by id: (source, version); source None after a delete."""

    documents: dict[str, tuple[Any, int]] = field(default_factory=dict)
    doubtful: dict[str, Any] = field(default_factory=dict)
    """Sources of writes that were sent and not acknowledged: they may be there or not."""

    @property
    def live(self) -> dict[str, Any]:
        return {id: source for id, (source, _) in self.documents.items() if source is not None}


class Worker(threading.Thread):
    """Does something again and again until the server dies."""

    def __init__(self, name: str, port: int, seed: int, acknowledged: threading.Semaphore) -> None:
        super().__init__(name=name, daemon=True)
        self._client = Client(port)
        self._random = random.Random(seed)
        self._acknowledged = acknowledged
        self.failure: BaseException | None = None

    def once(self) -> None:
        raise NotImplementedError

    def run(self) -> None:
        try:
            while True:
                self.once()
                self._acknowledged.release()
        except (OSError, http.client.HTTPException):
            return
        except BaseException as failure:
            self.failure = failure
        finally:
            self._client.close()


class Writer(Worker):
    """Writes documents of its own."""

    def __init__(self, name: str, port: int, known: Known, seed: int, acknowledged: threading.Semaphore) -> None:
        super().__init__(name, port, seed, acknowledged)
        self._known = known

    def once(self) -> None:
        self._known.doubtful = self._some_operations()
        if self.name.startswith("bulk"):
            self._bulk()
        else:
            self._single()
        self._known.doubtful = {}

    def _some_operations(self) -> dict[str, Any]:
        chance = self._random
        operations: dict[str, Any] = {}
        for _ in range(chance.randint(1, 40) if self.name.startswith("bulk") else 1):
            mine = list(self._known.documents)
            fresh = f"{self.name}-{len(mine) + len(operations)}"
            id = chance.choice(mine) if mine and chance.random() < 0.4 else fresh
            operations[id] = None if mine and chance.random() < 0.15 else self._source(id)
        return operations

    def _source(self, id: str) -> Any:
        chance = self._random
        source: dict[str, Any] = {
            "n": chance.randrange(10**9),
            "text": f"common mark{chance.randrange(10**9)} " + "filling " * chance.choice([1, 10, 300]),
            "writer": self.name,
        }
        if chance.random() < 0.5:
            source["v"] = [chance.random() for _ in range(4)]
        if chance.random() < 0.05:
            source[f"new{chance.randrange(30)}"] = id  # the mapping grows
        return source

    def _parameters(self) -> str:
        return self._random.choices(["", "?refresh=true", "?refresh=wait_for"], [20, 1, 1])[0]

    def _bulk(self) -> None:
        lines: list[Any] = []
        for id, source in self._known.doubtful.items():
            lines += [{"delete": {"_id": id}}] if source is None else [{"index": {"_id": id}}, source]
        answer = self._client("POST", f"/i/_bulk{self._parameters()}", lines=lines)
        for item in answer["items"]:
            (result,) = item.values()
            assert "error" not in result, result
            self._known.documents[result["_id"]] = (self._known.doubtful[result["_id"]], result["_version"])

    def _single(self) -> None:
        ((id, source),) = self._known.doubtful.items()
        method = "DELETE" if source is None else "PUT"
        result = self._client(method, f"/i/_doc/{id}{self._parameters()}", source)
        self._known.documents[id] = (source, result["_version"])


@dataclass
class KnownIndices:
    names: set[str] = field(default_factory=set)
    doubtful: str | None = None
    """Being created or removed."""


class Administrator(Worker):
    """Creates indices, with a document each, and removes them."""

    def __init__(self, port: int, known: KnownIndices, seed: int, acknowledged: threading.Semaphore) -> None:
        super().__init__("administrator", port, seed, acknowledged)
        self._known = known

    def once(self) -> None:
        if self._known.names and self._random.random() < 0.5:
            name = self._known.doubtful = self._random.choice(sorted(self._known.names))
            self._client("DELETE", f"/{name}")
            self._known.names.discard(name)
        else:
            name = self._known.doubtful = f"other-{self._random.randrange(10**9)}"
            self._client("PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
            self._client("PUT", f"/{name}/_doc/1", {"name": name})
            self._known.names.add(name)
        self._known.doubtful = None


def settle_indices(client: Client, known: KnownIndices) -> None:
    """Every index that was made is there with its document, every one that was removed is not."""
    listed = {row["index"] for row in client("GET", "/_cat/indices/other-*?format=json")}
    assert known.names - {known.doubtful} <= listed, "an index is lost"
    assert listed <= known.names | {known.doubtful}, "an index came back"
    known.names &= listed
    for name in known.names:
        assert client("GET", f"/{name}/_doc/1")["_source"] == {"name": name}
        assert client("GET", f"/{name}/_count")["count"] == 1
    for name in listed - known.names:
        client("DELETE", f"/{name}")
    known.doubtful = None


def settle(client: Client, known: Known) -> None:
    """Compare GET with what was acknowledged; what was in doubt must be wholly there or wholly not."""
    expected = list(dict.fromkeys([*known.documents, *known.doubtful]))
    for start in range(0, len(expected), 500):
        for found in client("POST", "/i/_mget", {"ids": expected[start : start + 500]})["docs"]:
            id = found["_id"]
            source = found.get("_source")
            acknowledged, version = known.documents.get(id, (None, 0))
            if id in known.doubtful and found.get("_version", version) != version:
                assert source == known.doubtful[id], f"{id} is half written"
                known.documents[id] = (source, found["_version"])  # not `version` + 1: a delete in doubt counts too
            elif id in known.doubtful and source is None and known.doubtful[id] is None:
                known.documents[id] = (None, version)  # deleted twice or once: the version stays in doubt
            else:
                assert source == acknowledged, f"{id} was acknowledged and is lost"
                if source is not None:
                    assert found["_version"] == version
    known.doubtful = {}


def check_search(client: Client, live: dict[str, Any], chance: random.Random) -> None:
    """Search finds exactly the live documents, as a whole and one by one, by word, number and vector."""
    assert client("POST", "/i/_count")["count"] == len(live)
    found: dict[str, Any] = {}
    after: list[Any] | None = None
    while True:
        body: dict[str, Any] = {"size": 5000, "sort": [{"n": "asc"}], "query": {"match_all": {}}}
        if after is not None:
            body["search_after"] = after
        hits = client("POST", "/i/_search", body)["hits"]["hits"]
        if not hits:
            break
        found.update({hit["_id"]: hit["_source"] for hit in hits})
        after = hits[-1]["sort"]
    assert found == live
    for id in chance.sample(sorted(live), min(20, len(live))):
        source = live[id]
        queries = [
            {"term": {"n": source["n"]}},
            {"match": {"text": source["text"].split()[1]}},
            *([{"knn": {"v": {"vector": source["v"], "k": 1}}}] if "v" in source else []),
        ]
        for query in queries:
            hits = client("POST", "/i/_search", {"query": query})["hits"]["hits"]
            assert id in [hit["_id"] for hit in hits], query


def derived(data: Path) -> Iterator[Path]:
    for folder in (data / "indices").iterdir():
        yield from (folder / "text", folder / "vectors")


def delete(data: Path, chance: random.Random) -> None:
    for folder in derived(data):
        shutil.rmtree(folder, ignore_errors=True)


def truncate(data: Path, chance: random.Random) -> None:
    files = [path for folder in derived(data) for path in folder.rglob("*") if path.is_file()]
    for path in chance.sample(files, min(len(files), chance.randint(1, 8))):
        os.truncate(path, int(path.stat().st_size * chance.random()))


def spare(data: Path, chance: random.Random) -> None:
    """No damage."""


DAMAGE: list[Callable[[Path, random.Random], None]] = [spare, delete, truncate]


@pytest.mark.faults
@pytest.mark.timeout(60 + 40 * ROUNDS)
def test_every_acknowledged_document_survives_kills_at_random_moments(tmp_path: Path) -> None:
    data = tmp_path / "data"
    chance = random.Random(SEED)
    names = ["bulk-a", "bulk-b", "single-a", "single-b", "single-c"]
    known = {name: Known() for name in names}
    indices = KnownIndices()
    server = Server(data)
    try:
        with closing(Client(server.wait())) as client:
            client("PUT", "/i", INDEX)
        for number in range(ROUNDS + 1):
            with closing(Client(server.wait())) as client:
                settle_indices(client, indices)
                for writer in known.values():
                    settle(client, writer)
                live = {id: source for writer in known.values() for id, source in writer.live.items()}
                check_search(client, live, chance)
            if number == ROUNDS:
                break

            acknowledged = threading.Semaphore(0)
            workers: list[Worker] = [
                Writer(name, server.wait(), known[name], chance.randrange(10**9), acknowledged) for name in names
            ]
            workers.append(Administrator(server.wait(), indices, chance.randrange(10**9), acknowledged))
            for thread in workers:
                thread.start()
            for _ in range(chance.randint(5, 100)):
                assert acknowledged.acquire(timeout=PATIENCE), server.said
            server.kill()
            for thread in workers:
                thread.join(PATIENCE)
                if thread.failure is not None:
                    raise thread.failure

            DAMAGE[number % len(DAMAGE)](data, chance)
            if number % 2 == 1:
                Server(data).kill_within(chance.uniform(0.2, 2.0))
            server = Server(data)
        assert len(live) > 10 * ROUNDS
    except BaseException as error:
        error.add_note(server.said)
        raise
    finally:
        server.kill()
