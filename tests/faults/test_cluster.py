"""Two gateways before a cluster of three nodes, of which one is killed, and one gateway too, while clients go on.

Needs a cluster of its own in OPENSEARCH_CLUSTER, the URLs of its nodes with commas between: they are on this machine,
and one will be killed and started again as it was. RAGSTONE_FAULT_SECONDS is how long each stretch takes.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SECONDS = float(os.environ.get("RAGSTONE_FAULT_SECONDS", "8"))
CLUSTER_TIMEOUT = 15.0
"""Of the gateways: seconds without a byte from the cluster."""
DEADLINE = CLUSTER_TIMEOUT + 10.0
"""Seconds after which a request counts as hanging: the gateway's deadline, and time for a busy machine."""
PATIENCE = 180.0
LISTENING = re.compile(rb"listening on http://127\.0\.0\.1:(\d+)")
INDEX = "ragstone-faults"


# ── the cluster ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def nodes() -> list[str]:
    given = [url.rstrip("/") for url in os.environ.get("OPENSEARCH_CLUSTER", "").split(",") if url]
    if len(given) != 3:
        pytest.skip("needs a cluster of three nodes of its own: set OPENSEARCH_CLUSTER to their URLs")
    return given


def ask(url: str, method: str, path: str, body: Any = None, *, timeout: float = DEADLINE) -> tuple[int, Any]:
    """Status and decoded answer. Raises OSError and HTTPException."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"content-type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


def told(url: str, method: str, path: str, body: Any = None) -> Any:
    status, answer = ask(url, method, path, body, timeout=PATIENCE)
    assert status < 300, answer
    return answer


def until(what: str, holds: Callable[[], bool]) -> None:
    """Wait. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if holds():
                return
        except (OSError, http.client.HTTPException):
            pass  # nobody there yet
        threading.Event().wait(0.2)
    raise TimeoutError(what)


class ClusterNode:
    """A process that can be killed, and started again with the command it was started with."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pid = self._found()
        place = Path(f"/proc/{self._pid}")
        self._command = place.joinpath("cmdline").read_bytes().split(b"\0")[:-1]
        self._environment = dict(
            entry.split(b"=", 1) for entry in place.joinpath("environ").read_bytes().split(b"\0") if b"=" in entry
        )
        self._folder = place.joinpath("cwd").readlink()
        self._owner = place.stat()

    def _found(self) -> int:
        told_of = told(self.url, "GET", "/_nodes/_local/process")["nodes"]
        [node] = told_of.values()
        return int(node["process"]["id"])

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def start(self) -> None:
        as_root = os.geteuid() == 0
        subprocess.run(
            [b"setsid", b"--fork", *self._command],  # it is not this process's child, and outlives it
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._owner.st_uid if as_root else None,
            group=self._owner.st_gid if as_root else None,
            extra_groups=[] if as_root else None,
            check=True,
        )
        until(f"{self.url} is back", lambda: ask(self.url, "GET", "/")[0] == 200)
        self._tell_its_keeper()

    def _tell_its_keeper(self) -> None:
        """Whoever started it before stops it by the process id that stands beside its configuration."""
        before, self._pid = self._pid, self._found()
        option = b"-Dopensearch.path.conf="
        for argument in self._command:
            kept = Path(os.fsdecode(argument.removeprefix(option))).parent / "pid"
            if argument.startswith(option) and kept.exists() and kept.read_text().strip() == str(before):
                kept.write_text(str(self._pid))


def manager(nodes: Sequence[str]) -> str:
    """The node that manages the cluster: the worst one to lose."""
    name = told(nodes[0], "GET", "/_cat/cluster_manager?format=json")[0]["node"]
    for url in nodes:
        if told(url, "GET", "/_nodes/_local/process")["nodes"].popitem()[1]["name"] == name:
            return url
    raise AssertionError(f"none of the nodes is [{name}]")


# ── gateways and a model ─────────────────────────────────────────────────────────────────────────────────────────────


class Gateway:
    """A server process; always the same port once it has one."""

    def __init__(self, nodes: Sequence[str], folder: Path, keys: Path, config: Path) -> None:
        self._arguments = ["--cluster", ",".join(nodes), "--data", str(folder), "--config", str(config)]
        self._keys = keys
        self._port = 0
        self.said = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        serve = [sys.executable, "-m", "ragstone", "serve", "--engine", "opensearch", "--port", str(self._port)]
        environment = {**os.environ, "RAGSTONE_KEYS": str(self._keys), "RAGSTONE_CLUSTER_TIMEOUT": str(CLUSTER_TIMEOUT)}
        self._process = subprocess.Popen(
            [*serve, *self._arguments], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said += line
            found = LISTENING.search(line)
            if found is not None:
                self._port = int(found[1])
                break
        else:
            raise AssertionError(f"the gateway did not start: {self.said.decode()}")
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, stream: Any) -> None:
        with stream:
            for line in stream:
                self.said += line

    def end(self, number: int) -> None:
        self._process.send_signal(number)
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)


class _Model(BaseHTTPRequestHandler):
    """Answers questions, and turns texts into vectors by counting."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "messages" in asked:
            answer: Any = {"choices": [{"message": {"role": "assistant", "content": "So it is."}}]}
        else:
            vectors = [[float(len(text)), float(text.count("a")), 1.0, 0.5] for text in asked["input"]]
            answer = {"data": [{"index": i, "embedding": vector} for i, vector in enumerate(vectors)]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def model_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Model) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(PATIENCE)


