"""`ragstone serve` with security and TLS: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
import trustme

from ragstone.core import json

PASSWORD = "Reef-Kettle-9271!"


class Served:
    """The process, and what it has said on standard error."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""

    def event(self, beginning: str) -> str:
        """What the next line of the log says that begins so."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            event = str(json.decode(line.encode())["event"])
            if event.startswith(beginning):
                return event
        raise AssertionError("the process ended")

    def stop(self) -> None:
        self.process.terminate()
        self.said += self.process.communicate(timeout=20)[1]


@contextmanager
def serving(folder: Path, *options: str, variables: Mapping[str, str]) -> Iterator[tuple[Served, str]]:
    """The process, when it listens, and its URL."""
    command = [sys.executable, "-m", "ragstone", "serve", "--port", "0", "--data", str(folder / "data"), *options]
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment) as process:
        served = Served(process)
        try:
            yield served, served.event("listening on ").removeprefix("listening on ")
        finally:
            if process.returncode is None:
                served.stop()


def test_the_certificate_is_read_anew_at_sighup_and_the_password_is_the_variables(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = authority.issue_cert("127.0.0.1")
    (tmp_path / "server.key").write_bytes(made.private_key_pem.bytes())
    (tmp_path / "server.pem").write_bytes(made.cert_chain_pems[0].bytes())
    variables = {"RAGSTONE_SECURITY_ENABLED": "true", "RAGSTONE_INITIAL_ADMIN_PASSWORD": PASSWORD}
    options = ("--tls-cert", "server.pem", "--tls-key", "server.key")
    with serving(tmp_path, *options, variables=variables) as (served, url):
        assert url.startswith("https://127.0.0.1:")
        for _ in range(2):
            answer = requests.get(url, verify=str(tmp_path / "ca.pem"), auth=("admin", PASSWORD), timeout=10)
            assert answer.status_code == 200
            served.process.send_signal(signal.SIGHUP)
            served.event("the certificate was read anew")


def test_a_password_that_was_made_up_is_not_in_the_log(tmp_path: Path) -> None:
    with serving(tmp_path, variables={"RAGSTONE_SECURITY_ENABLED": "true"}) as (served, url):
        password = (tmp_path / "data" / "keys" / "initial_admin_password").read_text().strip()
        assert requests.get(url, auth=("admin", password), timeout=10).status_code == 200
        assert requests.get(url, auth=("admin", "wrong"), timeout=10).status_code == 401
        served.stop()
        assert "initial_admin_password" in served.said
        assert "stopped" in served.said
        assert password not in served.said
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file() and file.name != "initial_admin_password":
            assert password.encode() not in file.read_bytes(), file
