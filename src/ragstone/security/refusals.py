"""What the security API says no with: two kinds of objects of its own, unlike OpenSearch's errors elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import JsonObject

_NAMES = {400: "BAD_REQUEST", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT"}


class Refusal(OpenSearchException):
    """A request of the security API that is not carried out; `body` is the whole answer."""

    wire_type = "security_exception"

    def __init__(self, status: int, body: JsonObject) -> None:
        super().__init__(str(body.get("message") or body.get("reason")))
        self.status = status
        self.body = body


def refused(status: int, message: str) -> Refusal:
    """`{"status": "NOT_FOUND", "message": ...}`: something about the entity, or about who asks."""
    return Refusal(status, {"status": _NAMES[status], "message": message})


def invalid(reason: str, details: Mapping[str, Any] | None = None) -> Refusal:
    """`{"status": "error", "reason": ..., ...}`: the content is not what it should be."""
    return Refusal(400, {"status": "error", "reason": reason, **(details or {})})


def not_found(singular: str, name: str) -> Refusal:
    return refused(404, f"{singular} '{name}' not found.")


def no_content() -> Refusal:
    return invalid("Request body required for this action.")
