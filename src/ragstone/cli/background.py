"""A server in a process of its own, for commands that need one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ragstone.core import json
from ragstone.core.errors import OpenSearchException

_PATIENCE = 60.0
"""Seconds to start, far more than it takes."""
_SECRETS = ("DEEPSEEK_API_KEY",)
"""Variables of ours that a server has no need to know."""


class ServerFailed(Exception):
    """The server did not start; the message has the last it said."""


class BackgroundServer:
    """`ragstone serve` on a free port of the loopback interface, its data and log in `folder`; with further options and
    variables."""

    def __init__(self, folder: Path, options: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._options = options
        self._variables = variables or {}
        self.log = folder / "server.log"
        """What it says. The file is there once it was started."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> str:
        """Its URL, as soon as it listens. Raises ServerFailed."""
        command = [sys.executable, "-m", "ragstone", "serve", "--host", "127.0.0.1", "--port", "0"]
        command += ["--data", str(self._folder / "data"), "--log-level", "info", *self._options]
        environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        # Whoever starts a server for itself knows no login, whatever others on this machine are started with.
        environment.update({"RAGSTONE_SECURITY_ENABLED": "false", **self._variables})
        with self.log.open("wb") as log:
            # In a folder without a ragstone.yml, and out of reach of a Ctrl+C that is meant for us.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            address = self._address()
            if address is not None:
                return f"http://{address}"
            if self._process.poll() is not None:
                raise ServerFailed(f"the server ended at once: {self._last_words()}")
            time.sleep(0.02)
        raise ServerFailed(f"the server did not listen within {_PATIENCE:.0f} s: {self._last_words()}")

    def stop(self) -> None:
        """Ask it to stop, and wait; end it when it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _address(self) -> str | None:
        for line in self.log.read_bytes().splitlines():
            try:
                event = json.decode(line)
            except OpenSearchException:
                continue
            if isinstance(event, dict) and str(event.get("event", "")).startswith("listening on"):
                return str(event["address"])
        return None

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " ".join(lines[-3:]) or "it said nothing"
