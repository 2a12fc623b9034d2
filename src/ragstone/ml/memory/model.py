"""Conversations (memories) and their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, NumberFormatException, ParseException
from ragstone.core.xcontent import JsonObject, java_text, java_type
from ragstone.ml.system_indices import SystemIndex

# Clients read instants with nine digits of fraction; a date keeps three. The exact text is what lists are sorted by.
_INSTANT: JsonObject = {
    "type": "date",
    "format": "strict_date_time||epoch_millis",
    "fields": {"exact": {"type": "keyword"}},
}
_OPAQUE: JsonObject = {"type": "object", "enabled": False}

MEMORY_META = SystemIndex(
    ".plugins-ml-memory-meta",
    {
        "dynamic": "false",
        "properties": {
            "name": {"type": "text"},
            "create_time": _INSTANT,
            "updated_time": _INSTANT,
            "user": {"type": "keyword"},
            "application_type": {"type": "keyword"},
            "additional_info": _OPAQUE,
        },
    },
)
MEMORY_MESSAGE = SystemIndex(
    ".plugins-ml-memory-message",
    {
        "dynamic": "false",
        "properties": {
            "memory_id": {"type": "keyword"},
            "create_time": _INSTANT,
            "updated_time": _INSTANT,
            "input": {"type": "text"},
            "prompt_template": {"type": "text"},
            "response": {"type": "text"},
            "origin": {"type": "keyword"},
            "additional_info": _OPAQUE,
            "parent_message_id": {"type": "keyword"},
            "trace_number": {"type": "long"},
        },
    },
)


@dataclass(frozen=True)
class NewMemory:
    """What a client says of a new conversation. Without a name the rest does not count, as in OpenSearch."""

    name: str | None = None
    application_type: str | None = None
    additional_info: Mapping[str, str] | None = None

    @classmethod
    def parse(cls, body: JsonObject) -> Self:
        """Raises ParseException."""
        name = _text(body, "name")
        if name is None:
            return cls()
        return cls(name, _text(body, "application_type"), _texts(body, "additional_info"))

    def to_document(self, now: str) -> JsonObject:
        return {"create_time": now, "updated_time": now} | _given(
            name=self.name, application_type=self.application_type, additional_info=self.additional_info
        )


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """One turn, or with `trace_number` one step on the way to `parent_message_id`."""

    input: str | None = None
    prompt_template: str | None = None
    response: str | None = None
    origin: str | None = None
    additional_info: Mapping[str, str] | None = None
    parent_message_id: str | None = None
    trace_number: int | None = None

    @classmethod
    def parse(cls, body: JsonObject) -> Self:
        """Raises IllegalArgumentException when there is nothing in it, ParseException, NumberFormatException."""
        message = cls(
            **{name: _text(body, name) for name in _TEXTS},
            additional_info=_texts(body, "additional_info"),
            parent_message_id=_text(body, "parent_message_id"),
            trace_number=_integer(body, "trace_number"),
        )
        if not (any(getattr(message, name) for name in _TEXTS) or message.additional_info):
            raise IllegalArgumentException(
                "At least one of the following parameters must be non-empty: "
                "input, prompt_template, response, origin, additional_info"
            )
        return message

    def to_document(self, memory_id: str, now: str) -> JsonObject:
        """Blank texts are left out."""
        said = {name: getattr(self, name) for name in _TEXTS if (getattr(self, name) or "").strip()}
        return {
            "memory_id": memory_id,
            "create_time": now,
            "updated_time": now,
            **said,
            **_given(additional_info=self.additional_info),
            "parent_message_id": self.parent_message_id,
            "trace_number": self.trace_number,
        }


_TEXTS = ("input", "prompt_template", "response", "origin")


@dataclass(frozen=True)
class Message:
    """A stored message. `document` is what is stored."""

    id: str
    document: JsonObject

    @property
    def input(self) -> str | None:
        return self.document.get("input")

    @property
    def response(self) -> str | None:
        return self.document.get("response")

    def to_json(self) -> JsonObject:
        shown = {key: value for key, value in self.document.items() if value is not None and value != ""}
        return {"memory_id": shown.pop("memory_id", None), "message_id": self.id, **shown}


@dataclass(frozen=True)
class Memory:
    """A stored conversation."""

    id: str
    document: JsonObject

    def to_json(self) -> JsonObject:
        document = self.document
        shown: JsonObject = {
            "memory_id": self.id,
            "create_time": document.get("create_time"),
            "updated_time": document.get("updated_time"),
            "name": document.get("name"),
        }
        return shown | {key: document[key] for key in ("user", "additional_info") if document.get(key) is not None}


@dataclass(frozen=True)
class MemoryChange:
    """An update of a conversation: None leaves as it is; `additional_info` is merged in."""

    name: str | None = None
    additional_info: Mapping[str, str] | None = None

    @classmethod
    def parse(cls, body: JsonObject) -> Self:
        return cls(_text(body, "name"), _texts(body, "additional_info"))

    def apply(self, document: JsonObject, now: str) -> JsonObject:
        return _changed(document, now, _given(name=self.name), self.additional_info)


@dataclass(frozen=True)
class MessageChange:
    """An update of a message: None leaves as it is; `additional_info` is merged in."""

    response: str | None = None
    additional_info: Mapping[str, str] | None = None

    @classmethod
    def parse(cls, body: JsonObject) -> Self:
        return cls(_text(body, "response"), _texts(body, "additional_info"))

    def apply(self, document: JsonObject, now: str) -> JsonObject:
        return _changed(document, now, _given(response=self.response), self.additional_info)


@dataclass(frozen=True)
class Page:
    """Where a list begins and how long it may be."""

    size: int = 10
    start: int = 0

    def next_token(self, found: Sequence[Any]) -> JsonObject:
        """`next_token` of the response: given when the page is full, whether or not anything follows."""
        return {"next_token": self.start + self.size} if len(found) == self.size else {}


def _changed(document: JsonObject, now: str, members: JsonObject, info: Mapping[str, str] | None) -> JsonObject:
    changed = {**document, "updated_time": now, **members}
    if info is not None:
        changed["additional_info"] = {**(document.get("additional_info") or {}), **info}
    return changed


def _given(**members: Any) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _text(body: JsonObject, key: str) -> str | None:
    """`Differs:` numbers and booleans are taken as texts everywhere."""
    value = body.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        raise ParseException(f"[{key}] must be a text, but is of type [{java_type(value)}]")
    return java_text(value)


def _texts(body: JsonObject, key: str) -> dict[str, str] | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ParseException(f"[{key}] must be an object, but is of type [{java_type(value)}]")
    return {name: _text(value, name) or "" for name in value}


def _integer(body: JsonObject, key: str) -> int | None:
    value = body.get(key)
    if value is None:
        return None
    try:
        return int(java_text(value))
    except ValueError:
        raise NumberFormatException.of(java_text(value)) from None