@pytest.fixture
def gateways(nodes: list[str], tmp_path: Path, model_url: str) -> Iterator[list[Gateway]]:
    """Two of them, with nothing in the cluster but what they need."""
    gone = f"/{INDEX}*,.ragstone-*,.plugins-ml-*?expand_wildcards=all&ignore_unavailable=true"
    told(nodes[0], "DELETE", gone)
    config = tmp_path / "ragstone.yml"
    settings = {
        "plugins.ml_commons.trusted_connector_endpoints_regex": [f"^{re.escape(model_url)}/.*$"],
        "plugins.ml_commons.connector.private_ip_enabled": True,
        "plugins.ml_commons.rag_pipeline_feature_enabled": True,
    }
    config.write_text(json.dumps({"cluster_settings": settings}))
    pair = [Gateway(nodes, tmp_path / name, tmp_path / "keys", config) for name in ("one", "other")]
    started: list[Gateway] = []
    try:
        for gateway in pair:
            gateway.start()
            started.append(gateway)
        yield pair
    finally:
        for gateway in started:
            gateway.end(signal.SIGTERM)


def prepare(url: str, model_url: str) -> None:
    """Models, pipelines of ours, and an index that goes through them."""

    def model(name: str, path: str, body: str, function: str | None = None) -> str:
        action = {"action_type": "predict", "method": "POST", "url": model_url + path, "request_body": body}
        if function is not None:
            action["pre_process_function"] = "connector.pre_process.openai.embedding"
            action["post_process_function"] = function
        connector = {"name": name, "version": "1", "protocol": "http", "credential": {"key": "k"}, "actions": [action]}
        made = told(url, "POST", "/_plugins/_ml/connectors/_create", connector)
        body_of_model = {"name": name, "function_name": "remote", **made}
        return str(told(url, "POST", "/_plugins/_ml/models/_register?deploy=true", body_of_model)["model_id"])

    chat = model("chat", "/chat", '{ "model": "m", "messages": ${parameters.messages} }')
    embed = model("embed", "/embed", '{ "input": ${parameters.input} }', "connector.post_process.openai.embedding")
    processors = [{"text_embedding": {"model_id": embed, "field_map": {"text": "v"}}}]
    told(url, "PUT", "/_ingest/pipeline/embed", {"processors": processors})
    rag = {"retrieval_augmented_generation": {"model_id": chat, "context_field_list": ["text"]}}
    enrich = {"neural_query_enricher": {"default_model_id": embed}}
    told(url, "PUT", "/_search/pipeline/rag", {"response_processors": [rag]})
    told(url, "PUT", "/_search/pipeline/near", {"request_processors": [enrich]})
    vector = {"type": "knn_vector", "dimension": 4, "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"}}
    settings = {
        "index.number_of_shards": 3,
        "index.number_of_replicas": 1,
        "index.default_pipeline": "embed",
        "index.knn": True,
        "index.knn.derived_source.enabled": False,
    }
    properties = {"text": {"type": "text"}, "v": vector, "key": {"type": "keyword"}}
    told(url, "PUT", f"/{INDEX}", {"settings": settings, "mappings": {"properties": properties}})


