"""The body of `_reindex`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    OpenSearchException,
    XContentParseException,
)
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.bulk import Action, VersionType
from ragstone.dsl.by_scroll import ByScroll, read_conflicts, read_max_docs, refuse_slice
from ragstone.dsl.clause import to_int, to_text
from ragstone.dsl.object_parser import INT, OBJECT, STRING, Declared, parse_object
from ragstone.dsl.search_body import SearchBody, parse_search_body

_ROUTING = ("keep", "discard")


@dataclass(frozen=True)
class Destination:
    """Where documents go, and how."""

    index: str | None = None
    op_type: Action = "index"
    pipeline: str | None = None
    routing: str = "keep"
    """`keep`, `discard`, or `=` and a new one."""
    version_type: VersionType = "internal"

    def routing_of(self, routing: str | None) -> str | None:
        """What becomes of a document's routing."""
        if self.routing == "keep":
            return routing
        return None if self.routing == "discard" else self.routing[1:]


@dataclass(frozen=True)
class ReindexBody:
    """A copy of what a search finds in `indices`."""

    indices: tuple[str, ...]
    destination: Destination
    by_scroll: ByScroll

    @property
    def expression(self) -> str:
        return ",".join(self.indices)

    @classmethod
    def parse(cls, body: Any, decode: Callable[[JsonObject], JsonObject]) -> ReindexBody:
        """From a decoded body. `decode` gives the search inside the source the text that its errors are located in.

        Raises XContentParseException, IllegalArgumentException for what is not supported.
        """
        if not isinstance(body, dict):
            raise XContentParseException(f"[1:1] [reindex] Expected START_OBJECT but was: {token(body)}")
        fields: Mapping[str, Declared] = {
            "source": Declared(OBJECT, lambda value: value),
            "dest": Declared(OBJECT, lambda value: Destination(**parse_object("dest", value, _DESTINATION))),
            "max_docs": Declared(INT, lambda value: read_max_docs(to_int(value))),
            "size": Declared(INT, lambda value: read_max_docs(to_int(value))),
            "script": Declared(OBJECT, lambda value: value),
            "conflicts": Declared(STRING, read_conflicts),
        }
        found = parse_object("reindex", body, fields)
        if "script" in found:
            raise IllegalArgumentException("a [script] in [reindex] is not supported by Ragstone yet")
        if found.get("source", {}).get("remote") is not None:
            raise IllegalArgumentException("[remote] in [reindex] is not supported by Ragstone yet")
        try:
            indices, search = _source(found.get("source", {}), decode)
        except OpenSearchException as error:
            # The search in it has a text of its own: this one stands where its parser has got to.
            raise XContentParseException(
                "[reindex] failed to parse field [source]", cause=error, place=Place(body, "source", "end")
            ) from error
        by_scroll = ByScroll(
            search=search,
            conflicts=found.get("conflicts", "abort"),
            max_docs=found.get("max_docs", found.get("size")),
        )
        return cls(indices, found.get("dest", Destination()), by_scroll)

    def validate(self) -> None:
        """Raises ActionRequestValidationException."""
        faults = self.by_scroll.faults()
        wanted = self.by_scroll.search.source
        if not self.indices:
            faults.append("use _all if you really want to copy from all existing indexes")
        if wanted is not None and not wanted.enabled:
            faults.append("_source:false is not supported in this context")
        if self.destination.index is None:
            faults.append("index must be specified")
        elif self.destination.routing not in _ROUTING and not self.destination.routing.startswith("="):
            faults.append("routing must be unset, [keep], [discard] or [=<some new value>]")
        if faults:
            raise ActionRequestValidationException.of(faults)

    def with_options(self, **options: Any) -> ReindexBody:
        """With what the query string says: members of `ByScroll`."""
        return replace(self, by_scroll=replace(self.by_scroll, **options))


def _source(value: JsonObject, decode: Callable[[JsonObject], JsonObject]) -> tuple[tuple[str, ...], SearchBody]:
    rest = dict(value)
    indices = _names(rest.pop("index", []))
    rest.pop("remote", None)
    refuse_slice(rest)
    return indices, parse_search_body(decode(rest))


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise IllegalArgumentException(f"Expected [index] to be a list or a string but was [{java_text(value)}]")
    return tuple(map(java_text, value))


def _op_type(value: str) -> str:
    if value not in ("index", "create"):
        raise IllegalArgumentException(f"opType must be 'create' or 'index', found: [{value}]")
    return value


def _version_type(value: str) -> str:
    if value not in ("internal", "external", "external_gte"):
        raise IllegalArgumentException(f"No version type match [{value}]")
    return value


_DESTINATION: Mapping[str, Declared] = {
    "index": Declared(STRING, to_text),
    "op_type": Declared(STRING, _op_type),
    "pipeline": Declared(STRING, to_text),
    "routing": Declared(STRING, to_text),
    "version_type": Declared(STRING, _version_type),
}
