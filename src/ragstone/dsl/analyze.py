"""The body of `_analyze`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import ActionRequestValidationException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place, as_bool, java_text, token
from ragstone.dsl.object_parser import BOOLEAN, STRING, STRING_ARRAY, Declared, parse_object

NameOrDefinition = str | JsonObject
"""A part of an analysis chain: one that has a name, or `{"type": ..., option: value}`."""


@dataclass(frozen=True)
class AnalyzeRequest:
    """What to analyse, and with what: `analyzer`, `normalizer`, `field`, or parts; else with the default analyzer."""

    text: Sequence[str]
    analyzer: str | None = None
    normalizer: str | None = None
    field: str | None = None
    tokenizer: NameOrDefinition | None = None
    char_filters: Sequence[NameOrDefinition] = ()
    filters: Sequence[NameOrDefinition] = ()
    explain: bool = False
    attributes: frozenset[str] = frozenset()
    """With `explain`: the attributes to show, by Lucene's class names in lower case; none means all."""

    @property
    def in_parts(self) -> bool:
        """Whether a chain is put together for this request."""
        return self.tokenizer is not None or bool(self.char_filters) or bool(self.filters)

    @classmethod
    def parse(cls, body: JsonObject, index: str | None) -> AnalyzeRequest:
        """`index` is where it was sent to. Raises XContentParseException, ActionRequestValidationException."""
        found = parse_object("analyze_request", body, _FIELDS)
        request = cls(found.pop("text", ()), **{_NAMES.get(name, name): value for name, value in found.items()})
        faults = list(_faults(request, index))
        if faults:
            raise ActionRequestValidationException.of(faults)
        return request


def _faults(request: AnalyzeRequest, index: str | None) -> Sequence[str]:
    faults = []
    filtered = bool(request.char_filters) or bool(request.filters)
    if not request.text:
        faults.append("text is missing")
    if index is None and request.normalizer is not None:
        faults.append("index is required if normalizer is specified")
    if request.normalizer is not None and (request.tokenizer is not None or request.analyzer is not None):
        faults.append("tokenizer/analyze should be null if normalizer is specified")
    if request.analyzer is not None and request.in_parts:
        faults.append("cannot define extra components on a named analyzer")
    if request.normalizer is not None and filtered:
        faults.append("cannot define extra components on a named normalizer")
    if request.field is not None and request.in_parts:
        faults.append("cannot define extra components on a field-specific analyzer")
    return faults


def _texts(value: Any) -> Sequence[str]:
    return [java_text(item) for item in value] if isinstance(value, list) else [java_text(value)]


def _parts(value: list[Any]) -> Sequence[NameOrDefinition]:
    for position, item in enumerate(value):
        if not isinstance(item, (str, dict)):
            raise XContentParseException(
                f"Expected [VALUE_STRING] or [START_OBJECT], got {token(item)}", place=Place(value, position, "value")
            )
    return value


_PART = STRING | {"START_OBJECT"}
_PARTS = frozenset({"START_ARRAY"})
_FIELDS = {
    "text": Declared(STRING_ARRAY, _texts),
    "analyzer": Declared(STRING, str),
    "normalizer": Declared(STRING, str),
    "field": Declared(STRING, str),
    "tokenizer": Declared(_PART, lambda value: value),
    "filter": Declared(_PARTS, _parts),
    "char_filter": Declared(_PARTS, _parts),
    "explain": Declared(BOOLEAN, as_bool),
    "attributes": Declared(STRING_ARRAY, lambda value: frozenset(text.lower() for text in _texts(value))),
}
_NAMES = {"filter": "filters", "char_filter": "char_filters"}
"""Fields of the wire that have another name here."""
