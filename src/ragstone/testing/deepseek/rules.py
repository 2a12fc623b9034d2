"""The provider's checks of a request, in its order: who asks, can they pay, is it JSON, has it the right shape, is the
model known, do the fields fit each other, does it fit the context, may it be said.

Texts, types and codes are the provider's own, recorded from it by its users. The columns inside "at line 1 column N"
point where a parser stops that has just read the offending value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import ParsingException
from ragstone.core.xcontent import Place, locate
from ragstone.testing.deepseek.profiles import Profile
from ragstone.testing.deepseek.replies import ChatRequest, Raw, content_text, error, tokens

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_EFFORTS_WITHOUT_THINKING = ("none",)


class Refused(Exception):
    """A request that gets no answer but `response`."""

    def __init__(self, response: Raw) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True)
class Account:
    """Who is known, and what they may."""

    api_key: str | None = None
    """The only key that is let in; None lets in every well-formed one."""
    balance: float = 100.0
    forbidden_words: tuple[str, ...] = ()
    """Any of them anywhere in the messages trips the moderation."""


def refuse(status: int, message: str) -> Refused:
    return Refused(error(status, message))


def check_key(authorization: str | None, account: Account) -> None:
    def unauthorized(message: str) -> Refused:
        return Refused(error(401, message, "authentication_error"))

    if not authorization:
        raise unauthorized("Authentication Fails (governor)")
    scheme, _, key = authorization.partition(" ")
    if scheme != "Bearer" or not key.startswith("sk-"):
        raise unauthorized("Authentication Fails (auth header format should be Bearer sk-...)")
    if account.api_key is not None and key != account.api_key:
        raise unauthorized(f"Authentication Fails, Your api key: ****{key[-4:]} is invalid")


def check_request(body: bytes, profile: Profile, account: Account) -> ChatRequest:
    """A chat request ready to be answered. Raises Refused."""
    if account.balance <= 0:
        raise Refused(error(402, "Insufficient Balance", "unknown_error"))
    parsed = _parse(body)
    _Shape(parsed, body, profile).check()
    model = parsed["model"]
    if model not in profile.models:
        raise refuse(400, profile.unknown_model.format(model=model))
    thinking = _thinks(parsed, profile)
    _check_together(parsed, profile, thinking)
    max_tokens = _check_length(parsed, profile, thinking)
    if any(word in content_text(m.get("content")) for m in parsed["messages"] for word in account.forbidden_words):
        raise refuse(400, "Content Exists Risk")
    return ChatRequest(model, parsed["messages"], thinking, max_tokens, parsed)


def _parse(body: bytes) -> dict[str, Any]:
    start = "Failed to parse the request body as JSON: "
    text = body.decode("utf-8", "replace")
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as fault:
        at_end = fault.pos >= len(text.rstrip())
        reason = "EOF while parsing a value" if at_end else "expected value"
        raise refuse(400, f"{start}{reason} at line {fault.lineno} column {fault.colno}") from None
    except RecursionError:
        raise refuse(400, f"{start}recursion limit exceeded at line 1 column 128") from None
    for path, value in _texts(parsed, ""):
        if _SURROGATE.search(value):
            escape = re.search(r"\\u[dD][89a-fA-F]", text)
            column = escape.end() if escape else len(text)
            raise refuse(400, f"{start}{path}: unexpected end of hex escape at line 1 column {column}")
    if not isinstance(parsed, dict):
        raise refuse(400, f"{start}expected value at line 1 column 1")
    return parsed


def _texts(value: Any, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, f"{path}[{position}]")


class _Shape:
    """Types and variants, as the provider's deserialiser words them."""

    def __init__(self, parsed: dict[str, Any], body: bytes, profile: Profile) -> None:
        self._parsed, self._body, self._profile = parsed, body, profile

    def check(self) -> None:
        parsed = self._parsed
        for name in ("messages", "model"):
            if name not in parsed:
                raise self._wrong(f"missing field `{name}`", None)
        if not isinstance(parsed["model"], str):
            raise self._wrong(f"model: invalid type: {_kind(parsed['model'])}, expected a string", "model")
        if not isinstance(parsed["messages"], list):
            raise self._wrong(f"messages: invalid type: {_kind(parsed['messages'])}, expected a sequence", "messages")
        if not parsed["messages"]:
            raise refuse(400, "Empty input messages")
        for position, message in enumerate(parsed["messages"]):
            self._message(position, message)
        for name, kinds, expected in (
            ("temperature", (int, float), "f32"),
            ("top_p", (int, float), "f32"),
            ("max_tokens", (int,), "u32"),
            ("stream", (bool,), "a boolean"),
            ("thinking", (dict,), "struct Thinking"),
            ("tools", (list,), "a sequence"),
        ):
            value = parsed.get(name)
            wrong = not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)
            if value is not None and wrong:
                raise self._wrong(f"{name}: invalid type: {_kind(value)}, expected {expected}", name)

    def _message(self, position: int, message: Any) -> None:
        at, messages = f"messages[{position}]", self._parsed["messages"]
        if not isinstance(message, dict):
            raise self._wrong(f"{at}: invalid type: {_kind(message)}, expected a map", position, messages)
        role, content = message.get("role"), message.get("content")
        if role not in self._profile.roles:
            known = ", ".join(f"`{name}`" for name in self._profile.roles)
            if "role" not in message:
                raise self._wrong(f"{at}: missing field `role`", position, messages)
            raise self._wrong(f"{at}.role: unknown variant `{role}`, expected one of {known}", "role", message)
        if isinstance(content, list) and self._profile.content_parts:
            pictures = self._parsed["model"] in self._profile.images
            allowed = ("text", "image_url", "file") if pictures and role == "user" else ("text",)
            for part in content:
                kind = part.get("type") if isinstance(part, dict) else None
                if kind not in allowed:
                    expected = ", ".join(f"`{name}`" for name in allowed)
                    raise self._wrong(f"{at}: unknown variant `{kind}`, expected {expected}", "content", message)
            return
        if content is None and (role == "assistant" and message.get("tool_calls")):
            return
        if not isinstance(content, str):
            kind = "missing field `content`" if "content" not in message else f"invalid type: {_kind(content)}"
            suffix = "" if "content" not in message else ", expected a string"
            where = "content" if "content" in message else None
            raise self._wrong(f"{at}: {kind}{suffix}", where, message)

    def _wrong(self, what: str, key: str | int | None, container: Any = None) -> Refused:
        place = Place(self._parsed if container is None else container, key, "end")
        found = ParsingException("", place=place)
        locate(found, self._body, self._parsed)
        start = "Failed to deserialize the JSON body into the target type: "
        where = f"at line {found.metadata['line']} column {found.metadata['col']}"
        return refuse(self._profile.malformed_status, f"{start}{what} {where}")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, str):
        return f"string {json.dumps(value, ensure_ascii=False)}"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    return "sequence" if isinstance(value, list) else "map"


