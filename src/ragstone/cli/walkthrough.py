"""The tutorial's requests sent one by one, and shown as they go."""

from __future__ import annotations

import http.client
import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from ragstone.cli.tutorial import QUESTION, Step
from ragstone.core import json
from ragstone.core.errors import OpenSearchException

_PATIENCE = 120.0
"""Seconds that one request, or waiting for a task, may take."""


class DemoFailed(Exception):
    """The message says what went wrong, and where."""


class Walkthrough:
    """Sends to the server at `url`, as the user of `login` (name and password) if there is one. `secrets` are shown
    nowhere; `brief` shows a request in a line."""

    def __init__(
        self,
        console: Console,
        url: str,
        *,
        secrets: Sequence[str],
        login: tuple[str, str] | None = None,
        brief: bool = False,
    ) -> None:
        self._console = console
        self._url = url
        self._secrets = secrets
        self._brief = brief
        self._headers: dict[str, str] = {}
        if login is not None:
            self._headers["Authorization"] = f"Basic {b64encode(':'.join(login).encode()).decode()}"
        self._number = 0
        self._kept: dict[str, str] = {}

    def title(self, text: str, end: str = "\n") -> None:
        """Begin the next step."""
        self._number += 1
        self._console.print(f"[bold cyan]{self._number:2} {escape(text)}[/]", end=end)

    def keep(self, name: str, value: str) -> None:
        """Later steps may name it as `{{name}}`."""
        self._kept[name] = value

    def kept(self, name: str) -> str:
        return self._kept[name]

    def step(self, step: Step, different: str | None = None) -> Any:
        """Send a step, show it, and return its reply. `different` is the member of its body that is not the
        tutorial's. Raises DemoFailed."""
        step = step.filled(self._kept)
        if self._brief:
            self.title(step.title, end=" ")
        else:
            self._show_request(step, different)
        began = time.monotonic()
        with self._console.status("waiting"):
            status, reply = self._send(step)
            while step.until and status == 200 and reply.get(step.state) not in step.until:
                if time.monotonic() - began > _PATIENCE:
                    raise DemoFailed(f"{step.title}: no end after {_PATIENCE:.0f} s")
                time.sleep(0.05)
                status, reply = self._send(step)
        millis = (time.monotonic() - began) * 1000
        if self._brief:
            self._console.print(f"→ {millis:.0f} ms {escape(short(reply, 80))}")
        else:
            self._console.print(f"   → {millis:.0f} ms {escape(short(reply))}\n")
        failed = step.until and reply.get(step.state) != step.until[0]
        if status not in (200, 201) or failed or (isinstance(reply, dict) and reply.get("errors") is True):
            raise DemoFailed(f"{step.title} answered {status}: {short(reply, 2000)}")
        for name, member in step.keep.items():
            self._kept[name] = str(reply[member])
        return reply

    def _show_request(self, step: Step, different: str | None) -> None:
        self.title(step.title)
        self._console.print(f"   {step.method} {escape(step.path)}")
        content = (step.content() or b"").decode()
        if content:
            self._console.print(f"   {escape(short(self._without_secrets(content)))}", style="dim")
        if different:
            shown = step.body["actions"][0]["url"] if different == "url" else step.body[different]
            self._console.print(f"   [yellow]≠ {different}: {escape(short(shown, 400))}[/]")

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def result(self, reply: Any, figures: Sequence[str]) -> None:
        """Show what the search found and what was answered. Raises DemoFailed when the answer lacks a figure."""
        self._console.print("[bold]Hits[/]")
        for hit in reply["hits"]["hits"]:
            self._console.print(f"   {hit['_id']}  {hit['_score']:.4f}  {escape(short(hit['_source']['text'], 100))}")
        answer = reply.get("ext", {}).get("retrieval_augmented_generation", {}).get("answer")
        self._console.print(f"\n[bold]Question[/] {escape(QUESTION)}")
        self._console.print(f"[bold]Answer[/]   [green]{escape(str(answer))}[/]\n")
        missing = [figure for figure in figures if figure not in str(answer)]
        if missing:
            raise DemoFailed(f"the answer lacks {', '.join(missing)}")

    def _send(self, step: Step) -> tuple[int, Any]:
        content = step.content()
        headers = dict(self._headers)
        if content:
            headers["Content-Type"] = "application/x-ndjson" if step.path == "/_bulk" else "application/json"
        connection = http.client.HTTPConnection(self._url.removeprefix("http://"), timeout=_PATIENCE)
        try:
            connection.request(step.method, step.path, content, headers)
            response = connection.getresponse()
            return response.status, json.decode(response.read())
        except (OSError, http.client.HTTPException, OpenSearchException) as error:
            raise DemoFailed(f"{step.title}: no answer from the server ({type(error).__name__})") from None
        finally:
            connection.close()


def short(value: Any, width: int = 160) -> str:
    """A value on one line of at most `width` characters."""
    text = (value if isinstance(value, str) else json.encode(value).decode()).replace("\n", " ")
    return text if len(text) <= width else text[: width - 1] + "…"
