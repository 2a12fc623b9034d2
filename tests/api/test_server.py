"""The real server: limits of the head, the stop, and what it says when it can not start."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from ragstone.core.settings import Settings
from ragstone.rest.server import CannotListen, address_of, bind
from ragstone.testing.server import ThreadedServer


def talk(url: str, *pieces: bytes) -> bytes:
    """Everything the server says to raw bytes until it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough, and its answer is here already
            for piece in pieces:
                connection.sendall(piece)
        answer = b""
        while True:
            try:
                data = connection.recv(65536)
            except ConnectionResetError:
                return answer
            if not data:
                return answer
            answer += data


def error_of(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), head
    error: dict[str, Any] = json.loads(body)["error"]
    return error


def test_a_line_of_4096_bytes_is_the_longest(server: str) -> None:
    fits = 4096 - len("GET / HTTP/1.1")
    assert "no handler found" in requests.get(f"{server}/{'x/' * (fits // 2)}", timeout=10).text
    answer = requests.get(f"{server}/{'x' * (fits + 1)}", timeout=10)
    assert answer.json()["error"]["type"] == "too_long_http_line_exception"
    assert answer.json()["error"]["reason"] == "An HTTP line is larger than 4096 bytes."


def test_headers_of_more_than_16_kilobytes_are_refused(server: str) -> None:
    assert requests.get(server, headers={"X-Long": "x" * 16_000}, timeout=10).status_code == 200
    answer = requests.get(server, headers={"X-Long": "x" * 17_000}, timeout=10)
    assert answer.json()["error"]["type"] == "too_long_http_header_exception"


def test_an_endless_header_is_cut_off(server: str) -> None:
    answer = talk(server, b"GET / HTTP/1.1\r\nX-Endless: ", *[b"x" * 8192] * 8)
    assert error_of(answer)["type"] == "too_long_http_header_exception"


@pytest.mark.parametrize(
    "garbage",
    [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET /\x00 HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_http_gets_an_error_in_json(server: str, garbage: bytes) -> None:
    assert error_of(talk(server, garbage))["reason"].startswith("invalid HTTP request")


def test_bare_utf8_and_absolute_urls_are_understood(server: str) -> None:
    end = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert "no handler found for uri [/%C3%BC/a/b]" in talk(server, "GET /ü/a/b".encode() + end).decode()
    assert b"200 OK" in talk(server, b"GET http://x/" + end)
    assert b"200 OK" in talk(server, b"GET //" + end)


def test_requests_in_one_go_are_answered_in_order(server: str) -> None:
    first = b"GET /a/b/c/d HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = talk(server, first + last)
    assert answer.index(b"no handler found") < answer.index(b"200 OK")


def test_a_body_too_large_leaves_the_client_with_its_answer(settings: Settings, tmp_path: Path) -> None:
    small = Settings(port=0, data=tmp_path / "small", max_content_length=100_000)
    with ThreadedServer(small) as server:
        answer = requests.post(f"{server.url}/_bulk", data=b"x" * 150_000, timeout=10)
        assert (answer.status_code, answer.content) == (413, b"")


# ── start and stop ───────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def process(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "ragstone", "serve", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def listening(started: subprocess.Popen[str]) -> str:
    """The URL that the server announces."""
    assert started.stderr is not None
    for line in started.stderr:
        event: str = json.loads(line)["event"]
        if event.startswith("listening on "):
            return event.removeprefix("listening on ")
    raise AssertionError("the server ended before it listened")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with process("--port", "0", "--data", "data", folder=tmp_path) as started:
        url = listening(started)
        session = requests.Session()  # keeps a connection open, which must not hold up the stop
        assert session.get(url, timeout=10).status_code == 200
        started.send_signal(number)
        assert started.wait(20) == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=10)


def test_a_port_that_is_taken_is_named(settings: Settings, tmp_path: Path) -> None:
    with ThreadedServer(settings) as server:
        port = server.url.rpartition(":")[2]
        with process("--port", port, "--data", "other", folder=tmp_path) as started:
            _, errors = started.communicate(timeout=20)
    assert started.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in errors
    assert "Traceback" not in errors


def test_data_that_another_server_holds_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    with (
        ThreadedServer(settings) as server,
        process("--port", "0", "--data", str(settings.data), folder=tmp_path) as started,
    ):
        _, errors = started.communicate(timeout=20)
        assert requests.get(server.url, timeout=10).status_code == 200
    assert started.returncode == 1
    assert errors.startswith("ragstone: ")
    assert str(settings.data) in errors
    assert "Traceback" not in errors


def test_what_was_acknowledged_is_there_after_a_restart(settings: Settings) -> None:
    change = {"persistent": {"search.max_buckets": 7}, "transient": {"search.max_open_pit_context": 8}}
    with ThreadedServer(settings) as server:
        first = requests.get(server.url, timeout=10).json()
        assert requests.put(f"{server.url}/books/_doc/1", json={"a": 1}, timeout=10).status_code == 201
        assert requests.put(f"{server.url}/_cluster/settings", json=change, timeout=10).status_code == 200
        node = requests.get(f"{server.url}/_nodes", timeout=10).json()["nodes"]
    with ThreadedServer(settings) as server:
        assert requests.get(server.url, timeout=10).json() == first
        assert requests.get(f"{server.url}/_nodes", timeout=10).json()["nodes"].keys() == node.keys()
        assert requests.get(f"{server.url}/books/_doc/1", timeout=10).json()["_source"] == {"a": 1}
        kept = requests.get(f"{server.url}/_cluster/settings?flat_settings", timeout=10).json()
        assert kept == {"persistent": {"search.max_buckets": "7"}, "transient": {}}


def test_beyond_loopback_is_refused(tmp_path: Path) -> None:
    with process("--host", "0.0.0.0", folder=tmp_path) as started:
        _, errors = started.communicate(timeout=20)
    assert started.returncode == 2
    assert "will not listen on 0.0.0.0" in errors


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "ragstone.yml").write_text("hots: 127.0.0.1\n")
    with process(folder=tmp_path) as started:
        _, errors = started.communicate(timeout=20)
    assert started.returncode == 2
    assert "unknown settings ['hots'] in [ragstone.yml]" in errors


