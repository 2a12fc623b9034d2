"""What must not be asked, and what must not be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, StatusException
from ragstone.ml.models.guardrails import Side, check, parse_guardrails

REGEX = parse_guardrails(
    {"input_guardrail": {"regex": [".*forbidden.*"]}, "output_guardrail": {"regex": [".*secret.*"]}}
)
JUDGE = {"model_id": "j", "response_filter": "$.verdict", "response_validation_regex": '^"ok.*"$'}
MODEL = parse_guardrails({"type": "model", "input_guardrail": JUDGE, "output_guardrail": JUDGE})


class FakeJudge:
    """Answers with the question, or fails."""

    def __init__(self, error: OpenSearchException | None = None) -> None:
        self.error = error
        self.asked: list[Any] = []

    async def __call__(self, model_id: str, parameters: Mapping[str, Any]) -> Any:
        self.asked.append((model_id, dict(parameters)))
        if self.error is not None:
            raise self.error
        return parameters["question"]


async def passes(guardrails: Any, side: Side, text: str, judge: FakeJudge | None = None, **parameters: Any) -> bool:
    wanted = {"input": "guardrails triggered for user input", "output": "guardrails triggered for LLM output"}[side]
    try:
        await check(guardrails, side, text, parameters, judge or FakeJudge())
    except IllegalArgumentException as error:
        if str(error) != wanted:
            raise
        return False
    return True


async def test_a_pattern_must_match_the_whole_text() -> None:
    assert REGEX["type"] == "local_regex"
    assert await passes(REGEX, "input", "fine")
    assert not await passes(REGEX, "input", "the forbidden fruit")
    assert await passes(REGEX, "input", "Forbidden")
    assert not await passes(REGEX, "output", "a secret")
    assert await passes(None, "input", "forbidden")


async def test_a_model_judges_the_question_and_the_answer() -> None:
    judge = FakeJudge()
    assert await passes(MODEL, "input", "payload", judge, question="ok then")
    assert judge.asked == [("j", {"question": "ok then", "response_filter": "$.verdict"})]
    assert not await passes(MODEL, "input", "payload", question="bad")
    assert await passes(MODEL, "output", "ok text")
    assert not await passes(MODEL, "output", "text")


async def test_without_a_question_everything_passes_and_a_failing_judge_rejects() -> None:
    assert await passes(MODEL, "input", "payload")
    assert not await passes(MODEL, "input", "payload", FakeJudge(StatusException(500, "x")), question="ok")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "other"}, "The type of guardrails is required, can not be null."),
        ({"input_guardrail": {"regex": ["("]}}, "Invalid regex pattern: ("),
        ({"type": "model", "input_guardrail": {}}, "guardrail model id is null"),
        (
            {"input_guardrail": {"stop_words": [{"index_name": "i"}]}},
            "Guardrails with stop_words are not supported yet; use regex or a model",
        ),
    ],
)
def test_bad_guardrails_are_refused(body: Any, reason: str) -> None:
    with pytest.raises(OpenSearchException) as error:
        parse_guardrails(body)
    assert (error.value.status, str(error.value)) == (400, reason)