# ── clients ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Client(threading.Thread):
    """Does its work again and again, at one gateway and, when that one is gone, at the other."""

    def __init__(self, number: int, urls: Sequence[str], stop: threading.Event) -> None:
        super().__init__(name=f"{type(self).__name__.lower()}-{number}", daemon=True)
        self._urls = itertools.cycle([*urls[number % 2 :], *urls[: number % 2]])
        self._url = next(self._urls)
        self._stopping = stop
        self.numbers = itertools.count()
        self.done = 0
        self.statuses: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self.longest = 0.0

    def work(self) -> None:
        raise NotImplementedError

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        begun = time.monotonic()
        try:
            status, answer = ask(self._url, method, path, body)
        finally:
            self.longest = max(self.longest, time.monotonic() - begun)
        if status >= 300:
            shaped(answer, status)
            self.statuses[f"{status} {answer['error']['type']}"] += 1
        return status, answer

    def run(self) -> None:
        try:
            while not self._stopping.wait(0.02):
                try:
                    self.work()
                except TimeoutError:
                    raise
                except (OSError, http.client.HTTPException) as gone:
                    self.statuses[type(gone).__name__] += 1
                    self._url = next(self._urls)
        except BaseException as failure:
            self.failure = failure


def shaped(answer: Any, status: int) -> None:
    """Whether it is an error of OpenSearch's shape."""
    assert answer["status"] == status, answer
    assert isinstance(answer["error"]["type"], str), answer
    assert "reason" in answer["error"], answer
    assert isinstance(answer["error"]["root_cause"], list), answer


class Writer(Client):
    """`acknowledged` and `doubtful` hold the keys of documents. Nothing is sent twice."""

    def __init__(self, number: int, urls: Sequence[str], stop: threading.Event) -> None:
        super().__init__(number, urls, stop)
        self.acknowledged: set[str] = set()
        self.doubtful: set[str] = set()

    def document(self) -> tuple[str, Any]:
        key = f"{self.name}-{next(self.numbers)}"
        return key, {"key": key, "text": f"a common text about {key}"}


class Single(Writer):
    """One document at a time, every other one with an id of the cluster's; some past our pipeline."""

    def work(self) -> None:
        key, source = self.document()
        number = int(key.rpartition("-")[2])
        own = number % 2
        path = f"/{INDEX}/_doc/{key}" if own else f"/{INDEX}/_doc"
        if number % 3 == 0:
            path += "?pipeline=_none"
        self.doubtful.add(key)
        status, _ = self.ask("PUT" if own else "POST", path, source)
        if status in (200, 201):
            self.done += 1
            self.doubtful.discard(key)
            self.acknowledged.add(key)


