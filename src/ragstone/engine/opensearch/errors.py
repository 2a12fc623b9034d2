"""A cluster's errors as ours: the same type, reason, status and all that stood beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ragstone.core import errors, json
from ragstone.core.errors import JavaException, JsonObject, OpenSearchException
from ragstone.engine.values import ClusterAnswer

_ROOT_CAUSES = "root_cause"
_TOLD = ("www-authenticate", "retry-after")
"""Headers that belong to an error."""


class GatewaysAccountRefused(OpenSearchException):
    """The cluster does not know the gateway's own account, or not any more. Not the caller's fault, so no 401."""

    wire_type = "security_exception"
    status = 503


def error_of(answer: ClusterAnswer) -> OpenSearchException:
    """What an answer with an error status says. A body that is no OpenSearch error (a proxy's page) is quoted."""
    try:
        body = json.decode(answer.body)
    except JavaException:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        found = from_json(error, answer.status)
    else:
        text = error if isinstance(error, str) else answer.body[:500].decode("utf-8", "replace")
        found = OpenSearchException(text or f"the cluster answered {answer.status}")
        found.status = answer.status
    found.headers = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
    return found


def from_json(error: JsonObject, status: int | None = None) -> OpenSearchException:
    """The error of a response, a bulk item or a shard. Renders as it was, root causes included.

    `status` is that of its type where the answer does not say: of a shard, it never does.
    """
    cause = error.get("caused_by")
    shown = {key: value for key, value in error.items() if key not in ("type", "reason", "caused_by", _ROOT_CAUSES)}
    roots = error.get(_ROOT_CAUSES)
    found = _remote(str(error.get("type", "exception")))(
        error.get("reason"),
        from_json(cause, status) if isinstance(cause, dict) else None,
        shown,
        None if roots is None else tuple(from_json(root, status) for root in roots if isinstance(root, dict)),
    )
    if status is not None:
        found.status = status
    return found


class _Remote(OpenSearchException):
    """Mixed into the class of an error that came from a cluster."""

    roots: Sequence[OpenSearchException] | None
    """None where they were not told; none at all may have been told."""

    def __init__(
        self,
        reason: Any,
        cause: OpenSearchException | None,
        metadata: JsonObject,
        roots: Sequence[OpenSearchException] | None,
    ) -> None:
        # Not the constructors in between: what they would work out is known already.
        OpenSearchException.__init__(self, reason, cause=cause, metadata=metadata)
        self.roots = roots
        self.index = metadata.get("index", "")
        """Where IndexNotFoundException has it."""

    def root_causes(self) -> Sequence[OpenSearchException]:
        return super().root_causes() if self.roots is None else self.roots


@cache
def _remote(wire_type: str) -> type[_Remote]:
    """A class of that wire type, which is also ours of that type where there is one, so that callers can catch it."""
    ours = _ours().get(wire_type, OpenSearchException)
    bases = (_Remote,) if ours is OpenSearchException else (_Remote, ours)
    return type(f"Remote[{wire_type}]", bases, {"wire_type": wire_type})


@cache
def _ours() -> dict[str, type[OpenSearchException]]:
    def below(found: type[OpenSearchException]) -> Iterator[type[OpenSearchException]]:
        yield found
        for child in found.__subclasses__():
            yield from below(child)

    classes = [found for found in below(OpenSearchException) if found.__module__ == errors.__name__]
    # The first of a type is the most general one.
    return {found.type_name(): found for found in reversed(classes)}
