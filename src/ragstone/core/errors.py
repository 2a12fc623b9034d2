"""The errors a client can see. The class is the wire type; `error_cause` is the only way from an exception to JSON.

    OpenSearchException                              a bare one is `exception`, 500
    ├── ParsingException                             query and body parsers; adds line, col
    ├── ParseException                               (Java: OpenSearchParseException) pipelines, empty bodies
    ├── XContentParseException                       object parsers; the text begins with [line:col]
    ├── NamedObjectNotFoundException
    ├── MapperParsingException ── StrictDynamicMappingException
    ├── MapperException
    ├── IndexNotFoundException · ResourceNotFoundException · AliasesNotFoundException
    ├── ResourceAlreadyExistsException · InvalidIndexNameException · InvalidAliasNameException
    ├── IndexClosedException · ClusterBlockException · RoutingMissingException
    ├── DocumentMissingException · DocumentSourceMissingException · VersionConflictEngineException
    ├── QueryShardException · SearchPhaseExecutionException · SearchException · SearchContextMissingException
    ├── SettingsException · StatusException (any status) · ScriptException
    ├── ContentTypeHeaderException · OpenSearchSecurityException
    ├── OpenSearchRejectedExecutionException · CircuitBreakingException · NoNodeAvailableException
    ├── FailProcessorException
    ├── MLException · MLResourceNotFoundException · MLValidationException · MLLimitExceededException
    ├── OpenSearchTimeoutException
    └── JavaException                                plain Java types: shown as causes, never as root causes
        ├── IllegalArgumentException ── NumberFormatException
        ├── IllegalStateException · UnsupportedOperationException · RuntimeException · IOException
        ├── ActionRequestValidationException · ValidationException
        ├── JsonParseException · JsonEOFException · InputCoercionException · NotXContentException
        ├── DateTimeParseException · PathNotFoundException · JsonSyntaxException · ScriptCompileException
        └── TooManyClauses

`type` on the wire is the class name without a leading "OpenSearch", with an underscore before every capital but the
first, in lower case (OpenSearch's own rule), so `MLException` is `m_l_exception`.

A subsystem may declare further classes next to the code that raises them, as long as they descend from this tree.
An exception outside the tree is a bug of ours: it is logged, and a client sees a bare 500.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ragstone.core.xcontent import Place

JsonObject = dict[str, Any]

_LONGEST_REASON = 10_000
"""Characters of a reason that a client is told."""
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class OpenSearchException(Exception):
    """Base of everything a client may see.

    `reason` is the human text (None is written as JSON null), `metadata` is written flat beside it (`index`,
    `processor_type`, `line`, ...), `cause` becomes `caused_by`. `status` is the HTTP status of a response that fails
    with this error; subclasses fix it, an instance may override it.
    """

    status: int = 500
    wire_type: ClassVar[str | None] = None
    """Set where the Java class name does not follow from ours."""

    def __init__(
        self,
        reason: str | None,
        *,
        cause: OpenSearchException | None = None,
        metadata: JsonObject | None = None,
        headers: dict[str, str] | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        """Where in the request body it happened; `xcontent.locate` turns it into line and column."""
        self.cause = cause
        self.metadata: JsonObject = metadata or {}
        self.headers: dict[str, str] = headers or {}
        """Further HTTP response headers, for the rare errors that carry one."""
        if cause is not None:
            self.__cause__ = cause

    def located(self, line: int, col: int) -> None:
        """Told by `xcontent.locate`; parse errors override it to show the position."""

    @classmethod
    def type_name(cls) -> str:
        """The wire type, e.g. `illegal_argument_exception`."""
        return cls.wire_type or _CAPITAL.sub("_", cls.__name__.removeprefix("OpenSearch")).lower()

    def root_causes(self) -> Sequence[OpenSearchException]:
        """What `root_cause` lists: the innermost cause that is OpenSearch's own, else this error."""
        if self.cause is not None and not isinstance(self.cause, (JavaException, XContentParseException)):
            return self.cause.root_causes()
        return [self]


class JavaException(OpenSearchException):
    """A type that OpenSearch borrows from Java or a library. As a cause it is shown, but it is no root cause."""


# ── requests and bodies ──────────────────────────────────────────────────────────────────────────────────────────────


