"""Runs a scenario against a server, and tells how it went."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol
from uuid import uuid4

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.testing.conformance.comparison import differences
from ragstone.testing.conformance.matchers import Exactly, Pattern, Unordered
from ragstone.testing.conformance.scenario import KINDS, Expectation, Scenario, Step

_PATIENCE = 30.0
"""Seconds that `until` waits."""


@dataclass(frozen=True)
class Request:
    """As it goes out."""

    method: str
    target: str
    content: bytes | None
    content_type: str


@dataclass(frozen=True)
class Reply:
    """As it came, decompressed. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def value(self) -> Any:
        """Decoded JSON, or the text when it is none."""
        try:
            return json.decode(self.content)
        except OpenSearchException:
            return self.content.decode("utf-8", "replace")


Send = Callable[[Request], Reply]


class Chat(Protocol):
    """The chat model behind the server, when it is a simulated one."""

    def will_answer(self, answers: list[str]) -> None: ...

    def last_request(self) -> Any:
        """The body of the last one, decoded."""


class Verdict(StrEnum):
    """What became of a scenario that did not fail."""

    AGREES = "agrees"
    DIFFERS = "differs"
    """Somewhere, on purpose, as it is written down."""
    LACKS = "lacks"
    """It does not work there, as it is written down."""


class Disagreement(AssertionError):
    """Says which replies are not as they are written, and how."""


def play(scenario: Scenario, target: str, send: Send, chat: Chat | None = None) -> Verdict:
    """Run `scenario` on the server behind `send`, which is a `target`, and clean up.

    Raises Disagreement with every reply that is not as it is written; and when a difference or a lack is written down
    that is none any more.
    """
    names = {name: f"conformance-{uuid4().hex[:12]}-{name}" for name in scenario.names}
    if chat is not None and scenario.chat:
        chat.will_answer(list(scenario.chat))
    run = _Run(target, send, chat, dict(names))
    try:
        faults = [fault for number, step in enumerate(scenario.steps, 1) for fault in run.take(step, number)]
    except _CannotGoOn as end:
        faults = [str(end)]
    finally:
        run.clean_up(scenario, names)
    if target in scenario.lacks:
        if faults:
            return Verdict.LACKS
        faults = [f"it works: {target} no longer lacks {scenario.lacks[target]}"]
    if faults:
        raise Disagreement("\n".join([f"{scenario.name} on {target}:", *faults]))
    return Verdict.DIFFERS if any(target in step.differs for step in scenario.steps) else Verdict.AGREES


class _CannotGoOn(Exception):
    """Later steps need what this reply does not have."""


class _Run:
    def __init__(self, target: str, send: Send, chat: Chat | None, known: dict[str, Any]) -> None:
        self.target = target
        self._send = send
        self._chat = chat
        self._known = known

    def take(self, step: Step, number: int) -> list[str]:
        """Send the request; how the reply is not as it is written."""
        title = f"step {number}, {step.method} {self._filled_text(step.target)}"
        reply = self._answer(step, title)
        faults = self._faults(step.expected_on(self.target), reply)
        if not faults and self.target in step.differs and not self._faults(step.expected, reply):
            faults = ["it answers as the others do; the difference is none any more"]
        if step.asked is not None and self._chat is not None:
            asked = differences(self._filled(step.asked), self._chat.last_request())
            faults += [f"the chat model was asked otherwise: {fault}" for fault in asked]
        told = [f"{title}: {fault}" for fault in faults]
        for name, way in step.keep.items():
            try:
                self._known[name] = _member(reply.value(), way)
            except LookupError:
                raise _CannotGoOn("\n".join([*told, f"{title}: the reply has no [{way}]"])) from None
        return told

    def clean_up(self, scenario: Scenario, names: Mapping[str, str]) -> None:
        """What is not there any more, or never was, is answered with an error that nobody minds."""
        for step in scenario.at_the_end:
            self._send(self._request(step))
        for name, kind in scenario.names.items():
            path = KINDS[kind]
            if path is not None:
                self._send(Request("DELETE", path.format(names[name]), None, ""))

    def _answer(self, step: Step, title: str) -> Reply:
        request = self._request(step)
        end = time.monotonic() + _PATIENCE
        reply = self._send(request)
        while step.until is not None and differences(self._filled(step.until), reply.value()):
            if time.monotonic() > end:
                raise _CannotGoOn(f"{title} did not come to {step.until} in {_PATIENCE:.0f} s: {reply.value()}")
            time.sleep(0.02)
            reply = self._send(request)
        return reply

    def _request(self, step: Step) -> Request:
        content = None if step.content is None else self._filled_text(step.content).encode()
        return Request(step.method, self._filled_text(step.target), content, step.content_type)

    def _faults(self, expected: Expectation, reply: Reply) -> list[str]:
        if reply.status != expected.status:
            return [
                f"expected status {expected.status}, is {reply.status}: {reply.content[:1000].decode(errors='replace')}"
            ]
        faults = differences(self._filled(expected.headers), dict(reply.headers)) if expected.headers else []
        return faults + differences(self._filled(expected.reply), reply.value())

    def _filled(self, value: Any) -> Any:
        """An expectation with every name replaced. A text that is but a name may become something else than a text."""
        if isinstance(value, str):
            whole = re.fullmatch(r"<(\w+)>", value)
            if whole and whole[1] in self._known:
                return self._known[whole[1]]
            return self._filled_text(value)
        if isinstance(value, Pattern):
            return replace(value, pattern=self._filled_text(value.pattern, re.escape))
        if isinstance(value, Exactly):
            return replace(value, value=self._filled(value.value))
        if isinstance(value, Unordered):
            return replace(value, members=tuple(self._filled(member) for member in value.members))
        if isinstance(value, Mapping):
            return {self._filled_text(key): self._filled(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._filled(member) for member in value]
        return value

    def _filled_text(self, text: str, spelt: Callable[[str], str] = str) -> str:
        return re.sub(r"<(\w+)>", lambda found: spelt(str(self._known.get(found[1], found[0]))), text)


def _member(value: Any, way: str) -> Any:
    """Raises LookupError."""
    for part in way.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (ValueError, TypeError):
            raise LookupError(way) from None
    return value
