"""The body of a pipeline request."""

from __future__ import annotations

from ragstone.core.errors import JavaException, NotXContentException, ParseException
from ragstone.core.xcontent import JsonObject
from ragstone.rest.request import Request


def pipeline_body(request: Request) -> JsonObject:
    """The object that was sent. Raises ParseException (nothing, no JSON), NotXContentException (no object)."""
    content = request.content().strip()
    if not content:
        raise ParseException("request body or source parameter is required")
    if not content.startswith(b"{"):
        raise NotXContentException(
            "Compressor detection can only be called on some xcontent bytes or compressed xcontent bytes"
        )
    try:
        body: JsonObject = request.json()
    except JavaException as error:
        raise ParseException("Failed to parse content to map", cause=error) from None
    return body
