"""The tutorial's requests, as they are written there, in order, against a simulated DeepSeek under its real name: over
plain HTTP, through opensearch-py and through curl, and with restarts between."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from opensearchpy import OpenSearch

from ragstone.cli.tutorial import QUESTION, Chat, documents, steps
from ragstone.core.clock import SystemClock
from ragstone.core.settings import Settings
from ragstone.dsl.dev_tools import DevToolsRequest, parse
from ragstone.testing.deepseek import ChatRequest, SimulatedDeepSeek
from ragstone.testing.embeddings import HashingRuntime
from ragstone.testing.server import ThreadedServer

TUTORIAL = parse((Path(__file__).parent / "requests.txt").read_text(encoding="utf-8"))
KEY = "sk-0123456789abcdef"
HELLO = "Hello! How can I assist you today? 😊"
ANSWER = "From 2021 to 2023, New York City's metro area population increased by 114,000."

Send = Callable[[str, DevToolsRequest], tuple[int, Any]]


def over_http(url: str, request: DevToolsRequest) -> tuple[int, Any]:
    kind = "application/x-ndjson" if request.several else "application/json"
    body = request.body.encode() if request.body else None
    response = requests.request(
        request.method, url + request.path, data=body, headers={"Content-Type": kind} if body else {}, timeout=60
    )
    return response.status_code, response.json()


def through_opensearch_py(url: str, request: DevToolsRequest) -> tuple[int, Any]:
    client = OpenSearch([url])
    path, _, query = request.path.partition("?")
    parameters = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
    try:
        body = None
        if request.body is not None:
            body = request.body if request.several else json.loads(request.body)
        return 200, client.transport.perform_request(request.method, path, params=parameters, body=body)
    finally:
        client.close()


def through_curl(url: str, request: DevToolsRequest) -> tuple[int, Any]:
    command = ["curl", "-s", "-w", "\n%{http_code}", "-X", request.method, url + request.path]
    if request.body is not None:
        kind = "application/x-ndjson" if request.several else "application/json"
        command += ["-H", f"Content-Type: {kind}", "--data-binary", "@-"]
    done = subprocess.run(command, input=(request.body or "").encode(), capture_output=True, check=True, timeout=60)
    body, _, status = done.stdout.decode().rpartition("\n")
    return int(status), json.loads(body)


CLIENTS = [
    pytest.param(over_http, id="http"),
    pytest.param(through_opensearch_py, id="opensearch-py"),
    pytest.param(
        through_curl,
        id="curl",
        marks=pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
    ),
]


class Run:
    """Sends the tutorial's requests with this run's ids in the place of the tutorial's, and keeps the replies."""

    def __init__(self, send: Send = over_http) -> None:
        self.send = send
        self.ids = {"your_deepseek_key": KEY}
        self.replies: dict[str, Any] = {}

    def __call__(self, url: str, request: DevToolsRequest) -> Any:
        name = f"{request.method} {request.path}"
        filled = DevToolsRequest(
            request.method, self._own(request.path), self._own(request.body), request.several, request.line
        )
        status, reply = self.send(url, filled)
        end = time.monotonic() + 30
        while self._unfinished(reply) and time.monotonic() < end:
            status, reply = self.send(url, filled)
        assert status == 200, reply
        self.replies[name] = reply
        for theirs, member, when in (
            ("duRJsZQBFSAM-WcznrIw", "connector_id", "connectors/_create"),
            ("UylKsZQBts7fa6byEx2M", "model_group_id", "model_groups/_register"),
            ("VSlKsZQBts7fa6bypR02", "model_id", "models/_register"),
            ("aFeif4oB5Vm0Tdw8yoN7", "task_id", "models/_register?deploy=true"),
            ("USkHsZQBts7fa6bybx3G", "model_id", "tasks/aFeif4oB5Vm0Tdw8yoN7"),
        ):
            if request.path.endswith(when):
                self.ids[theirs] = reply[member]
        return reply

    def _own(self, text: Any) -> Any:
        for theirs, ours in self.ids.items():
            text = text.replace(theirs, ours) if text else text
        return text

    @staticmethod
    def _unfinished(reply: Any) -> bool:
        if reply.get("task_type") == "REGISTER_MODEL":
            return reply["state"] in ("CREATED", "RUNNING")
        return "model_state" in reply and reply["model_state"] not in ("DEPLOYED", "DEPLOY_FAILED")


