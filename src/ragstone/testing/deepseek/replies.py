"""What the simulator answers: a Reply in the provider's shape, or a Raw one that breaks it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ragstone.core import json

INVALID = "invalid_request_error"


@dataclass(frozen=True)
class ChatRequest:
    """A request that passed all checks."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    thinking: bool
    max_tokens: int
    body: Mapping[str, Any]

    @property
    def last_user_text(self) -> str:
        """Text of the last user message; of several parts, joined by blank lines."""
        users = [message for message in self.messages if message.get("role") == "user"]
        return content_text(users[-1].get("content")) if users else ""


@dataclass(frozen=True)
class Reply:
    """An answer; the simulator adds ids, token counts and, where the model thinks, `reasoning`.

    What `max_tokens` leaves no room for is cut, reasoning first, and `finish_reason` becomes `length`.
    """

    content: str
    reasoning: str = "The user asks; I look at what I was given and answer."
    finish_reason: str = "stop"
    delay: float = 0.0
    """Seconds before anything is sent."""
    blank_lines: int = 0
    """Empty lines before the JSON, in a chunked body: the API's sign of life while it computes."""
    blank_line_every: float = 0.01
    """Seconds."""


@dataclass(frozen=True)
class Raw:
    """Bytes of a response body, in a frame that may be wrong."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds; infinite for an answer that never comes."""
    chunks: Sequence[bytes] | None = None
    """Sent as a chunked body instead of `body`."""
    chunk_every: float = 0.0
    content_length: int | None = None
    """Announced in place of the true length."""
    ending: Literal["clean", "close", "reset"] = "clean"
    """`close` and `reset` end the connection there; a chunked body then misses its end mark."""


Answer = str | Reply | Raw
Step = Answer | Callable[[ChatRequest], Answer]
"""One request's answer, or what makes it from the request."""


def tokens(text: str) -> int:
    """The provider's own rule of thumb: three tokens for ten characters."""
    return math.ceil(len(text) * 0.3)


def content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def completion(
    reply: Reply, request: ChatRequest, *, answer_id: str, created: int, model: str, fingerprint: str
) -> dict[str, Any]:
    """The body of a successful answer that is not streamed."""
    budget = request.max_tokens
    reasoning_tokens = min(tokens(reply.reasoning), budget) if request.thinking else 0
    room = budget - reasoning_tokens
    content, finish = reply.content, reply.finish_reason
    if tokens(content) > room:
        content, finish = content[: int(room / 0.3)], "length"
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if request.thinking:
        message["reasoning_content"] = reply.reasoning[: int(reasoning_tokens / 0.3)]
    prompt = sum(tokens(content_text(message.get("content"))) for message in request.messages)
    spent = reasoning_tokens + tokens(content)
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": spent,
        "total_tokens": prompt + spent,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    if request.thinking:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning_tokens}
    usage |= {"prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": prompt}
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage,
        "system_fingerprint": fingerprint,
    }


def error(status: int, message: str, kind: str = INVALID, code: str = INVALID) -> Raw:
    """An error in the envelope that all of the provider's errors share."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Raw(json.encode(body), status)


# ── bad days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def server_error() -> Raw:
    return error(500, "Internal Server Error", "internal_server_error", "internal_server_error")


def overloaded() -> Raw:
    return error(503, "Service is too busy.", "service_unavailable_error", "service_unavailable_error")


def gateway_error(status: Literal[500, 502, 504] = 502) -> Raw:
    """The gateway before the API answers, in HTML."""
    title = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Time-out"}[status]
    page = f"<html><head><title>{status} {title}</title></head><body></body></html>"
    return Raw(page.encode(), status, "text/html")


def blank_lines_only(count: int = 3, every: float = 0.01, *, ending: Literal["clean", "reset"] = "clean") -> Raw:
    """An overload that begins after the headers went out: status 200, empty lines, and then nothing."""
    return Raw(chunks=[b"\n"] * count, chunk_every=every, ending=ending)


def cut_short(body: bytes = b'{"id":"cut off', announced: int = 1000) -> Raw:
    """The connection ends before the announced length."""
    return Raw(body, content_length=announced, ending="close")


def silence() -> Raw:
    """The request is taken and never answered."""
    return Raw(delay=math.inf)


def starved(request: ChatRequest) -> Reply:
    """A step: thinking that eats the whole of `max_tokens`, so the answer is empty and its finish reason `length`."""
    return Reply("an answer that finds no room", reasoning="think " * request.max_tokens)