def test_data_that_cannot_be_a_folder_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "ragstone", "serve", "--port", "0", "--data", str(tmp_path / "file")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"ragstone: cannot use data folder [{tmp_path / 'file'}]: File exists\n"


def test_an_address_that_does_not_exist_is_told(settings: Settings) -> None:
    with pytest.raises(CannotListen, match="will not listen"):
        bind(Settings(host="no.such.host.invalid"))


def test_localhost_and_ipv6_are_loopback() -> None:
    with bind(Settings(host="localhost", port=0)) as listener:
        assert address_of(listener).rpartition(":")[0] in ("127.0.0.1", "[::1]")


def test_a_running_request_is_finished_before_the_stop(settings: Settings) -> None:
    with ThreadedServer(settings) as server:
        results: list[int] = []

        def wait() -> None:
            url = f"{server.url}/_cluster/health/none?timeout=300ms"
            results.append(requests.get(url, timeout=10).status_code)

        waiting = threading.Thread(target=wait)
        waiting.start()
        server.until_busy()
    waiting.join(10)
    assert results == [408]


def test_a_request_that_outlasts_the_grace_is_told_so(tmp_path: Path) -> None:
    impatient = Settings(port=0, data=tmp_path / "data", shutdown_grace=0.0)
    answers: list[requests.Response] = []

    def wait(url: str) -> None:
        answers.append(requests.get(f"{url}/_cluster/health/none?timeout=60s", timeout=30))

    with ThreadedServer(impatient) as server:
        waiting = threading.Thread(target=wait, args=[server.url])
        waiting.start()
        server.until_busy()
    waiting.join(10)
    assert [answer.status_code for answer in answers] == [503]
    assert answers[0].json()["error"]["reason"] == "the node is shutting down"


def test_a_client_that_hangs_up_leaves_no_work_behind(settings: Settings) -> None:
    with ThreadedServer(settings) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"GET /_cluster/health/none?timeout=60s HTTP/1.1\r\nHost: x\r\n\r\n")
            server.until_busy()
        server.until_busy(False)
