"""What the model is told."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.rag.llm_io import family_of, parameters_for
from ragstone.rag.parameters import Block, Document, Image, Text
from ragstone.rag.prompt import DEFAULT_PROMPT, Prompt, Turn, context_text, conversation, openai_message, single_text

PROMPT = Prompt(system_prompt="S", user_instructions="U", contexts=["c1", "c2"], question="q?")
HISTORY = [Turn("q1", "a1"), Turn("q2", "a2")]


def sent(prompt: Prompt, llm_model: str = "m", **options: Any) -> Any:
    return parameters_for(family_of(llm_model, None), prompt, llm_model, **options)


def test_a_chat_model_gets_system_prompt_and_one_user_message_of_text() -> None:
    assert sent(PROMPT, "deepseek-chat") == {
        "model": "deepseek-chat",
        "messages": [
            {"role": "system", "content": "S"},
            {
                "role": "user",
                "content": "U\n\nSEARCH RESULT 1: c1\n\nSEARCH RESULT 2: c2\n\nQUESTION: q?\n\n\nANSWER:",
            },
        ],
    }


def test_with_history_roles_alternate_and_the_last_word_is_the_users() -> None:
    turns = conversation(Prompt(**{**vars(PROMPT), "history": HISTORY}), system=True)
    assert [role for role, _ in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [[block.text for block in blocks if isinstance(block, Text)] for _, blocks in turns[1:]] == [
        ["U", "SEARCH RESULT 1: c1", "SEARCH RESULT 2: c2", "q1"],
        ["a1"],
        ["q2"],
        ["a2"],
        ["QUESTION: q?\n", "ANSWER:"],
    ]


@pytest.mark.parametrize(("system", "user"), [(None, None), ("", ""), ("", None)])
def test_without_any_prompt_the_built_in_one_stands_in_the_user_message_once(
    system: str | None, user: str | None
) -> None:
    [message] = sent(Prompt(system_prompt=system, user_instructions=user, question="q"))["messages"]
    assert message["role"] == "user"
    assert message["content"].count(DEFAULT_PROMPT) == 1


def test_one_prompt_is_enough_to_keep_the_built_in_one_out() -> None:
    assert DEFAULT_PROMPT not in str(sent(Prompt(system_prompt="S", question="q")))
    assert DEFAULT_PROMPT not in str(sent(Prompt(user_instructions="U", question="q")))
    assert DEFAULT_PROMPT not in str(sent(Prompt(system_prompt="S", question="q"), "bedrock-converse/x"))


def test_content_is_an_array_when_an_image_is_in_it_or_when_asked_for() -> None:
    blocks: list[Block] = [
        Text("look"),
        Image("png", data="aGk="),
        Image("jpeg", url="http://x/y"),
        Document("pdf", "d", "eHg="),
    ]
    assert openai_message("user", blocks)["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image_url", "image_url": {"url": "http://x/y"}},
    ]
    assert sent(PROMPT, array_content=True)["messages"][0]["content"] == [{"type": "text", "text": "S"}]


@pytest.mark.parametrize("text", ['{"a": 1}', "[1]"])
def test_a_prompt_that_is_json_stays_in_a_block_but_for_models_that_read_none(text: str) -> None:
    prompt = Prompt(system_prompt=text, user_instructions="[not json", question="q")
    [system, user] = sent(prompt, "m-1")["messages"]
    assert system["content"] == [{"type": "text", "text": text}]
    assert user["content"].startswith("[not json")
    assert sent(prompt, "deepseek-chat")["messages"][0]["content"] == text
    assert openai_message("assistant", [Text(text)], "text_unless_json")["content"] == text


def test_messages_of_the_request_take_the_questions_place() -> None:
    [message] = sent(Prompt(user_instructions="U", question="kept", messages=[Text("a"), Text("b")]))["messages"]
    assert message["content"] == "U\n\na\n\nb"


def test_converse_gets_its_system_prompt_apart_and_blocks_without_type() -> None:
    blocks: list[Block] = [
        Text("see"),
        Image("png", data="aGk="),
        Image("png", url="http://x"),
        Document("pdf", "d", "eHg="),
    ]
    assert sent(Prompt(system_prompt="S", user_instructions="U", messages=blocks), "bedrock-converse/a") == {
        "system_prompt": "S",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"text": "U"},
                    {"text": "see"},
                    {"image": {"format": "png", "source": {"bytes": "aGk="}}},
                    {"document": {"format": "pdf", "name": "d", "source": {"bytes": "eHg="}}},
                ],
            }
        ],
    }


def test_a_single_text_has_real_lines_and_the_history_in_order() -> None:
    prompt = Prompt(**{**vars(PROMPT), "history": [Turn('q "1"', "a1")]})
    assert sent(prompt, "bedrock/x") == {
        "inputs": 'S\nU\nSEARCH RESULT 1: c1\nSEARCH RESULT 2: c2\nuser: q "1"\nassistant: a1\nQUESTION: q?\n'
    }


def test_a_single_text_asks_what_the_messages_ask() -> None:
    assert single_text(Prompt(user_instructions="U", messages=[Text("only"), Text("this")])) == (
        "U\nQUESTION: only\nthis\n"
    )


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai/gpt", "openai"),
        ("Bedrock/x", "openai"),
        ("cohere", "openai"),
        ("cohere/x", "cohere"),
        ("bedrock/", "bedrock"),
        ("bedrock-converse/x", "converse"),
    ],
)
def test_the_prefix_of_a_model_names_its_family(name: str, family: str) -> None:
    assert family_of(name, None) == family
    assert family_of(name, "field") == "custom"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("text", "t"),
        ("num", "42"),
        ("flag", "true"),
        ("dec", "2.5"),
        ("list", "a\nb c\n3"),
        ("obj", '{"k":"v","z":{"y":[1,null]}}'),
        ("objs", '{"q":1}'),
        ("empty", ""),
        ("none", "[]"),
        ("null", None),
        ("missing", None),
        ("a.b", "literal"),
        ("obj.k", "v"),
        ("deep.c.d", "1\n2"),
        ("deep.c.x", None),
        ("text.x", None),
    ],
)
def test_a_field_becomes_text(field: str, expected: str | None) -> None:
    source = {
        "text": "t", "num": 42, "flag": True, "dec": 2.5, "list": ["a", "b c", 3], "obj": {"k": "v", "z": {"y": [1, None]}},
        "objs": [{"q": 1}], "empty": "", "none": [], "null": None, "a.b": "literal", "a": {"b": "walked"},
        "deep": [{"c": {"d": 1}}, {"c": [{"d": 2}]}],
    }  # fmt: skip
    assert context_text(source, field) == expected