class Bulk(Writer):
    def work(self) -> None:
        documents = dict(self.document() for _ in range(10))
        lines: list[Any] = []
        for number, (key, source) in enumerate(documents.items()):
            lines += [{"index": {"_id": key}} if number % 2 else {"index": {}}, source]
        self.doubtful.update(documents)
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        status, answer = self.ask("POST", f"/{INDEX}/_bulk", body)
        if status != 200:
            return
        assert len(answer["items"]) == len(documents)
        for key, item in zip(documents, answer["items"], strict=True):
            if item["index"]["status"] in (200, 201):
                self.doubtful.discard(key)
                self.acknowledged.add(key)
            else:
                error = item["index"]["error"]
                self.statuses[f"item {item['index']['status']} {error['type']}"] += 1
        self.done += not answer["errors"]


class Searcher(Client):
    """Plain, with an answer, and by meaning."""

    def work(self) -> None:
        number = next(self.numbers) % 3
        plain: Any = {"query": {"match": {"text": "common"}}}
        neural: Any = {"query": {"neural": {"v": {"query_text": "a common text", "k": 5}}}}
        question = {"ext": {"generative_qa_parameters": {"llm_question": "why?", "llm_model": "m"}}}
        body, pipeline = (
            (plain, ""),
            ({**plain, **question}, "?search_pipeline=rag"),
            (neural, "?search_pipeline=near"),
        )[number]
        status, answer = self.ask("POST", f"/{INDEX}/_search{pipeline}", body)
        if status != 200:
            return
        assert answer["_shards"]["total"] == 3, answer
        if number == 1:
            assert answer["ext"]["retrieval_augmented_generation"]["answer"] == "So it is."
        self.done += answer["_shards"]["failed"] == 0


