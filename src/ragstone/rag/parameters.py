"""`ext.generative_qa_parameters`: what a search asks of the language model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    InputCoercionException,
    JsonParseException,
    NumberFormatException,
    ParsingException,
    XContentParseException,
)
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.ext import ext_sections

NOT_GIVEN = -1
"""What clients send for a number they do not mean to give."""


class ParameterException(IllegalArgumentException):
    """Parameters that a generative search cannot do without. OpenSearch refuses the search then, whatever
    `ignore_failure` says."""

    wire_type = "illegal_argument_exception"


@dataclass(frozen=True)
class Text:
    """A piece of text in a message."""

    text: str


@dataclass(frozen=True)
class Image:
    """An image, by its base64 `data` or by its `url`."""

    format: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Document:
    """A file; `data` is base64."""

    format: str
    name: str
    data: str


Block = Text | Image | Document


@ext_sections.register("generative_qa_parameters")
@dataclass(frozen=True, kw_only=True)
class GenerativeQAParameters:
    """The parsed section. None means "not given"; so do JSON null, and -1 for the two sizes.

    `messages` holds the blocks of all `llm_messages`, whose roles mean nothing. `timeout` is in seconds; 0 and less set
    no limit. Names that are not known, of today or of earlier versions, are passed over.
    """

    llm_question: str | None = None
    llm_model: str | None = None
    memory_id: str | None = None
    context_size: int | None = None
    message_size: int | None = None
    timeout: int | None = None
    system_prompt: str | None = None
    user_instructions: str | None = None
    llm_response_field: str | None = None
    messages: tuple[Block, ...] = ()
    given: Mapping[str, Any] | None = None
    """The section as it was sent."""

    @classmethod
    def parse(cls, body: Any) -> Self:
        if not isinstance(body, dict):
            raise ParsingException(
                f"Failed to parse object: expecting token of type [START_OBJECT] but found [{token(body)}]"
            )
        values: dict[str, Any] = {}
        for key, value in body.items():
            if value is None:
                continue
            if key in _TEXTS:
                values[key] = _text(body, key)
            elif key in _PROMPTS:
                # Recorded behaviour: a number or boolean here does not take the place of the pipeline's prompt.
                text = _text(body, key)
                values[key] = text if isinstance(value, str) else None
            elif key in _NUMBERS:
                values[key] = _number(body, key)
            elif key == "llm_messages":
                values["messages"] = _messages(body)
        for key in ("context_size", "message_size"):
            if values.get(key) == NOT_GIVEN:
                del values[key]
        if not values.get("llm_question") and not values.get("messages"):
            raise IllegalArgumentException("At least one of llm_question or llm_messages must be provided.")
        return cls(given=body, **values)

    def to_json(self) -> JsonObject:
        return dict(self.given or {})


_TEXTS = frozenset(
    {
        "llm_question",
        "llm_model",
        "memory_id",
        "llm_response_field",
    }
)
_PROMPTS = frozenset({"system_prompt", "user_instructions"})
_NUMBERS = frozenset({"context_size", "message_size", "timeout"})


def _text(body: JsonObject, key: str) -> str:
    value = body[key]
    if isinstance(value, (dict, list)):
        raise ParsingException(f"Can't get text on a {token(value)} for [{key}]", place=Place(body, key, "value"))
    return java_text(value)


def _number(body: JsonObject, key: str) -> int:
    """A 32-bit integer; texts are read as numbers, fractions are cut."""
    value = body[key]
    if isinstance(value, (bool, dict, list)):
        kind = f"VALUE_{java_text(value).upper()}" if isinstance(value, bool) else token(value)
        raise JsonParseException(
            f"Current token ({kind}) not numeric, can not use numeric value accessors",
            place=Place(body, key, "end" if isinstance(value, bool) else "value"),
        )
    try:
        number = int(float(value)) if isinstance(value, str) else int(value)
    except (ValueError, OverflowError):
        raise NumberFormatException.of(java_text(value)) from None
    if not -(2**31) <= number < 2**31:
        raise InputCoercionException(
            f"Numeric value ({java_text(value)}) out of range of int (-2147483648 - 2147483647)",
            place=Place(body, key, "end"),
        )
    return number


def _messages(body: JsonObject) -> tuple[Block, ...]:
    messages = body["llm_messages"]
    if not isinstance(messages, list):
        raise ParsingException(
            f"Failed to parse object: expecting token of type [START_ARRAY] but found [{token(messages)}]",
            place=Place(body, "llm_messages", "value"),
        )
    blocks: list[Block] = []
    for position, message in enumerate(messages):
        if not isinstance(message, dict):
            raise XContentParseException(
                f"Expected [START_OBJECT], got {token(message)}", place=Place(messages, position, "value")
            )
        if message.get("role") is None:
            raise IllegalStateException("message must have role.")
        content = message.get("content")
        if content is None:
            raise IllegalStateException("message must have content.")
        # `Differs:` a text is taken as the one block it is.
        for block in content if isinstance(content, list) else [content]:
            read = _block(block)
            if read is not None:
                blocks.append(read)
    return tuple(blocks)


def _block(block: Any) -> Block | None:
    """A block is known by its key; unknown ones are left out."""
    if isinstance(block, str):
        return Text(block)
    if not isinstance(block, dict):
        return None
    if block.get("text") is not None:
        return Text(java_text(block["text"]))
    for kind, read in _KINDS.items():
        if isinstance(block.get(kind), dict):
            return read(block[kind])
    return None


def _image(image: JsonObject) -> Image:
    if image.get("data") is None and image.get("url") is None:
        raise IllegalArgumentException("data or url not found in imageBlock.")
    return Image(_member(image, "format", "image"), _optional(image, "data"), _optional(image, "url"))


def _document(document: JsonObject) -> Document:
    name, format, data = (_member(document, key, "document") for key in ("name", "format", "data"))
    return Document(format=format, name=name, data=data)


def _member(block: JsonObject, key: str, kind: str) -> str:
    if block.get(key) is None:
        raise IllegalStateException(f"{key} not found in the {kind} block.")
    return java_text(block[key])


def _optional(block: JsonObject, key: str) -> str | None:
    return None if block.get(key) is None else java_text(block[key])


_KINDS: Mapping[str, Callable[[JsonObject], Block]] = {"image": _image, "document": _document}
