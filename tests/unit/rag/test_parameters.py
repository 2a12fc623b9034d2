"""`ext.generative_qa_parameters`."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import locate
from ragstone.rag.parameters import Document, GenerativeQAParameters, Image, Text


def parse(**members: Any) -> GenerativeQAParameters:
    return GenerativeQAParameters.parse({"llm_question": "q", **members})


def test_numbers_may_be_texts_and_fractions_and_texts_may_be_numbers() -> None:
    parsed = parse(context_size="1", message_size=1.7, timeout="20", llm_model=5, memory_id=True)
    assert (parsed.context_size, parsed.message_size, parsed.timeout) == (1, 1, 20)
    assert (parsed.llm_model, parsed.memory_id) == ("5", "true")


def test_prompts_that_are_no_texts_are_passed_over() -> None:
    parsed = parse(system_prompt=3, user_instructions="U")
    assert (parsed.system_prompt, parsed.user_instructions) == (None, "U")


def test_null_and_minus_one_mean_not_given() -> None:
    names = ("llm_model", "memory_id", "context_size", "message_size", "timeout", "system_prompt", "llm_messages")
    parsed = parse(**dict.fromkeys(names))
    assert all(not getattr(parsed, "messages" if name == "llm_messages" else name) for name in names)
    assert parse(context_size=-1, message_size=-1).context_size is None
    assert parse(context_size=-5).context_size == -5


def test_names_of_no_meaning_are_passed_over() -> None:
    parsed = parse(foo={"a": [1]}, conversation_id="zz", interaction_size=2)
    assert parsed.memory_id is None
    assert parsed.to_json()["foo"] == {"a": [1]}


def test_blocks_of_all_messages_come_in_one_row() -> None:
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"image": {"format": "png", "data": "x"}}]},
        {
            "role": "assistant",
            "content": [{"video": {"a": "b"}}, {"document": {"format": "pdf", "name": "d", "data": "y"}}],
        },
        {"role": "user", "content": "plain"},
    ]
    assert parse(llm_messages=messages).messages == (
        Text("a"),
        Image("png", data="x"),
        Document("pdf", "d", "y"),
        Text("plain"),
    )


def message(*blocks: Any) -> dict[str, Any]:
    return {"llm_messages": [{"role": "user", "content": list(blocks)}]}


@pytest.mark.parametrize(
    ("members", "type", "reason"),
    [
        (
            {"llm_question": ""},
            "illegal_argument_exception",
            "At least one of llm_question or llm_messages must be provided.",
        ),
        (
            {"llm_question": None},
            "illegal_argument_exception",
            "At least one of llm_question or llm_messages must be provided.",
        ),
        (
            {"llm_question": None, "llm_messages": [{"role": "user", "content": []}]},
            "illegal_argument_exception",
            "At least one of llm_question or llm_messages must be provided.",
        ),
        ({"context_size": "two"}, "number_format_exception", 'For input string: "two"'),
        (
            {"context_size": 2**31},
            "input_coercion_exception",
            "Numeric value (2147483648) out of range of int (-2147483648 - 2147483647)",
        ),
        ({"llm_question": ["a"]}, "parsing_exception", "Can't get text on a START_ARRAY for [llm_question]"),
        (
            {"llm_messages": "x"},
            "parsing_exception",
            "Failed to parse object: expecting token of type [START_ARRAY] but found [VALUE_STRING]",
        ),
        ({"llm_messages": [1]}, "x_content_parse_exception", "Expected [START_OBJECT], got VALUE_NUMBER"),
        ({"llm_messages": [{"content": []}]}, "illegal_state_exception", "message must have role."),
        ({"llm_messages": [{"role": "user"}]}, "illegal_state_exception", "message must have content."),
        (
            message({"image": {"format": "png"}}),
            "illegal_argument_exception",
            "data or url not found in imageBlock.",
        ),
        (
            message({"document": {"format": "pdf"}}),
            "illegal_state_exception",
            "name not found in the document block.",
        ),
    ],
)
def test_wrong_shapes_are_typed_client_errors(members: Any, type: str, reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parse(**members)
    assert (caught.value.type_name(), caught.value.reason, caught.value.status) == (type, reason, 400)


@pytest.mark.parametrize(("value", "token", "column"), [("[1]", "START_ARRAY", 42), ("true", "VALUE_TRUE", 45)])
def test_a_wrong_number_is_shown_where_it_stands(value: str, token: str, column: int) -> None:
    body = f'{{"llm_question": "q", "context_size":   {value}}}'.encode()
    decoded = json.decode(body)
    with pytest.raises(OpenSearchException) as caught:
        GenerativeQAParameters.parse(decoded)
    locate(caught.value, body, decoded)
    assert str(caught.value.reason).startswith(f"Current token ({token}) not numeric, can not use numeric value")
    assert str(caught.value.reason).endswith(f"line: 1, column: {column}]")


def test_a_section_that_is_no_object_is_refused() -> None:
    with pytest.raises(OpenSearchException, match=r"\[START_OBJECT\] but found \[VALUE_NULL\]"):
        GenerativeQAParameters.parse(None)