@contextmanager
def at_work(urls: Sequence[str]) -> Iterator[list[Client]]:
    stop = threading.Event()
    kinds: list[type[Client]] = [Bulk, Bulk, Single, Single, Single, Searcher, Searcher, Searcher]
    clients = [kind(number, urls, stop) for number, kind in enumerate(kinds)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        stop.set()
        for client in clients:
            client.join(PATIENCE)


def everybody_gets_on(clients: Sequence[Client], url: str | None = None) -> None:
    """Wait until each has done something more without an error: at that gateway, when one is named."""
    before = {client: client.done for client in clients}

    def holds() -> bool:
        for client in clients:
            if client.failure is not None:
                raise client.failure
        return all(client.done >= before[client] + 3 for client in clients)

    until("everybody gets on", holds)


# ── the days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_killed_nodes_and_gateways_lose_nothing_and_double_nothing(
    nodes: list[str], gateways: list[Gateway], model_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = gateways
    prepare(one.url, model_url)
    victim = ClusterNode(manager(nodes))
    survivors = [url for url in nodes if url != victim.url]
    pause = threading.Event()
    with at_work([one.url, other.url]) as clients:
        everybody_gets_on(clients)
        pause.wait(SECONDS)
        victim.kill()
        try:
            pause.wait(SECONDS)
            other.end(signal.SIGKILL)
            pause.wait(SECONDS / 2)
            other.start()
            everybody_gets_on(clients)  # with two nodes, and the gateway that nobody restarted
        finally:
            victim.start()
        pause.wait(SECONDS)
        everybody_gets_on(clients)
    until("green", lambda: told(survivors[0], "GET", "/_cluster/health")["status"] == "green")
    for client in clients:
        assert client.failure is None, client.failure
        assert client.longest < DEADLINE
    assert one.said.count(b"Traceback") == other.said.count(b"Traceback") == 0, (one.said + other.said).decode()

    for gateway in gateways:
        told(gateway.url, "POST", f"/{INDEX}/_refresh")
    found = Counter(everything(one.url))
    writers = [client for client in clients if isinstance(client, Writer)]
    acknowledged = set().union(*(writer.acknowledged for writer in writers))
    doubtful = set().union(*(writer.doubtful for writer in writers))
    with capsys.disabled():
        print(f"\n{len(acknowledged)} acknowledged, {len(doubtful)} doubtful, {len(found)} found")
        for client in clients:
            print(f"{client.name}: {client.done} done, longest {client.longest:.1f} s, {dict(client.statuses)}")
    assert acknowledged <= found.keys(), sorted(acknowledged - found.keys())[:10]
    assert found.keys() <= acknowledged | doubtful
    assert [key for key, times in found.items() if times > 1] == []
    assert told(other.url, "GET", f"/{INDEX}/_count")["count"] == len(found)


def everything(url: str) -> Iterator[str]:
    """The keys of all documents, in order."""
    told(url, "PUT", f"/{INDEX}/_settings", {"index.max_result_window": 1_000_000})
    body = {"size": 1_000_000, "sort": [{"key": "asc"}], "_source": False}
    for hit in told(url, "POST", f"/{INDEX}/_search", body)["hits"]["hits"]:
        yield hit["sort"][0]


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_what_the_cluster_can_not_do_is_told_in_its_own_words(
    nodes: list[str], gateways: list[Gateway], model_url: str
) -> None:
    """Of a search or write of ours as of one that is passed on: red shards, failing shards, conflicts."""
    url = gateways[0].url
    prepare(url, model_url)
    question: Any = {"ext": {"generative_qa_parameters": {"llm_question": "why?", "llm_model": "m"}}}

    def same(path: str, body: Any, *, extra: Any = None) -> tuple[int, Any]:
        """The answer to a search through our pipeline, but for what we add; it must be the cluster's."""
        path += "?preference=the-same-copies"
        status, direct = ask(nodes[0], "POST", path, body)
        ours_status, ours = ask(url, "POST", f"{path}&search_pipeline=rag", {**body, **(extra or {})})
        for answer in (direct, ours):
            answer.pop("took", None)
        ours.pop("ext", None)
        assert (ours_status, ours) == (status, direct)
        return status, direct

    # no shard is anywhere
    settings = {
        "index.number_of_shards": 1,
        "index.number_of_replicas": 0,
        "index.routing.allocation.require._name": "nobody",
    }
    told(url, "PUT", f"/{INDEX}-red?wait_for_active_shards=0", {"settings": settings})
    assert told(url, "GET", f"/_cluster/health/{INDEX}-red")["status"] == "red"
    status, answer = same(f"/{INDEX}-red/_search", {"query": {"match_all": {}}}, extra=question)
    assert (status, answer["error"]["type"]) == (503, "search_phase_execution_exception")
    for path in (f"/{INDEX}-red/_doc/1?timeout=1s", f"/{INDEX}-red/_doc/1?timeout=1s&pipeline=embed"):
        status, answer = ask(url, "PUT", path, {"text": "a"})
        shaped(answer, status)
        assert (status, answer["error"]["type"]) == (503, "unavailable_shards_exception")
    status, answer = ask(url, "GET", f"/{INDEX},{INDEX}-red/_search", {"query": {"match_all": {}}})
    shards = answer["_shards"]
    assert (status, shards["successful"]) == (200, shards["total"] - 1), "the others go on"

    # one document makes its shard fail
    for number in range(12):
        told(url, "PUT", f"/{INDEX}/_doc/{number}?refresh=true", {"text": f"common {number}", "key": str(number)})
    script = "if (doc['key'].value == '3') { throw new IllegalArgumentException('no three') } return true"
    body = {"query": {"script": {"script": {"source": script}}}, "sort": [{"key": "asc"}], "_source": ["key", "text"]}
    status, answer = same(f"/{INDEX}/_search", body, extra=question)
    assert status == 200
    assert answer["_shards"]["failed"] == 1
    assert answer["_shards"]["failures"][0]["reason"]["type"] == "script_exception"

    # somebody else was faster
    status, ours = ask(url, "PUT", f"/{INDEX}/_doc/1?if_seq_no=999&if_primary_term=1", {"text": "a"})
    direct_status, direct = ask(nodes[0], "PUT", f"/{INDEX}/_doc/1?if_seq_no=999&if_primary_term=1&pipeline=_none", {})
    assert (ours, status) == (direct, direct_status)
    assert status == 409