def _thinks(parsed: dict[str, Any], profile: Profile) -> bool:
    if not profile.thinking_switch:
        return parsed["model"] in profile.thinking_models
    switch = parsed.get("thinking") or {}
    return switch.get("type") != "disabled" and parsed.get("reasoning_effort") not in _EFFORTS_WITHOUT_THINKING


def _check_together(parsed: dict[str, Any], profile: Profile, thinking: bool) -> None:
    if parsed.get("stream_options") is not None and not parsed.get("stream"):
        raise refuse(400, "stream_options should be set along with stream = true")
    choice = parsed.get("tool_choice")
    if thinking and (choice == "required" or isinstance(choice, dict)):
        raise refuse(400, "Thinking mode does not support this tool_choice")
    form = parsed.get("response_format")
    kind = form.get("type") if isinstance(form, dict) else None
    if kind == "json_schema":
        raise refuse(profile.malformed_status, profile.json_schema)
    messages = parsed["messages"]
    said = " ".join(content_text(message.get("content")) for message in messages).lower()
    if kind == "json_object" and profile.json_word and "json" not in said:
        raise refuse(
            400,
            "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.",
        )
    carried = ["reasoning_content" in message for message in messages if message["role"] == "assistant"]
    if profile.refuses_reasoning and any(carried):  # that it was a 400 is known, its text is not
        raise refuse(400, "The reasoning_content is an intermediate result; it must not be sent in a message")
    if profile.thinking_switch and thinking and parsed.get("tools") and not all(carried):
        raise refuse(400, "The `reasoning_content` in the thinking mode must be passed back to the API.")


def _check_length(parsed: dict[str, Any], profile: Profile, thinking: bool) -> int:
    given = parsed.get("max_tokens")
    if given is not None and not 1 <= given <= profile.max_tokens:
        text = f"Invalid max_tokens value, the valid range of max_tokens is [1, {profile.max_tokens}]"
        raise refuse(400, text)
    default = profile.default_max_tokens_thinking if thinking else profile.default_max_tokens
    budget: int = default if given is None else given
    prompt = sum(tokens(content_text(message.get("content"))) for message in parsed["messages"])
    asked = prompt + (given or 0)
    if asked > profile.context:
        raise refuse(
            400,
            f"This model's maximum context length is {profile.context} tokens. However, you requested {asked} tokens "
            f"({prompt} in the messages, {given or 0} in the completion). Please reduce the length of the messages or "
            "completion.",
        )
    return budget