class ParsingException(OpenSearchException):
    """A body has a wrong shape. Carries `line` and `col` (1-based)."""

    status = 400

    def __init__(
        self,
        reason: str,
        *,
        line: int = 1,
        col: int = 1,
        cause: OpenSearchException | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(reason, cause=cause, place=place, metadata={"line": line, "col": col})

    def located(self, line: int, col: int) -> None:
        self.metadata.update(line=line, col=col)


class ParseException(OpenSearchException):
    """A body is missing, or a pipeline configuration is wrong (Java: OpenSearchParseException)."""

    status = 400


class XContentParseException(OpenSearchException):
    """An object parser met an unknown field or a wrong type. Its reason begins with `[line:col] `."""

    status = 400
    wire_type = "x_content_parse_exception"

    def root_causes(self) -> Sequence[OpenSearchException]:
        """Object parsers look through each other; other errors show one of these as a cause, not as the root."""
        if self.cause is not None and not isinstance(self.cause, JavaException):
            return self.cause.root_causes()
        return [self]

    def located(self, line: int, col: int) -> None:
        self.reason = f"[{line}:{col}] {self.reason}"


class NamedObjectNotFoundException(XContentParseException):
    """An unknown name where a registered one is expected: query, `ext` section, ..."""

    wire_type = "named_object_not_found_exception"


class ContentTypeHeaderException(OpenSearchException):
    status = 400


class ScriptException(OpenSearchException):
    """A script that does not compile, or is not supported here."""

    status = 400


class OpenSearchSecurityException(OpenSearchException):
    """Who the caller is, or what they may, does not suffice. 403 unless the instance says 401."""

    status = 403
    wire_type = "security_exception"


# ── names and indices ────────────────────────────────────────────────────────────────────────────────────────────────


class IndexNotFoundException(OpenSearchException):
    """No such index. `resource_type` is `index_expression` where a single-document API asks."""

    status = 404

    def __init__(self, index: str, *, resource_type: str | None = "index_or_alias", suffix: str = "") -> None:
        self.index = index
        metadata: JsonObject = {"index": index}
        if resource_type:
            metadata["resource.id"] = index
            metadata["resource.type"] = resource_type
        metadata["index_uuid"] = "_na_"
        super().__init__(f"no such index [{index}]{suffix}", metadata=metadata)


class ResourceNotFoundException(OpenSearchException):
    status = 404


class ResourceAlreadyExistsException(OpenSearchException):
    status = 400


class AliasesNotFoundException(OpenSearchException):
    status = 404


class InvalidIndexNameException(OpenSearchException):
    """`Invalid index name [X], why`."""

    status = 400

    def __init__(self, index: str, why: str) -> None:
        super().__init__(f"Invalid index name [{index}], {why}", metadata={"index": index, "index_uuid": "_na_"})


class InvalidAliasNameException(OpenSearchException):
    status = 400


class IndexClosedException(OpenSearchException):
    status = 400


class ClusterBlockException(OpenSearchException):
    status = 403


class RoutingMissingException(OpenSearchException):
    status = 400


class SettingsException(OpenSearchException):
    status = 400


# ── mappings and documents ───────────────────────────────────────────────────────────────────────────────────────────


class MapperParsingException(OpenSearchException):
    status = 400


class StrictDynamicMappingException(MapperParsingException):
    pass


class MapperException(OpenSearchException):
    status = 400


class DocumentMissingException(OpenSearchException):
    status = 404


class DocumentSourceMissingException(OpenSearchException):
    status = 400


class VersionConflictEngineException(OpenSearchException):
    status = 409


# ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class QueryShardException(OpenSearchException):
    """A query that does not fit an index. Metadata: `index`, `index_uuid`."""

    status = 400

    def __init__(self, reason: str, *, index: str, index_uuid: str, cause: OpenSearchException | None = None) -> None:
        super().__init__(reason, cause=cause, metadata={"index": index, "index_uuid": index_uuid})


class SearchException(OpenSearchException):
    status = 400


class SearchContextMissingException(OpenSearchException):
    """A scroll or a point in time has expired, was freed, or never was."""

    status = 404


class ShardFailure:
    """One entry of `failed_shards`: where it happened, and why. Of a scroll that is not there, nobody knows where."""

    def __init__(self, index: str | None, node: str | None, reason: OpenSearchException, shard: int = 0) -> None:
        self.index = index
        self.node = node
        self.reason = reason
        self.shard = shard

    def to_json(self) -> JsonObject:
        where: JsonObject = {"shard": self.shard, "index": self.index}
        if self.node is not None:
            where["node"] = self.node
        return {**where, "reason": error_cause(self.reason)}


class SearchPhaseExecutionException(OpenSearchException):
    """All shards failed (`all shards failed`), or a phase-results processor did (`The phase has failed`).

    The status is that of the first failure, or of the cause. A failure that is a plain Java exception shows again as
    `caused_by`, and there again as its own cause, as OpenSearch has it.
    """

    def __init__(
        self,
        reason: str = "all shards failed",
        *,
        failures: Sequence[ShardFailure] = (),
        cause: OpenSearchException | None = None,
        phase: str = "query",
    ) -> None:
        super().__init__(reason, cause=cause)
        self.failures = list(failures)
        first = self.failures[0].reason if self.failures else cause
        self.status = first.status if first is not None else 503
        self.metadata = {
            "phase": phase,
            "grouped": True,
            "failed_shards": [failure.to_json() for failure in self.failures],
        }
        if cause is None and isinstance(first, JavaException):
            twin = type(first).__new__(type(first))
            twin.__dict__.update(first.__dict__)
            twin.cause = first
            self.cause = twin

    def root_causes(self) -> Sequence[OpenSearchException]:
        causes: list[OpenSearchException] = []
        for failure in self.failures:
            for cause in failure.reason.root_causes():
                if all((cause.type_name(), cause.reason) != (c.type_name(), c.reason) for c in causes):
                    causes.append(cause)
        if causes or self.cause is None:
            return causes
        return [] if isinstance(self.cause, JavaException) else self.cause.root_causes()


# ── load, time, machine learning ─────────────────────────────────────────────────────────────────────────────────────


class StatusException(OpenSearchException):
    """An error whose HTTP status is part of the message (Java: OpenSearchStatusException): ML Commons' usual one."""

    def __init__(self, status: int, reason: str, *, cause: OpenSearchException | None = None) -> None:
        super().__init__(reason, cause=cause)
        self.status = status


class OpenSearchRejectedExecutionException(OpenSearchException):
    """A queue is full: come back later."""

    status = 429
    wire_type = "rejected_execution_exception"


class CircuitBreakingException(OpenSearchException):
    status = 429


class NoNodeAvailableException(OpenSearchException):
    """The cluster behind a gateway does not answer. What was to be changed may or may not have been."""

    status = 503


class OpenSearchTimeoutException(OpenSearchException):
    """A deadline of the caller's has passed. `Differs:` 504, where OpenSearch mostly answers 500."""

    status = 504


class FailProcessorException(OpenSearchException):
    """Raised by the ingest processor `fail`; 500 as in OpenSearch."""

    status = 500


class MLException(OpenSearchException):
    status = 500


class MLResourceNotFoundException(OpenSearchException):
    status = 404


class MLValidationException(OpenSearchException):
    status = 400


class MLLimitExceededException(OpenSearchException):
    status = 429


# ── Java's own ───────────────────────────────────────────────────────────────────────────────────────────────────────


class IllegalArgumentException(JavaException):
    status = 400


class NumberFormatException(IllegalArgumentException):
    """`For input string: "x"`."""

    @classmethod
    def of(cls, text: str) -> NumberFormatException:
        return cls(f'For input string: "{text}"')


class IllegalStateException(JavaException):
    """`Differs:` 400 where the caller caused it; OpenSearch answers every one of these with 500. Set `status` where
    the fault is the server's."""

    status = 400


class UnsupportedOperationException(JavaException):
    status = 400


class RuntimeException(JavaException):
    status = 500


class IOException(JavaException):
    wire_type = "i_o_exception"
    status = 400


class ActionRequestValidationException(JavaException):
    """`Validation Failed: 1: a;2: b;`."""

    status = 400

    @classmethod
    def of(cls, messages: Iterable[str]) -> ActionRequestValidationException:
        return cls(validation_text(messages))


class ValidationException(JavaException):
    status = 400

    @classmethod
    def of(cls, messages: Iterable[str]) -> ValidationException:
        return cls(validation_text(messages))


class _JacksonException(JavaException):
    """What OpenSearch's JSON library raises: the text ends with the place behind the token's first or last letter.

    Whoever raises one with a `place` points it at the `value` of an object or list, and at the `end` of a scalar.
    """

    status = 400

    def located(self, line: int, col: int) -> None:
        self.reason = (
            f"{self.reason}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
            f"line: {line}, column: {col + 1}]"
        )


class JsonParseException(_JacksonException):
    pass


class JsonEOFException(JavaException):
    wire_type = "json_e_o_f_exception"
    status = 400


class InputCoercionException(_JacksonException):
    pass


class NotXContentException(JavaException):
    wire_type = "not_x_content_exception"
    status = 400


class DateTimeParseException(JavaException):
    status = 400


class JsonSyntaxException(JavaException):
    status = 500


class PathNotFoundException(JavaException):
    status = 500


class TooManyClauses(JavaException):
    wire_type = "too_many_clauses"
    status = 400


def validation_text(messages: Iterable[str]) -> str:
    """OpenSearch's numbered list of faults: `Validation Failed: 1: a;2: b;`."""
    return "Validation Failed: " + "".join(f"{n}: {message};" for n, message in enumerate(messages, 1))


# ── to JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def error_cause(error: OpenSearchException, *, trace: bool = False) -> JsonObject:
    """One error as the object that bulk items, shard failures and tasks carry: type, reason, metadata, caused_by."""
    body: JsonObject = {"type": error.type_name(), "reason": _short(error.reason), **error.metadata}
    if error.cause is not None:
        body["caused_by"] = error_cause(error.cause, trace=trace)
    if trace:
        body["stack_trace"] = "".join(traceback.format_exception_only(error)).strip()
    return body


def _short(reason: str | None) -> str | None:
    """`Differs:` reasons quote the value that was wrong; OpenSearch does so at any length, and several times."""
    if reason is None or len(reason) <= _LONGEST_REASON:
        return reason
    return f"{reason[:_LONGEST_REASON]}... [{len(reason) - _LONGEST_REASON} more characters]"


def error_body(error: OpenSearchException, *, trace: bool = False) -> JsonObject:
    """A whole failed response: `{"error": {"root_cause": [...], "type", "reason", ...}, "status": N}`."""
    roots = []
    for root in error.root_causes():
        shown = error_cause(root, trace=trace)
        shown.pop("caused_by", None)
        roots.append(shown)
    return {"error": {"root_cause": roots, **error_cause(error, trace=trace)}, "status": error.status}
