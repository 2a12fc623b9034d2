"""Where the answer is found."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import StatusException
from ragstone.rag.llm_io import Reply, read_reply


def choice(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **more}}, {"message": {"content": "second"}}]}


@pytest.mark.parametrize(
    ("family", "data"),
    [
        ("openai", choice("A")),
        ("openai", choice([{"type": "text", "text": "A"}])),
        ("openai", choice("A", reasoning_content="hm")),
        ("bedrock", {"completion": "A", "text": "no"}),
        ("cohere", {"text": "A", "completion": "no"}),
        ("converse", {"output": {"message": {"content": [{"reasoningContent": {}}, {"text": "A"}]}}}),
        # Where OpenSearch finds nothing:
        ("openai", {"response": "A"}),
        ("bedrock", choice("A")),
        ("cohere", {"generated_text": "A"}),
        ("converse", {"content": [{"type": "thinking", "text": "no"}, {"type": "text", "text": "A"}]}),
        ("openai", {"message": {"content": "A"}}),
    ],
)
def test_the_familys_own_place_comes_first_then_every_known_one(family: Any, data: Any) -> None:
    assert read_reply(family, data) == Reply(answer="A")


@pytest.mark.parametrize(
    ("field", "answer"), [("said", "A"), ("deep.er", "B"), ("$.list[1]", "C"), ("missing", "fallback")]
)
def test_a_response_field_is_a_name_or_a_path(field: str, answer: str) -> None:
    data = {"said": "A", "deep": {"er": "B"}, "list": ["x", "C"], "response": "fallback"}
    assert read_reply("custom", data, field) == Reply(answer=answer)


def test_a_response_field_that_names_an_object_is_no_answer() -> None:
    reply = read_reply("custom", {"deep": {"er": "B"}}, "deep")
    assert reply.error == "Unknown error or response. The model's answer has the keys [deep]."


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"error": {"message": "boom", "type": "x"}}, "boom"),
        ({"error": "plain text"}, "plain text"),
        ({"output": {"error": {"message": "boom"}}}, "boom"),
        ({"error": {"message": "boom"}, "text": "not an answer"}, "boom"),
    ],
)
@pytest.mark.parametrize("family", ["openai", "bedrock", "converse"])
def test_an_error_under_success_is_the_models_error(family: Any, data: Any, error: str) -> None:
    assert read_reply(family, data) == Reply(error=error)


@pytest.mark.parametrize("data", [{"id": "x"}, choice(None, reasoning_content="hm"), {"choices": []}, {}])
def test_an_unreadable_answer_is_a_bad_gateway_that_names_the_keys(data: Any) -> None:
    with pytest.raises(StatusException) as caught:
        read_reply("openai", data)
    assert caught.value.status == 502
    assert f"[{', '.join(data)}]" in str(caught.value.reason)


def test_the_single_text_families_tell_it_as_the_models_error() -> None:
    error = read_reply("bedrock", {"id": "x"}).error
    assert error is not None
    assert error.startswith("Unknown error or response.")


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("<think>\nhm, let me see\n</think>\n\nA", "A"),
        ("  <think></think>A", "A"),
        ("<think>never ended", ""),
        ("A <think> is a tag </think> of some models", "A <think> is a tag </think> of some models"),
        ("", ""),
    ],
)
def test_thinking_is_no_part_of_the_answer(content: str, answer: str) -> None:
    assert read_reply("openai", choice(content)) == Reply(answer=answer)


@pytest.mark.parametrize("content", ["", "  ", "<think>all tokens gone"])
def test_no_answer_because_of_the_token_limit_is_an_error(content: str) -> None:
    data = {"choices": [{"message": {"content": content, "reasoning_content": "secret"}, "finish_reason": "length"}]}
    reply = read_reply("openai", data)
    assert reply.answer is None
    assert "finish_reason=length" in str(reply.error)
    assert "secret" not in str(reply.error)