def answering(request: ChatRequest) -> str:
    return ANSWER if "QUESTION:" in request.last_user_text else HELLO


@pytest.fixture
def deepseek() -> Iterator[SimulatedDeepSeek]:
    with SimulatedDeepSeek("v3-2025", answer=answering, api_key=KEY) as simulated:
        yield simulated


@pytest.fixture
def serve(settings: Settings, deepseek: SimulatedDeepSeek) -> Callable[[], ThreadedServer]:
    """A server on the test's data folder; as often as one likes, one after the other."""
    return lambda: ThreadedServer(settings, transport=deepseek.transport(), embeddings=HashingRuntime())


def shape(value: Any) -> Any:
    """A reply with its keys in order and the kinds of its values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


MESSAGE = {"role": "str", "content": "str"}
SHAPES = {
    "POST /_plugins/_ml/connectors/_create": {"connector_id": "str"},
    "POST /_plugins/_ml/model_groups/_register": {"model_group_id": "str", "status": "str"},
    "POST /_plugins/_ml/models/_register": {"task_id": "str", "status": "str", "model_id": "str"},
    "POST /_plugins/_ml/models/VSlKsZQBts7fa6bypR02/_deploy": {"task_id": "str", "task_type": "str", "status": "str"},
    "POST /_plugins/_ml/models/VSlKsZQBts7fa6bypR02/_predict": {
        "inference_results": [
            {
                "output": [
                    {
                        "name": "str",
                        "dataAsMap": {
                            "id": "str",
                            "object": "str",
                            "created": "number",
                            "model": "str",
                            "choices": [
                                {"index": "number", "message": MESSAGE, "logprobs": "NoneType", "finish_reason": "str"}
                            ],
                            "usage": {
                                "prompt_tokens": "number",
                                "completion_tokens": "number",
                                "total_tokens": "number",
                                "prompt_tokens_details": {"cached_tokens": "number"},
                                "prompt_cache_hit_tokens": "number",
                                "prompt_cache_miss_tokens": "number",
                            },
                            "system_fingerprint": "str",
                        },
                    }
                ],
                "status_code": "number",
            }
        ]
    },
    "PUT /_search/pipeline/my-conversation-search-pipeline-deepseek-chat": {"acknowledged": "bool"},
    "GET /my-nlp-index/_search?search_pipeline=my-conversation-search-pipeline-deepseek-chat": {
        "took": "number",
        "timed_out": "bool",
        "_shards": {"total": "number", "successful": "number", "skipped": "number", "failed": "number"},
        "hits": {
            "total": {"value": "number", "relation": "str"},
            "max_score": "number",
            "hits": [{"_index": "str", "_id": "str", "_score": "number", "_source": {"text": "str"}}],
        },
        "ext": {"retrieval_augmented_generation": {"answer": "str"}},
    },
}


def check(run: Run, deepseek: SimulatedDeepSeek) -> None:
    """Every reply has the tutorial's shape, and DeepSeek was asked what the tutorial asks."""
    for name, wanted in SHAPES.items():
        assert list(_flat(shape(run.replies[name]))) == list(_flat(wanted)), name
    deployed = run.replies["POST /_plugins/_ml/models/VSlKsZQBts7fa6bypR02/_deploy"]
    assert (deployed["task_type"], deployed["status"]) == ("DEPLOY_MODEL", "COMPLETED")
    predicted = run.replies["POST /_plugins/_ml/models/VSlKsZQBts7fa6bypR02/_predict"]
    assert predicted["inference_results"][0]["output"][0]["dataAsMap"]["choices"][0]["message"]["content"] == HELLO

    (search,) = (reply for name, reply in run.replies.items() if "/_search?" in name)
    assert search["ext"]["retrieval_augmented_generation"]["answer"] == ANSWER
    hits = search["hits"]["hits"]
    assert len(hits) == 4
    assert [hit["_score"] for hit in hits] == sorted((hit["_score"] for hit in hits), reverse=True)
    assert all(hit["_source"]["text"] == documents()[int(hit["_id"]) - 1] for hit in hits)

    hello, asked = deepseek.requests
    assert {request.path for request in deepseek.requests} == {"/v1/chat/completions"}
    assert hello.body == {
        "model": "deepseek-chat",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Hello!"},
        ],
    }
    assert set(asked.body) == {"model", "messages"}
    assert asked.body["messages"][0] == {"role": "system", "content": "You are a helpful assistant."}
    told = "\n".join(message["content"] for message in asked.body["messages"][1:])
    at = [told.index("Generate a concise and informative answer in less than 100 words for the given question")]
    at += [told.index(f"SEARCH RESULT {number}: {hit['_source']['text']}") for number, hit in enumerate(hits, 1)]
    at += [told.index(f"QUESTION: {QUESTION}"), told.index("ANSWER:")]
    assert at == sorted(at)


