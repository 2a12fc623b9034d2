"""Families of language models: what each is handed, and where its answer stands. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragstone.core.errors import OpenSearchException, StatusException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.ml import json_path
from ragstone.rag.prompt import (
    ContentForm,
    Prompt,
    conversation,
    converse_message,
    openai_message,
    single_text,
)

Family = Literal["openai", "bedrock", "cohere", "converse", "custom"]

UNKNOWN = "Unknown error or response."
_PREFIXES: tuple[tuple[str, Family], ...] = (
    ("bedrock-converse/", "converse"),
    ("bedrock/", "bedrock"),
    ("cohere/", "cohere"),
)
_THOUGHTS = ("thinking", "reasoning")
_THINKING = re.compile(r"\s*<think>(?:.*?</think>\s*|.*$)", re.DOTALL)


def family_of(llm_model: str, llm_response_field: str | None) -> Family:
    """By the prefix of the model's name, in exactly that case; a response field beats it."""
    if llm_response_field is not None:
        return "custom"
    return next((family for prefix, family in _PREFIXES if llm_model.startswith(prefix)), "openai")


def parameters_for(family: Family, prompt: Prompt, llm_model: str, *, array_content: bool = False) -> JsonObject:
    """What the connector gets besides its own parameters. Lists are to be inserted as JSON."""
    if family == "openai":
        filled = prompt.with_default(as_system=False)
        form = _content_form(llm_model, array_content)
        messages = [openai_message(role, blocks, form) for role, blocks in conversation(filled, system=True)]
        return {"model": llm_model, "messages": messages}
    if family == "converse":
        filled = prompt.with_default(as_system=False)
        given: JsonObject = {
            "messages": [converse_message(role, blocks) for role, blocks in conversation(filled, system=False)]
        }
        if prompt.system_prompt:
            given["system_prompt"] = prompt.system_prompt
        return given
    return {"inputs": single_text(prompt.with_default(as_system=True))}


def _content_form(llm_model: str, array_content: bool) -> ContentForm:
    """DeepSeek's models read arrays in no message of an assistant, and formerly in none at all."""
    if array_content:
        return "array"
    return "text" if "deepseek" in llm_model.lower() else "text_unless_json"


@dataclass(frozen=True)
class Reply:
    """What the model said: an answer, or the error it told of under a status of success."""

    answer: str | None = None
    error: str | None = None


def read_reply(family: Family, data: JsonObject, llm_response_field: str | None = None) -> Reply:
    """The answer, from where this family has it, else from any of the known places.

    Thinking is no part of an answer: a leading `<think>...</think>` is cut off, and other members beside the answer's
    (`reasoning_content`) are never looked at. A model that used up its tokens without answering is an error.
    Raises StatusException 502, naming the keys that came back, when there is nothing to be understood and the family
    is one of those whose models answer in messages.
    """
    found = next((text for text in _places(family, data, llm_response_field) if text is not None), None)
    if found is None:
        error = _error(data)
        if error is not None:
            return Reply(error=error)
        found = next((text for text in (read(data) for read in _KNOWN) if text is not None), None)
    if found is None:
        keys = ", ".join(sorted(data))
        if family in ("bedrock", "cohere", "custom"):
            return Reply(error=f"{UNKNOWN} The model's answer has the keys [{keys}].")
        raise StatusException(502, f"No answer found in the model's response, which has the keys [{keys}]")
    answer = _THINKING.sub("", found, count=1) if _THINKING.match(found) else found
    if not answer.strip() and _finish_reason(data) == "length":
        return Reply(error="The model returned no answer: all its tokens were used up (finish_reason=length).")
    return Reply(answer=answer)


def _places(family: Family, data: JsonObject, llm_response_field: str | None) -> Iterator[str | None]:
    if family == "openai":
        yield _choice(data)
    elif family == "bedrock":
        yield _string(data.get("completion"))
    elif family == "cohere":
        yield _string(data.get("text"))
    elif family == "converse":
        yield _converse(data)
    elif llm_response_field is not None:
        yield _string(data.get(llm_response_field))
        path = llm_response_field if llm_response_field.startswith("$") else f"$.{llm_response_field}"
        try:
            yield _string(json_path.read(path, data))
        except OpenSearchException:  # nothing there, or no path at all: the other places may have it
            yield None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> JsonObject:
    return _object(value[0]) if isinstance(value, list) and value else {}


def _texts(content: Any) -> str | None:
    """A text, or the text blocks of a list put together, without those of thinking."""
    if not isinstance(content, list):
        return _string(content)
    blocks = [_object(block) for block in content]
    texts = [block["text"] for block in blocks if block.get("type") not in _THOUGHTS and _string(block.get("text"))]
    return "".join(texts) if texts else None


def _choice(data: JsonObject) -> str | None:
    return _texts(_object(_first(data.get("choices")).get("message")).get("content"))


def _converse(data: JsonObject) -> str | None:
    return _texts(_object(_object(data.get("output")).get("message")).get("content"))


def _error(data: JsonObject) -> str | None:
    """`error.message` (or `output.error.message`), or `error` itself where that is a text."""
    for error in (data.get("error"), _object(data.get("output")).get("error")):
        if isinstance(error, str):
            return error
        if isinstance(error, dict) and error.get("message") is not None:
            return java_text(error["message"])
    return None


def _finish_reason(data: JsonObject) -> str | None:
    return _string(_first(data.get("choices")).get("finish_reason"))


_KNOWN: Sequence[Callable[[JsonObject], str | None]] = (
    lambda data: _string(data.get("response")),
    _choice,
    _converse,
    lambda data: _texts(data.get("content")),
    lambda data: _string(data.get("completion")),
    lambda data: _string(data.get("text")),
    lambda data: _string(data.get("generated_text")),
    lambda data: _texts(_object(data.get("message")).get("content")),
)
