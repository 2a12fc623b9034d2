"""Reads the members of an ML request body. Unknown members are skipped, as all ML parsers do.

`Differs:` a member of the wrong type is always a 400; OpenSearch answers some of them with a 500.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ragstone.core.errors import ActionRequestValidationException, IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, as_bool, require_object, token
from ragstone.ml.values import text_of

_SAFE_TEXT = re.compile(r"[\w\s.,!?():@\-'\"/]*")
_CUSTOM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_MAX_ID_BYTES = 512


class Fields:
    """One JSON object of a request. A member that is absent or null reads as None."""

    def __init__(self, body: Any) -> None:
        """Raises ParsingException when `body` is no object."""
        self.body: JsonObject = require_object(body)

    def text(self, name: str) -> str | None:
        """A scalar's text. Raises ParsingException for an object or array."""
        value = self.body.get(name)
        if isinstance(value, (dict, list)):
            raise ParsingException(f"Can't get text on a {token(value)}", place=Place(self.body, name, "value"))
        return None if value is None else text_of(value)

    def boolean(self, name: str) -> bool | None:
        value = self.body.get(name)
        return None if value is None else as_bool(value)

    def integer(self, name: str) -> int | None:
        """A whole number, also as a text. Raises ParsingException."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise ParsingException(
                f"Failed to parse field [{name}]: [{value}] is no whole number", place=Place(self.body, name, "value")
            ) from None

    def object(self, name: str) -> JsonObject | None:
        value = self.body.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise self._wrong("START_OBJECT", name)

    def array(self, name: str) -> list[Any] | None:
        value = self.body.get(name)
        if value is None or isinstance(value, list):
            return value
        raise self._wrong("START_ARRAY", name)

    def texts(self, name: str) -> list[str] | None:
        """An array of scalars, as texts."""
        items = self.array(name)
        if items is None:
            return None
        for position, item in enumerate(items):
            if item is None or isinstance(item, (dict, list)):
                raise ParsingException(f"Can't get text on a {token(item)}", place=Place(items, position, "value"))
        return [text_of(item) for item in items]

    def text_map(self, name: str) -> dict[str, str] | None:
        """An object of scalars, as texts. Raises ParsingException for a member that is none."""
        members = self.object(name)
        if members is None:
            return None
        read = Fields(members)
        return {key: read.text(key) or "" for key in members}

    def _wrong(self, wanted: str, name: str) -> ParsingException:
        return ParsingException(
            f"Failed to parse object: expecting token of type [{wanted}] but found [{token(self.body[name])}]",
            place=Place(self.body, name, "value"),
        )


def check_safe_texts(optional: Iterable[tuple[str, str | None]], required: Iterable[tuple[str, str | None]]) -> None:
    """Allow letters, digits, blanks and plain punctuation in labelled texts.

    Raises ActionRequestValidationException listing all faults, optional texts first.
    """
    faults = []
    for label, text in optional:
        if text is not None and not _SAFE_TEXT.fullmatch(text):
            faults.append(_unsafe(label))
    for label, text in required:
        if text is None or not text.strip():
            faults.append(f"{label} is required and cannot be null or blank")
        elif not _SAFE_TEXT.fullmatch(text):
            faults.append(_unsafe(label))
    if faults:
        raise ActionRequestValidationException.of(faults)


def _unsafe(label: str) -> str:
    return f"{label} can only contain letters, numbers, spaces, and basic punctuation (.,!?():@-_'/\")"


def check_custom_id(label: str, id: str) -> None:
    """The rules for an id that the caller chooses. Raises IllegalArgumentException."""
    if not id.strip():
        raise IllegalArgumentException(f"{label} is invalid")
    if id[0] in "_-":
        raise IllegalArgumentException(f"{label} must not start with '_'")
    if len(id.encode()) > _MAX_ID_BYTES:
        raise IllegalArgumentException(f"{label} is too long, max length is {_MAX_ID_BYTES}")
    if not _CUSTOM_ID.fullmatch(id):
        raise IllegalArgumentException(f"{label} can only contain letters, numbers, '_' and '-'")