def _flat(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item, f"{path}[]")
    else:
        yield f"{path}: {value}"


@pytest.mark.parametrize("send", CLIENTS)
def test_the_tutorial_runs_from_its_first_request_to_its_answer(
    send: Send, serve: Callable[[], ThreadedServer], deepseek: SimulatedDeepSeek
) -> None:
    run = Run(send)
    with serve() as server:
        for request in TUTORIAL:
            if request.path.endswith("/_search?search_pipeline=my-conversation-search-pipeline-deepseek-chat"):
                send(server.url, DevToolsRequest("POST", "/my-nlp-index/_refresh", None, False, 0))
            run(server.url, request)
    check(run, deepseek)


def test_the_tutorial_runs_in_front_of_a_cluster(tmp_path: Path, opensearch: str, deepseek: SimulatedDeepSeek) -> None:
    """Half of it through one gateway, the other half through another one with the same master key."""
    run = Run()
    for number, requested in enumerate((TUTORIAL[: len(TUTORIAL) // 2], TUTORIAL[len(TUTORIAL) // 2 :])):
        settings = Settings(
            port=0, data=tmp_path / str(number), keys=tmp_path / "keys", engine="opensearch", cluster=(opensearch,)
        )
        with ThreadedServer(settings, transport=deepseek.transport(), embeddings=HashingRuntime()) as server:
            for request in requested:
                if "/_search?" in request.path:
                    over_http(server.url, DevToolsRequest("POST", "/my-nlp-index/_refresh", None, False, 0))
                run(server.url, request)
    check(run, deepseek)


@pytest.mark.parametrize(
    "before",
    [
        "POST /_plugins/_ml/model_groups/_register",
        "POST /_plugins/_ml/models/VSlKsZQBts7fa6bypR02/_predict",
        "PUT /_ingest/pipeline/nlp-ingest-pipeline",
        "GET /my-nlp-index/_search?search_pipeline=my-conversation-search-pipeline-deepseek-chat",
    ],
)
def test_after_a_restart_it_goes_on_where_it_was(
    before: str, serve: Callable[[], ThreadedServer], deepseek: SimulatedDeepSeek
) -> None:
    names = [f"{request.method} {request.path}" for request in TUTORIAL]
    place = names.index(before)
    run = Run()
    with serve() as server:
        for request in TUTORIAL[:place]:
            run(server.url, request)
    with serve() as server:
        for request in TUTORIAL[place:]:
            if "/_search?" in request.path:
                over_http(server.url, DevToolsRequest("POST", "/my-nlp-index/_refresh", None, False, 0))
            run(server.url, request)
    check(run, deepseek)


def test_documents_become_searchable_by_themselves_within_moments(
    serve: Callable[[], ThreadedServer], deepseek: SimulatedDeepSeek
) -> None:
    run = Run()
    with serve() as server:
        for request in TUTORIAL[:-1]:
            run(server.url, request)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            found = run(server.url, TUTORIAL[-1])["hits"]["hits"]
            if len(found) == 4:
                break
        assert len(found) == 4


def test_the_key_is_shown_nowhere(
    serve: Callable[[], ThreadedServer], settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    run = Run()
    with serve() as server:
        for request in TUTORIAL[:6]:
            run(server.url, request)
        connector = run.ids["duRJsZQBFSAM-WcznrIw"]
        for method, path, body in (
            ("GET", f"/_plugins/_ml/connectors/{connector}", None),
            (
                "POST",
                "/_plugins/_ml/connectors/_search",
                '{"query": {"match_all": {}}, "_source": ["credential", "name"]}',
            ),
            ("POST", "/_plugins/_ml/models/_search", '{"query": {"match_all": {}}}'),
        ):
            _, reply = over_http(server.url, DevToolsRequest(method, path, body, False, 0))
            assert KEY not in json.dumps(reply)
    for file in settings.data.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err


# ── the connector of step 4.2 as it is printed, with the key of step 1 ───────────────────────────────────────────────

SECRET_NAME, SECRET_KEY = "my_test_deepseek_secret", "my_deepseek_key"
ROLE = "arn:aws:iam::123456789012:role/my_deepseek_secret_role"


def with_secret(request: DevToolsRequest) -> DevToolsRequest:
    """The connector with `secretArn` and `roleArn`; every other request as it is."""
    if not request.path.endswith("connectors/_create"):
        return request
    connector = json.loads(request.body or "")
    connector["credential"] = {
        "secretArn": "your_secret_arn_created_in_step1",
        "roleArn": "your_iam_role_arn_created_in_step2",
    }
    connector["actions"][0]["headers"]["Authorization"] = f"Bearer ${{credential.secretArn.{SECRET_KEY}}}"
    return DevToolsRequest(request.method, request.path, json.dumps(connector), request.several, request.line)


class Vault:
    """Step 1 with nothing but Ragstone: the local vault, by the command line."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __call__(self, command: str, key: str) -> str:
        """`put` or `rotate`; answers the ARN."""
        arguments = ["secrets", command, SECRET_NAME, "--key", SECRET_KEY, "--data", str(self._data)]
        done = subprocess.run(
            [sys.executable, "-m", "ragstone", *arguments], input=key.encode(), capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()


class SecretsManager:
    """Step 1 at AWS, which is moto's server here."""

    def __call__(self, command: str, key: str) -> str:
        with closing(boto3.client("secretsmanager", region_name="us-east-1")) as client:
            call = client.create_secret if command == "put" else client.put_secret_value
            name = {"Name" if command == "put" else "SecretId": SECRET_NAME}
            return str(call(**name, SecretString=json.dumps({SECRET_KEY: key}))["ARN"])


@pytest.fixture(params=["vault", "aws"])
def step_1(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], str]]:
    if request.param == "vault":
        yield Vault(settings.data)
        return
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-node")
    yield SecretsManager()
    aws.stop()


def test_the_tutorial_runs_with_the_key_in_a_secret(
    step_1: Callable[[str, str], str],
    serve: Callable[[], ThreadedServer],
    deepseek: SimulatedDeepSeek,
    settings: Settings,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run = Run()
    run.ids |= {
        "your_secret_arn_created_in_step1": step_1("put", KEY),
        "your_iam_role_arn_created_in_step2": ROLE,
    }
    with serve() as server:
        for request in TUTORIAL:
            if "/_search?" in request.path:
                over_http(server.url, DevToolsRequest("POST", "/my-nlp-index/_refresh", None, False, 0))
            run(server.url, with_secret(request))
        connector = f"/_plugins/_ml/connectors/{run.ids['duRJsZQBFSAM-WcznrIw']}"
        shown = over_http(server.url, DevToolsRequest("GET", connector, None, False, 0))[1]
    check(run, deepseek)
    assert "credential" not in shown
    assert "arn:aws" not in json.dumps(shown)
    for file in settings.data.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err


class LaterClock(SystemClock):
    """The machine's clock, `ahead` seconds later."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_a_rotated_key_is_used_as_soon_as_the_old_one_is_refused(
    step_1: Callable[[str, str], str], settings: Settings, deepseek: SimulatedDeepSeek
) -> None:
    clock = LaterClock()
    run = Run()
    run.ids |= {
        "your_secret_arn_created_in_step1": step_1("put", "sk-of-yesterday"),
        "your_iam_role_arn_created_in_step2": ROLE,
    }
    predict = TUTORIAL[5]
    with ThreadedServer(settings, transport=deepseek.transport(), clock=clock) as server:
        for request in TUTORIAL[:5]:
            run(server.url, with_secret(request))
        refused = over_http(server.url, DevToolsRequest("POST", run._own(predict.path), predict.body, False, 0))
        assert refused[0] == 401
        assert "sk-of-yesterday" not in json.dumps(refused[1])
        step_1("rotate", KEY)
        clock.ahead = 10  # a secret that was read a moment ago is not read again at once, whoever refuses it
        answered = over_http(server.url, DevToolsRequest("POST", run._own(predict.path), predict.body, False, 0))
        assert answered[0] == 200, answered


def test_todays_deepseek_refuses_the_tutorials_model_in_its_own_words(settings: Settings) -> None:
    with (
        SimulatedDeepSeek("v41-2026-09", answer=answering, api_key=KEY) as today,
        ThreadedServer(settings, transport=today.transport(), embeddings=HashingRuntime()) as server,
    ):
        run = Run()
        for request in TUTORIAL[:5]:
            run(server.url, request)
        predict = DevToolsRequest("POST", run._own(TUTORIAL[5].path), TUTORIAL[5].body, False, 0)
        status, reply = over_http(server.url, predict)
    assert status == 400
    reason = reply["error"]["reason"]
    assert reason.startswith("Error from remote service: ")
    assert "The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed deepseek-chat" in reason


def test_with_a_current_name_todays_deepseek_answers_and_its_thinking_stays_out(settings: Settings) -> None:
    def current(text: Any) -> Any:
        return text.replace('"deepseek-chat"', '"deepseek-flash"') if text else text

    with (
        SimulatedDeepSeek("v41-2026-09", answer=answering, api_key=KEY) as today,
        ThreadedServer(settings, transport=today.transport(), embeddings=HashingRuntime()) as server,
    ):
        run = Run()
        for request in TUTORIAL:
            body = current(request.body)
            run(server.url, DevToolsRequest(request.method, request.path, body, request.several, request.line))
    search = run.replies[f"GET {TUTORIAL[-1].path}"]
    assert search["ext"] == {"retrieval_augmented_generation": {"answer": ANSWER}}
    assert "I look at what I was given" not in json.dumps(search)


def test_the_demo_sends_the_same_requests() -> None:
    ids = {
        "connector_id": "duRJsZQBFSAM-WcznrIw",
        "model_group_id": "UylKsZQBts7fa6byEx2M",
        "model_id": "VSlKsZQBts7fa6bypR02",
        "task_id": "aFeif4oB5Vm0Tdw8yoN7",
        "embedding_model_id": "USkHsZQBts7fa6bybx3G",
    }
    demo = [step.filled(ids) for step in steps(Chat("your_deepseek_key"))]
    sent = [(s.method, s.path, _decoded(s.content())) for s in demo if not s.path.endswith("/_refresh")]
    assert sent == [(r.method, r.path, _decoded(r.body.encode() if r.body else None)) for r in TUTORIAL]


def _decoded(body: bytes | None) -> Any:
    if body is None:
        return None
    lines = re.split(rb"\n(?=\{\")", body.strip()) if body.endswith(b"}\n") else [body]
    return [json.loads(line) for line in lines]
