"""Bodies that name what is held open: `{"scroll_id": ...}` and `{"pit_id": ...}`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.core.units import parse_time
from ragstone.core.xcontent import JsonObject, java_text, token


@dataclass(frozen=True)
class ScrollRequest:
    """`keep_alive` in seconds."""

    id: str | None = None
    keep_alive: float | None = None


def parse_scroll(content: bytes, decode: Callable[[bytes], Any]) -> ScrollRequest:
    """The body of a request for the next page. Raises IllegalArgumentException."""
    id = keep_alive = None
    for key, value in _object(content, decode).items():
        if key == "scroll_id" and isinstance(value, str):
            id = value
        elif key == "scroll" and isinstance(value, str):
            keep_alive = parse_time(value, "scroll")
        else:
            raise _unknown(key, value)
    return ScrollRequest(id, keep_alive)


def parse_ids(content: bytes, decode: Callable[[bytes], Any], name: str) -> list[str]:
    """The ids of a request that lets go of them: a text or a list of texts under `name`.

    Raises IllegalArgumentException.
    """
    ids: list[str] = []
    for key, value in _object(content, decode).items():
        if key != name:
            raise _unknown(key, value)
        for id in value if isinstance(value, list) else [value]:
            if isinstance(id, (dict, list)) or id is None:
                where = "array element" if isinstance(value, list) else "element"
                raise IllegalArgumentException(f"{name} {where} should only contain {name}")
            ids.append(java_text(id))
    return ids


def _object(content: bytes, decode: Callable[[bytes], Any]) -> JsonObject:
    try:
        body = decode(content)
    except JavaException as error:
        raise IllegalArgumentException("Failed to parse request body", cause=error) from error
    if not isinstance(body, dict):
        raise IllegalArgumentException("Malformed content, must start with an object")
    return body


def _unknown(key: str, value: Any) -> IllegalArgumentException:
    return IllegalArgumentException(
        f"Unknown parameter [{key}] in request body or parameter is of the wrong type[{token(value)}] "
    )
