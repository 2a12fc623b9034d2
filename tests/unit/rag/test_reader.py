from collections.abc import Iterator
from typing import Any

import pytest

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.rag.reader import Reader, ReaderRequestError


@pytest.fixture
def reader() -> Iterator[Reader]:
    pools = ThreadPools()
    yield Reader(SystemClock(), IdGenerator(seed=1), pools)
    pools.close()


def request(content: Any = "SEARCH RESULT 1: The sky is blue.\n\nQUESTION: What colour is the sky?\n\nANSWER:") -> Any:
    return {"model": "deepseek-chat", "messages": [{"role": "user", "content": content}]}


async def test_the_answer_has_a_chat_models_shape_and_the_readers_own_name(reader: Reader) -> None:
    body = await reader.complete(request())
    assert set(body) == {"id", "object", "created", "model", "choices", "usage"}
    assert body["object"] == "chat.completion"
    assert body["model"] == "ragstone-reader"
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize(
    "content",
    [
        "SEARCH RESULT 1: Rust was first released in 2015.\n\nQUESTION: When was Rust released?\n\nANSWER:",
        [
            {"type": "text", "text": "SEARCH RESULT 1: Rust was first released in 2015."},
            {"type": "image_url", "image_url": {"url": "https://x.example"}},
            {"type": "text", "text": "QUESTION: When was Rust released?\n"},
            {"type": "text", "text": "ANSWER:"},
        ],
    ],
)
async def test_texts_and_parts_are_read_alike(reader: Reader, content: Any) -> None:
    body = await reader.complete(request(content))
    assert body["choices"][0]["message"]["content"] == "“Rust was first released in 2015.” [1]"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (None, None),
        ([], None),
        ("text", None),
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x"}], "stream": True}, "stream"),
    ],
)
async def test_malformed_requests_name_what_is_wrong(reader: Reader, body: Any, param: str | None) -> None:
    with pytest.raises(ReaderRequestError) as caught:
        await reader.complete(body)
    assert caught.value.param == param


async def test_messages_without_content_are_passed_over(reader: Reader) -> None:
    body = await reader.complete(
        {"messages": [{"role": "assistant", "content": None}, {"role": "user", "content": "Hi"}]}
    )
    assert "I read search results" in body["choices"][0]["message"]["content"]
