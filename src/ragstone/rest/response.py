"""What a route handler answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=UTF-8"
TEXT = "text/plain; charset=UTF-8"
YAML = "application/yaml"


@dataclass
class Response:
    """`body` is JSON-able (rendered by the app: `pretty`, `filter_path`, `format=yaml`), or bytes or str that go out
    as they are under `content_type`."""

    body: Any = None
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    filterable: bool = True
    """False for errors and such, which `filter_path` leaves alone."""
    pretty: bool = False
    """Pretty unless the client says `pretty=false`."""


def text(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, TEXT, headers or {})


def acknowledged() -> Response:
    return Response({"acknowledged": True})
