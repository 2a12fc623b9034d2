"""A credential that was given to a server is found nowhere but at the provider: not in an answer, a log or a file."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from ragstone.testing.secrecy import spellings

KEY = 'sk-7a55e1-"quoted"-4711'
SECOND = "sk-b0ad1c-the-second-one"
NEVER_TAKEN = "sk-0f0f0f-in-a-bad-request"
IN_VAULT = "sk-5ea1ed-in-the-vault"
ROTATED = "sk-0dd5ea-its-next-version"
SECRETS = (KEY, SECOND, NEVER_TAKEN, IN_VAULT, ROTATED)
ML = "/_plugins/_ml"


class EchoingProvider:
    """Refuses in the way its path says, and tells the key it was sent."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        seen = self.keys

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Authorization"].removeprefix("Bearer ")
                seen.append(key)
                way = self.path.rpartition("/")[2]
                if way == "cut":
                    self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nyour key {key}".encode())
                    self.close_connection = True
                    return
                status = int(way) if way.isdigit() else 200
                told = {"error": {"message": f"the key {key} is no good", "code": status}}
                body = f"not JSON: {key}" if way == "500" else json.dumps(told if status != 200 else {"ok": True})
                self.send_response(status)
                self.send_header("X-Your-Key", key)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> EchoingProvider:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[EchoingProvider]:
    with EchoingProvider() as provider:
        yield provider


