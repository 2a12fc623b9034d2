"""`_bulk`: NDJSON lines to items. A malformed line refuses the whole request, before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from ragstone.core import json
from ragstone.core.errors import ActionRequestValidationException, IllegalArgumentException, JavaException
from ragstone.core.units import parse_bool
from ragstone.core.xcontent import token
from ragstone.dsl.search_body import SourceFilter
from ragstone.dsl.source_filter import parse_source_filter
from ragstone.dsl.update import UpdateBody

Action = Literal["create", "delete", "index", "update"]
_ACTIONS = frozenset(get_args(Action))
VersionType = Literal["internal", "external", "external_gte"]
_VERSION_TYPES = frozenset(get_args(VersionType))


@dataclass(slots=True)
class BulkItem:
    """One action. `source` is the document's JSON (None for delete and update), `update` the body of an update."""

    action: Action
    index: str | None = None
    id: str | None = None
    routing: str | None = None
    version: int | None = None
    version_type: VersionType = "internal"
    if_seq_no: int | None = None
    if_primary_term: int | None = None
    retry_on_conflict: int = 0
    pipeline: str | None = None
    require_alias: bool | None = None
    source_filter: SourceFilter | None = None
    source: bytes | None = None
    update: UpdateBody | None = None


@dataclass(frozen=True)
class BulkDefaults:
    """What path and query parameters say for items that say nothing themselves."""

    index: str | None = None
    routing: str | None = None
    pipeline: str | None = None
    require_alias: bool | None = None
    source_filter: SourceFilter | None = None


def parse_bulk(body: bytes, defaults: BulkDefaults) -> list[BulkItem]:
    """All items in order.

    Raises IllegalArgumentException naming the line (1-based) of a malformed action, and for a missing final newline;
    ActionRequestValidationException when there is no item, or items without an index.
    """
    if not body.endswith(b"\n"):
        raise IllegalArgumentException("The bulk request must be terminated by a newline [\\n]")
    items: list[BulkItem] = []
    lines = body.split(b"\n")
    lines.pop()
    at, count = 0, len(lines)
    while at < count:
        line = lines[at]
        at += 1
        if not line or line == b"\r":
            continue
        item = _action(line, at, defaults)
        if item.action != "delete":
            if at >= count:
                break  # an action without its source line is dropped, as OpenSearch does
            source = lines[at]
            at += 1
            source = source[:-1] if source.endswith(b"\r") else source
            if item.action == "update":
                item.update = UpdateBody.parse(source)
            else:
                item.source = source
        items.append(item)
    if not items:
        raise ActionRequestValidationException.of(["no requests added"])
    _validate(items)
    return items


def _action(line: bytes, number: int, defaults: BulkDefaults) -> BulkItem:
    try:
        decoded = json.decode(line)
    except JavaException as error:
        raise _unreadable(line, number, error) from None
    if not isinstance(decoded, dict):
        raise _malformed(number, f"expected START_OBJECT but found [{token(decoded)}]")
    if not decoded:
        raise _malformed(number, "expected FIELD_NAME but found [END_OBJECT]")
    if len(decoded) > 1:
        # Differs: OpenSearch passes over further keys in silence.
        raise _malformed(number, "expected END_OBJECT but found [FIELD_NAME]")
    action, metadata = next(iter(decoded.items()))
    if action not in _ACTIONS:
        raise _malformed(number, f"expected one of [create, delete, index, update] but found [{action}]")
    item = BulkItem(
        cast(Action, action),
        defaults.index,
        None,
        defaults.routing,
        pipeline=defaults.pipeline,
        require_alias=defaults.require_alias,
        source_filter=defaults.source_filter,
    )
    if metadata is None:
        return item
    if not isinstance(metadata, dict):
        raise _malformed(number, f"expected START_OBJECT or END_OBJECT but found [{token(metadata)}]")
    for key, value in metadata.items():
        if key == "_id" and value.__class__ is str:  # hardly any line says more than this and the index
            item.id = value
        elif key == "_index" and value.__class__ is str:
            item.index = value
        else:
            _metadata(item, key, value, number)
    return item


