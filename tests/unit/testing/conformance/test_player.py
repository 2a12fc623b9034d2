from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.conformance import Disagreement, Reply, Request, Scenario, Verdict, play, read

Answer = Callable[[Request], tuple[int, Any]]


class Server:
    """Answers as the test says, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Request] = []
        self._answer = answer

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        status, body = self._answer(request)
        return Reply(status, {"content-type": "application/json"}, json.encode(body))

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.asked]


class Chat:
    def __init__(self) -> None:
        self.answers: list[str] = []

    def will_answer(self, answers: list[str]) -> None:
        self.answers = answers

    def last_request(self) -> Any:
        return {"model": "m", "messages": []}


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], Scenario]:
    def build(text: str) -> Scenario:
        path = tmp_path / "s.yaml"
        path.write_text("about: x\n" + text, encoding="utf-8")
        return read(path)

    return build


def echo(request: Request) -> tuple[int, Any]:
    return 200, {"target": request.target, "body": json.decode(request.content) if request.content else None}


def test_names_are_new_in_every_run_and_what_they_name_is_deleted(scenario: Callable[[str], Scenario]) -> None:
    played = scenario(
        "names: {books: index, p: search pipeline, shelf: alias}\n"
        "steps: [{do: PUT /<books>, body: {a: <books>}, reply: {target: /<books>, body: {a: !regex '<books>'}}}]"
    )
    servers = [Server(echo), Server(echo)]
    for server in servers:
        assert play(played, "bare", server) is Verdict.AGREES
        index = server.lines[0].removeprefix("PUT /")
        assert server.lines[1] == f"DELETE /{index}"
        assert server.lines[2].startswith("DELETE /_search/pipeline/conformance-")
        assert len(server.lines) == 3
    assert servers[0].lines[0] != servers[1].lines[0]


def test_a_kept_value_goes_into_later_requests_and_expectations(scenario: Callable[[str], Scenario]) -> None:
    played = scenario(
        "steps:\n"
        "  - {do: POST /a, body: {n: 7}, keep: {n: body.n}}\n"
        "  - {do: 'POST /b?n=<n>', body: {n: 7}, reply: {target: '/b?n=<n>', body: {n: <n>}}}\n"
        "finally: [DELETE /c/<n>]"
    )
    server = Server(echo)
    play(played, "bare", server)
    assert server.lines == ["POST /a", "POST /b?n=7", "DELETE /c/7"]


def test_every_disagreement_is_told_and_the_end_still_comes(scenario: Callable[[str], Scenario]) -> None:
    played = scenario(
        "steps:\n"
        "  - {do: GET /a, reply: {target: /b}}\n"
        "  - {do: GET /c, status: 404}\n"
        "  - {do: GET /d, headers: {content-type: text/plain}}\n"
        "  - {do: GET /e, keep: {x: nothing.0}}\n"
        "  - {do: GET /f}\n"
        "finally: [DELETE /z]"
    )
    server = Server(echo)
    with pytest.raises(Disagreement) as told:
        play(played, "bare", server)
    assert str(told.value).splitlines()[0] == "s on bare:"
    assert "step 4, GET /e: the reply has no [nothing.0]" in str(told.value)
    assert server.lines == ["GET /a", "GET /c", "GET /d", "GET /e", "DELETE /z"]


def test_faults_of_all_steps_are_told(scenario: Callable[[str], Scenario]) -> None:
    with pytest.raises(Disagreement) as told:
        play(
            scenario("steps: [{do: GET /a, reply: {target: /b}}, {do: GET /c, status: 404}]"),
            "bare",
            Server(echo),
        )
    assert str(told.value).splitlines() == [
        "s on bare:",
        "step 1, GET /a: reply.target: expected '/b', is '/a'",
        'step 2, GET /c: expected status 404, is 200: {"target":"/c","body":null}',
    ]


def test_a_difference_counts_on_its_target_only_and_must_be_one(scenario: Callable[[str], Scenario]) -> None:
    played = scenario(
        "steps: [{do: GET /a, reply: {target: /a}, differs: {embedded: {because: it must, reply: {target: /b}}}}]"
    )

    def other(request: Request) -> tuple[int, Any]:
        return 200, {"target": "/b"}

    assert play(played, "bare", Server(echo)) is Verdict.AGREES
    assert play(played, "embedded", Server(other)) is Verdict.DIFFERS
    with pytest.raises(Disagreement):
        play(played, "embedded", Server(echo))
    none_any_more = scenario("steps: [{do: GET /a, differs: {embedded: {because: it must}}}]")
    with pytest.raises(Disagreement, match="the difference is none any more"):
        play(none_any_more, "embedded", Server(echo))


def test_what_is_lacking_must_really_not_work(scenario: Callable[[str], Scenario]) -> None:
    played = scenario("lacks: {embedded: templates}\nsteps: [{do: GET /a}]")
    assert play(played, "embedded", Server(lambda request: (404, {}))) is Verdict.LACKS
    with pytest.raises(Disagreement, match="embedded no longer lacks templates"):
        play(played, "embedded", Server(echo))


def test_a_request_is_sent_again_until_its_reply_is_as_wanted(scenario: Callable[[str], Scenario]) -> None:
    states = iter(["CREATED", "RUNNING", "COMPLETED"])
    server = Server(lambda request: (200, {"state": next(states)}))
    played = scenario("steps: [{do: GET /task, until: {state: COMPLETED}, reply: {state: COMPLETED}}]")
    assert play(played, "bare", server) is Verdict.AGREES
    assert len(server.asked) == 3


def test_the_chat_model_is_told_its_answers_and_looked_at(scenario: Callable[[str], Scenario]) -> None:
    chat = Chat()
    assert (
        play(scenario("chat: [Hello]\nsteps: [{do: GET /a, asked: {model: m}}]"), "gateway", Server(echo), chat)
        is Verdict.AGREES
    )
    assert chat.answers == ["Hello"]
    with pytest.raises(Disagreement, match=r"the chat model was asked otherwise: reply\.model"):
        play(scenario("steps: [{do: GET /a, asked: {model: n}}]"), "gateway", Server(echo), chat)