class Run:
    """A server process that says all it can, and a client that keeps every answer."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.answers: list[str] = []
        self._log = folder / "log"
        (folder / "ragstone.yml").write_text(f"log_level: debug\ncluster_name: c\ndata: {self.data}\nport: 0\n")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ragstone", "serve", "--config", str(folder / "ragstone.yml")],
                env={**os.environ, "DEEPSEEK_API_KEY": SECOND, "COLUMNS": "300"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._url = self._listening()

    def _listening(self) -> str:
        with self._log.open() as log:
            while self._process.poll() is None:
                for line in iter(log.readline, ""):
                    found = line.partition("listening on ")[2].partition('"')[0]
                    if found:
                        return found
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def __call__(self, line: str, body: Any = None) -> Any:
        method, path = line.split(" ", 1)
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        answer = requests.request(
            method, self._url + path, data=data, headers={"Content-Type": "application/json"}, timeout=30
        )
        self.answers += [answer.text, str(answer.headers)]
        return answer.json()

    def vault(self, *arguments: str, value: str = "") -> str:
        """`ragstone secrets` beside the running server; what it says is kept like an answer."""
        command = [sys.executable, "-m", "ragstone", "secrets", *arguments, "--data", str(self.data)]
        done = subprocess.run(command, input=value, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.answers += [done.stdout, done.stderr]
        return done.stdout.strip()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0, self.log

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started = Run(tmp_path)
    yield started
    started.kill()


def connector(url: str, **members: Any) -> dict[str, Any]:
    action = {
        "action_type": "predict",
        "method": "POST",
        "url": url,
        "headers": {"Authorization": "Bearer ${credential.key}"},
        "request_body": '{"prompt": "${parameters.prompt}"}',
    }
    return {
        "name": "c",
        "version": "1",
        "protocol": "http",
        "credential": {"key": KEY},
        "client_config": {"max_retry_times": 0},
        "actions": [action],
        **members,
    }


def drive(run: Run, provider: EchoingProvider) -> None:
    """Everything one can do with a credential, well and badly."""
    trusted = {"trusted_connector_endpoints_regex": ["^http://127.0.0.1:.*$"], "connector.private_ip_enabled": True}
    run("PUT /_cluster/settings", {"persistent": {f"plugins.ml_commons.{key}": v for key, v in trusted.items()}})
    for way in ("200", "401", "402", "429", "500", "503", "cut"):
        made = run(f"POST {ML}/connectors/_create", connector(f"{provider.url}/{way}"))
        model = {"name": way, "function_name": "remote", "connector_id": made["connector_id"]}
        id = run(f"POST {ML}/models/_register?deploy=true", model)["model_id"]
        for parameters in ({"prompt": "hello"}, {}):
            run(f"POST {ML}/models/{id}/_predict?error_trace=true", {"parameters": parameters})
        run(f"GET {ML}/connectors/{made['connector_id']}")
    run(f"POST {ML}/models/{id}/_undeploy")
    run(f"PUT {ML}/connectors/{made['connector_id']}", {"credential": {"key": SECOND}})
    run(f"PUT {ML}/connectors/{made['connector_id']}", {"credential": {"key": SECOND}, "nonsense": True})
    run(f"POST {ML}/models/{id}/_predict", {"parameters": {"prompt": "hello"}})
    named(run, provider)
    inline = {"name": "inline", "function_name": "remote", "connector": connector(f"{provider.url}/401")}
    id = run(f"POST {ML}/models/_register?deploy=true", inline)["model_id"]
    run(f"GET {ML}/models/{id}")
    processor = {"retrieval_augmented_generation": {"model_id": id, "context_field_list": ["text"]}}
    run("PUT /_search/pipeline/rag", {"response_processors": [processor]})
    run("PUT /docs/_doc/1?refresh=true", {"text": "a"})
    ask = {"ext": {"generative_qa_parameters": {"llm_question": "q", "llm_model": "m"}}}
    run("POST /docs/_search?search_pipeline=rag&error_trace=true", ask)
    for bad in (
        {"credential": {"key": f"{NEVER_TAKEN}\r\nX-Injected: 1"}},
        {"credential": {"key": {"nested": NEVER_TAKEN}}},
        {"credential": [NEVER_TAKEN]},
        {"credential": {"key": NEVER_TAKEN}, "actions": []},
        {"credential": {"key": NEVER_TAKEN}, "protocol": "carrier_pigeon"},
        {"credential": {"key": NEVER_TAKEN}, "actions": [{"action_type": "predict", "method": "POST"}]},
    ):
        run(f"POST {ML}/connectors/_create?error_trace=true", {**connector(f"{provider.url}/200"), **bad})
    untrusted = connector("http://elsewhere.test/", credential={"key": NEVER_TAKEN})
    run(f"POST {ML}/connectors/_create", untrusted)
    run(f"POST {ML}/connectors/_create", json.dumps(untrusted)[:-2])
    for resource in ("connectors", "models"):
        run(f"POST {ML}/{resource}/_search", {"query": {"match_all": {}}, "size": 100})
    for path in (
        "/_nodes",
        "/_cluster/state",
        "/_cluster/settings?include_defaults=true",
        "/_all",
        "/_search?size=1000",
    ):
        run(f"GET {path}")


def named(run: Run, provider: EchoingProvider) -> None:
    """The same with connectors that name a secret, well and badly."""
    arn = run.vault("put", "s", "--key", "key", value=IN_VAULT)
    run.vault("put", "plain", value=IN_VAULT)
    run.vault("list")
    role = "arn:aws:iam::000000000000:role/r"
    for way, key in (("200", "key"), ("401", "key"), ("500", "key"), ("200", "other"), ("rotated", "key")):
        body = connector(f"{provider.url}/{way}", credential={"secretArn": arn, "roleArn": role})
        body["actions"][0]["headers"]["Authorization"] = f"Bearer ${{credential.secretArn.{key}}}"
        made = run(f"POST {ML}/connectors/_create", body)["connector_id"]
        model = {"name": way, "function_name": "remote", "connector_id": made}
        id = run(f"POST {ML}/models/_register?deploy=true", model)["model_id"]
        if way == "rotated":
            run.vault("rotate", "s", "--key", "key", value=ROTATED)
        run(f"POST {ML}/models/{id}/_predict?error_trace=true", {"parameters": {"prompt": "hello"}})
        run(f"GET {ML}/connectors/{made}")
    # A key that was pasted where its ARN belongs; and an unsigned reader.
    run(f"POST {ML}/connectors/_create", connector("http://x", credential={"secretArn": NEVER_TAKEN, "roleArn": role}))
    run("POST /", {"SecretId": arn})
    run.vault("delete", "plain", "--now")


def test_a_credential_is_in_no_answer_no_log_and_no_file(run: Run, provider: EchoingProvider) -> None:
    drive(run, provider)
    while_running = [path.read_bytes() for path in files(run.data)]
    run.stop()
    assert KEY in provider.keys
    assert SECOND in provider.keys
    assert IN_VAULT in provider.keys
    assert "is no good" in "".join(run.answers)
    stored = b"\n".join([*while_running, *(path.read_bytes() for path in files(run.data))])
    for spelled in (spelling for secret in SECRETS for spelling in spellings(secret)):
        told = [answer for answer in run.answers if spelled in answer]
        assert not told, told[0]
        assert spelled not in run.log
        assert spelled.encode() not in stored


def test_the_master_key_is_for_its_owner_only_and_in_no_other_file(run: Run, provider: EchoingProvider) -> None:
    run(f"POST {ML}/connectors/_create", connector("https://api.deepseek.com/x"))
    run.stop()
    key = run.data / "keys" / "master.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    content = key.read_bytes()
    assert not [path for path in files(run.data) if path != key and content in path.read_bytes()]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
