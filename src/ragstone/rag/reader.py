"""The local reader: an extractive answerer behind the face of a chat model, for use without one.

It quotes, and computes from figures that the search results state; what they do not hold it does not know. See
docs/decisions/0006-reader.md.
"""

from __future__ import annotations

from typing import Any

from ragstone.core.clock import Clock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.rag.reading.text import words
from ragstone.rag.reading.transcript import Message, Task, read_task

NAME = "ragstone-reader"
"""What it calls itself, whatever model was asked for."""


class ReaderRequestError(Exception):
    """A chat request the reader cannot take; `param` is the member at fault."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Reader:
    """Chat completions in the shape of OpenAI's API."""

    def __init__(self, clock: Clock, ids: IdGenerator, pools: ThreadPools) -> None:
        self._clock = clock
        self._ids = ids
        self._pools = pools

    async def complete(self, body: Any) -> JsonObject:
        """A `chat.completion` for a decoded request body. Parameters of generation are ignored: there is nothing to
        vary. Raises ReaderRequestError."""
        messages = _messages(body)
        content = await self._pools.run("search", _answer, read_task(messages))
        prompt = sum(len(words(text)) for message in messages for text in message.texts)
        spent = len(words(content))
        return {
            "id": f"chatcmpl-{self._ids.auto_id()}",
            "object": "chat.completion",
            "created": int(self._clock.now()),
            "model": NAME,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": prompt, "completion_tokens": spent, "total_tokens": prompt + spent},
        }


def answer_to(body: Any) -> str:
    """What it says to a decoded request body. Raises ReaderRequestError."""
    return _answer(read_task(_messages(body)))


def _answer(task: Task) -> str:
    # Here and not above: compiling its patterns is a tenth of a server's start, and few servers are ever asked.
    from ragstone.rag.reading.answer import answer

    return answer(task.question, task.passages)


def _messages(body: Any) -> list[Message]:
    if not isinstance(body, dict):
        raise ReaderRequestError("the request body must be a JSON object")
    if body.get("stream"):
        raise ReaderRequestError(f"{NAME} does not stream", "stream")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ReaderRequestError("`messages` must be a list with at least one message", "messages")
    return [_message(position, message) for position, message in enumerate(messages)]


def _message(position: int, message: Any) -> Message:
    at = f"messages[{position}]"
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise ReaderRequestError(f"`{at}` must be an object with a `role`", at)
    content = message.get("content")
    if content is None:
        return Message(message["role"], [])
    if isinstance(content, str):
        return Message(message["role"], [content])
    if not isinstance(content, list):
        raise ReaderRequestError(f"`{at}.content` must be a text or a list of parts", f"{at}.content")
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) else None
        if text is not None and not isinstance(text, str):
            raise ReaderRequestError(f"`{at}.content` has a part whose text is no text", f"{at}.content")
        if text is not None:
            texts.append(text)
    return Message(message["role"], texts)
