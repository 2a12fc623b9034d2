"""One HTTP request as route handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, JavaException, ParseException
from ragstone.core.json_diagnosis import not_json_at_all
from ragstone.core.units import parse_bool, parse_int, parse_time
from ragstone.core.xcontent import JsonObject
from ragstone.rest.client_certificate import ClientCertificate

MediaType = Literal["json", "yaml"]

_MEDIA: dict[str, MediaType] = {
    "json": "json",
    "application/json": "json",
    "application/vnd.opensearch+json": "json",
    "yaml": "yaml",
    "application/yaml": "yaml",
}
_BODIES = {"application/json", "application/x-ndjson", "application/vnd.opensearch+json"}


def media_type(text: str) -> MediaType | None:
    """The format named by a `format` parameter or a media type, whatever its parameters; None when it is no such."""
    return _MEDIA.get(text.partition(";")[0].strip().lower())


def is_json(content_type: str) -> bool:
    """Whether a body of this `content-type` is read. OpenSearch's other formats (YAML, CBOR, SMILE) are not."""
    return content_type.partition(";")[0].strip().lower() in _BODIES


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
    address: str | None = None
    """The sender's IP address; None without a network between. Behind a proxy that is believed, whom it names."""
    peer: str | None = None
    """The IP address that the connection comes from."""
    port: int | None = None
    """The connection's."""
    certificate: ClientCertificate | None = None
    """The sender's, verified."""
    admitted: bool = False
    """The sender has been asked for a login."""
    body: bytes = b""
    decoded: list[tuple[bytes, Any]] = field(default_factory=list)
    """What `decode` has handed out, so that an error can be located in the text."""
    fault: IllegalArgumentException | None = None
    """What is wrong with the query parameters."""

    def check_parameters(self) -> None:
        """Raises IllegalArgumentException for parameters the route does not know. Routes that are `body_first` call
        it; for all others it has been called."""
        if self.fault is not None:
            raise self.fault

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

    @property
    def media(self) -> MediaType | None:
        """The format the client asked for: `format`, else an `Accept` that is one known media type, else None."""
        return media_type(self.query.get("format", "")) or media_type(self.headers.get("accept", ""))

    def content(self) -> bytes:
        """The body, or the `source` query parameter standing in for it (it needs `source_content_type`)."""
        if self.body:
            return self.body
        source, kind = self.query.get("source"), self.query.get("source_content_type")
        if source is None and kind is None:
            return b""
        # Differs: 400, where OpenSearch answers both faults with 500.
        if source is None or kind is None:
            raise IllegalArgumentException("source and source_content_type parameters are required")
        if not is_json(kind):
            raise IllegalArgumentException(f"Unknown value for source_content_type [{kind}]")
        return source.encode()

    def decode(self, content: bytes) -> Any:
        """`content`, the body or a part of it, as JSON. An error's `Place` in the result is found in this text."""
        value = json.decode_strict(content)
        self.decoded.append((content, value))
        return value

    def json(self, missing: str = "request body is required") -> Any:
        """The decoded body. Raises ParseException(`missing`) when there is none, and as `json.decode_strict`."""
        content = self.content()
        if not content.strip():
            raise ParseException(missing)
        return self.decode(content)

    def object(self, missing: str = "request body or source parameter is required") -> JsonObject:
        """The decoded body of a request that is read as a map.

        Raises ParseException (nothing, or no JSON, with the parser's error as cause), NotXContentException (no object).
        """
        content = self.content().strip()
        if not content:
            raise ParseException(missing)
        if not content.startswith(b"{"):
            raise not_json_at_all()
        try:
            body: JsonObject = self.decode(content)
        except JavaException as error:
            raise ParseException("Failed to parse content to map", cause=error) from None
        return body

    def json_or(self, default: Any) -> Any:
        """The decoded body, or `default` when there is none."""
        content = self.content()
        return self.decode(content) if content.strip() else default