def _metadata(item: BulkItem, key: str, value: Any, number: int) -> None:
    if key == "_source" and item.action == "update":
        item.source_filter = parse_source_filter(value)
        return
    if isinstance(value, (dict, list)):
        raise _malformed(number, f"expected a simple value for field [{key}] but found [{token(value)}]")
    match key:
        case "_index":
            item.index = None if value is None else str(value)
        case "_id":
            item.id = None if value is None else _text(value)
        case "routing" | "_routing":
            item.routing = None if value is None else _text(value)
        case "pipeline":
            item.pipeline = None if value is None else str(value)
        case "require_alias":
            item.require_alias = value if isinstance(value, bool) else parse_bool(str(value))
        case "op_type" if item.action == "index" and value == "create":
            item.action = "create"
        case "op_type" if value in ("index", "create"):
            pass
        case "version":
            item.version = _number(value)
        case "version_type":
            if value not in _VERSION_TYPES:
                raise IllegalArgumentException(f"No version type match [{value}]")
            item.version_type = cast(VersionType, value)
        case "if_seq_no":
            item.if_seq_no = _number(value)
        case "if_primary_term":
            item.if_primary_term = _number(value)
        case "retry_on_conflict":
            item.retry_on_conflict = _number(value)
        case _:
            raise IllegalArgumentException(f"Action/metadata line [{number}] contains an unknown parameter [{key}]")


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise IllegalArgumentException(f'For input string: "{value}"') from None


def _malformed(number: int, what: str) -> IllegalArgumentException:
    return IllegalArgumentException(f"Malformed action/metadata line [{number}], {what}")


def _unreadable(line: bytes, number: int, error: JavaException) -> JavaException:
    text = line.strip()
    if text[:1] in (b"{", b""):
        return error
    try:
        found = token(json.decode(text))
    except JavaException:
        return error
    return _malformed(number, f"expected START_OBJECT but found [{found}]")


def _validate(items: list[BulkItem]) -> None:
    faults = [fault for item in items for fault in item_faults(item)]
    if faults:
        raise ActionRequestValidationException.of(faults)


def item_faults(item: BulkItem) -> list[str]:
    """What is wrong with a single write request, in OpenSearch's words; [] when nothing is.

    Raises IllegalArgumentException for a versioned update in a bulk request.
    """
    faults = []
    if item.index is None:
        faults.append("index is missing")
    if item.id is None and item.action in ("update", "delete"):
        faults.append("id is missing")
    if item.id is not None:
        size = len(item.id.encode())
        if not size:
            faults.append("if _id is specified it must not be empty")
        elif size > 512:
            faults.append(f"id [{item.id}] is too long, must be no longer than 512 bytes but was: {size}")
    if item.version is not None and item.version_type == "internal":
        if item.action == "update":
            raise IllegalArgumentException(
                "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead"
            )
        faults.append(INTERNAL_VERSIONING)
    if item.version_type != "internal" and item.action == "create":
        faults.append("create operations only support internal versioning. use index instead")
    if item.action == "create" and (item.if_seq_no is not None or item.if_primary_term):
        return ["create operations do not support compare and set. use index instead"]
    if item.if_seq_no is not None and not item.if_primary_term:
        faults.append(f"ifSeqNo is set, but primary term is [{item.if_primary_term or 0}]")
    if item.if_seq_no is None and item.if_primary_term:
        faults.append(f"ifSeqNo is unassigned, but primary term is [{item.if_primary_term}]")
    if item.action == "update" and item.if_seq_no is not None and item.retry_on_conflict > 0:
        faults.append("compare and write operations can not be retried")
    return faults


INTERNAL_VERSIONING = (
    "internal versioning can not be used for optimistic concurrency control. "
    "Please use `if_seq_no` and `if_primary_term` instead"
)
