"""The body of `_search/template` and `_render/template`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ragstone.core import json
from ragstone.core.errors import ActionRequestValidationException, XContentParseException
from ragstone.core.xcontent import token
from ragstone.dsl.clause import to_bool, to_text
from ragstone.dsl.object_parser import BOOLEAN, OBJECT, STRING, Declared, parse_object


@dataclass(frozen=True)
class SearchTemplate:
    """`id` names a stored template; without one `source` is the template. Of both, the one written last counts."""

    id: str | None = None
    source: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    explain: bool = False
    profile: bool = False
    search_pipeline: str | None = None

    def check(self) -> None:
        """Raises ActionRequestValidationException when there is no template."""
        if not self.id and not self.source:
            unsaid = self.id is None and self.source is None
            missing = ["template is missing", "template's script type is missing"]
            raise ActionRequestValidationException.of(missing if unsaid else missing[:1])


def parse_search_template(body: Any) -> SearchTemplate:
    """Raises XContentParseException."""
    if not isinstance(body, dict):
        fault = XContentParseException(f"[search_template] Expected START_OBJECT but was: {token(body)}")
        fault.located(1, 1)
        raise fault
    found = parse_object("search_template", body, _FIELDS)
    for name in ("inline", "template"):
        if name in found:
            found["source"] = found.pop(name)
    if "id" in found and "source" in found:
        last = [name for name in body if name in ("id", *_SOURCES)][-1]
        found.pop("source" if last == "id" else "id")
    return SearchTemplate(**found)


def read_source(value: Any) -> str:
    """A template's text; it may be written as the object that it describes."""
    return value if isinstance(value, str) else json.encode(value).decode()


_SOURCES = ("source", "inline", "template")
_FIELDS = {
    **{name: Declared(STRING | OBJECT, read_source) for name in _SOURCES},
    "id": Declared(STRING, to_text),
    "params": Declared(OBJECT, lambda value: value),
    "explain": Declared(BOOLEAN, to_bool),
    "profile": Declared(BOOLEAN, to_bool),
    "search_pipeline": Declared(STRING, to_text),
}
