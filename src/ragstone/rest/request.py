"""One HTTP request as route handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, ParseException
from ragstone.core.units import parse_bool, parse_int, parse_time


@dataclass
class Request:
    """`path` is percent-decoded; `uri` is path and query as they were sent, for messages. Header names are lower case.

    `path_params` holds the decoded `{name}` segments of the route. `body` is already decompressed.
    """

    method: str
    path: str
    uri: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    path_params: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def param(self, name: str, default: str | None = None) -> str | None:
        """A path parameter or, failing that, a query parameter."""
        return self.path_params.get(name, self.query.get(name, default))

    def required(self, name: str) -> str:
        """A path parameter that the route declares."""
        return self.path_params[name]

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean query parameter. Raises IllegalArgumentException."""
        value = self.query.get(name)
        return default if value is None else parse_bool(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.query.get(name)
        return default if value is None else parse_int(value, name)

    def seconds(self, name: str, default: float | None = None) -> float | None:
        value = self.query.get(name)
        return default if value is None else parse_time(value, name)

    def names(self, name: str) -> list[str]:
        """A comma-separated list; absent or empty gives []."""
        return [part for part in (self.param(name) or "").split(",") if part]

    def content(self) -> bytes:
        """The body, or the `source` query parameter standing in for it (it needs `source_content_type`)."""
        if self.body:
            return self.body
        source, kind = self.query.get("source"), self.query.get("source_content_type")
        if (source is None) != (kind is None):
            raise IllegalArgumentException("source and source_content_type parameters are required")
        return (source or "").encode()

    def json(self, missing: str = "request body is required") -> Any:
        """The decoded body. Raises ParseException(`missing`) when there is none, else the errors of `json.decode`."""
        content = self.content()
        if not content.strip():
            raise ParseException(missing)
        return json.decode(content)

    def json_or(self, default: Any) -> Any:
        """The decoded body, or `default` when there is none."""
        content = self.content()
        return json.decode(content) if content.strip() else default
