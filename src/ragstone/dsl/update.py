"""The body of an update: `doc`, `upsert`, `doc_as_upsert`, ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ragstone.core import json
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    ParsingException,
    XContentParseException,
)
from ragstone.core.xcontent import JsonObject, Place, as_bool, locate, token
from ragstone.dsl.object_parser import unknown_field
from ragstone.dsl.search_body import SourceFilter
from ragstone.dsl.source_filter import parse_source_filter

_FIELDS = (
    "script", "scripted_upsert", "upsert", "doc", "doc_as_upsert", "detect_noop", "_source", "if_seq_no",
    "if_primary_term",
)  # fmt: skip


@dataclass(frozen=True)
class UpdateBody:
    """What to change. Exactly one of `doc` and a script is there; `check_supported` refuses scripts for now."""

    doc: JsonObject
    script: Any = None
    upsert: JsonObject | None = None
    doc_as_upsert: bool = False
    detect_noop: bool = True
    source_filter: SourceFilter | None = None
    if_seq_no: int | None = None
    if_primary_term: int | None = None

    @classmethod
    def parse(cls, body: bytes) -> UpdateBody:
        """Raises XContentParseException, ActionRequestValidationException."""
        decoded = json.decode(body) if body.strip() else {}
        try:
            return cls._read(decoded)
        except (XContentParseException, ParsingException) as error:
            locate(error, body, decoded)
            raise

    @classmethod
    def _read(cls, body: Any) -> UpdateBody:
        if not isinstance(body, dict):
            raise XContentParseException(f"[1:1] [UpdateRequest] Expected START_OBJECT but was: {token(body)}")
        for key, value in body.items():
            if key not in _FIELDS:
                raise XContentParseException(unknown_field("UpdateRequest", key, _FIELDS), place=Place(body, key))
            if key in ("doc", "upsert") and not isinstance(value, dict):
                raise XContentParseException(
                    f"[UpdateRequest] {key} doesn't support values of type: {token(value)}",
                    place=Place(body, key, "value"),
                )
        doc, script, as_upsert = body.get("doc"), body.get("script"), as_bool(body.get("doc_as_upsert", False))
        faults = []
        if doc is None and script is None:
            faults.append("script or doc is missing")
        if doc is not None and script is not None:
            faults.append("can't provide both script and doc")
        if doc is None and as_upsert:
            faults.append("doc must be specified if doc_as_upsert is enabled")
        if faults:
            raise ActionRequestValidationException.of(faults)
        return cls(
            doc or {},
            script,
            body.get("upsert"),
            as_upsert,
            as_bool(body.get("detect_noop", True)),
            parse_source_filter(body["_source"]) if "_source" in body else None,
            body.get("if_seq_no"),
            body.get("if_primary_term"),
        )

    def check_supported(self) -> None:
        """Raises IllegalArgumentException for an update by script."""
        if self.script is not None:
            raise IllegalArgumentException("updates with a [script] are not supported by Ragstone yet")

    def merged_into(self, source: JsonObject) -> JsonObject:
        """`source` with `doc` merged in: objects deeply, everything else replaced, null stored."""
        return _merge(source, self.doc)


def _merge(target: JsonObject, changes: JsonObject) -> JsonObject:
    result = dict(target)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
