"""`highlight` of a search: which fields' texts hits show, with the found words marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.clause import to_bool, to_int, to_text
from ragstone.dsl.object_parser import (
    BOOLEAN,
    INT,
    OBJECT,
    STRING,
    Declared,
    parse_object,
    place_of_parser,
)
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import Query, parse_query
from ragstone.dsl.unsupported import unsupported

_STYLED = tuple(f'<em class="hlt{number}">' for number in range(1, 11))


@dataclass(frozen=True)
class HighlightOptions:
    """None: not said here. A field's options stand before those of the whole highlight, and those before defaults."""

    type: str | None = None
    pre_tags: tuple[str, ...] | None = None
    post_tags: tuple[str, ...] | None = None
    fragment_size: int | None = None
    """UTF-16 units."""
    number_of_fragments: int | None = None
    """0: whole values."""
    order: str | None = None
    require_field_match: bool | None = None
    no_match_size: int | None = None
    encoder: str | None = None
    boundary_scanner: str | None = None
    fragmenter: str | None = None
    max_analyzer_offset: int | None = None
    query: Query | None = None
    """Whose words are marked, instead of those of the search."""

    def over(self, other: Self) -> Self:
        """These, and where they say nothing those of `other`."""
        said = {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}
        return replace(other, **said)


DEFAULTS = HighlightOptions(
    type="unified",
    pre_tags=("<em>",),
    post_tags=("</em>",),
    fragment_size=100,
    number_of_fragments=5,
    order="none",
    require_field_match=True,
    no_match_size=0,
    encoder="default",
    boundary_scanner="sentence",
    fragmenter="span",
    max_analyzer_offset=None,
)


@dataclass(frozen=True)
class Highlight:
    """`fields` are names and patterns, with what each of them is asked, defaults filled in."""

    fields: tuple[tuple[str, HighlightOptions], ...] = ()
    given: JsonObject = field(default_factory=dict)
    """As it stood in the request."""

    def asked_for(self, query: Query) -> Self:
        """Every field with a query: its own, or this one."""
        chosen = ((name, own if own.query is not None else replace(own, query=query)) for name, own in self.fields)
        return replace(self, fields=tuple(chosen))

    def to_json(self) -> JsonObject:
        return self.given


def parse_highlight(body: JsonObject) -> Highlight:
    """Raises XContentParseException, what `parse_query` raises, and IllegalArgumentException for what is not done."""
    declared = {**_declared(), **_GLOBAL}
    found = parse_object("highlight", body, declared)
    chosen = found.pop("fields", ())
    if found.pop("tags_schema", None) == "styled":
        found.setdefault("pre_tags", _STYLED)
        found.setdefault("post_tags", ("</em>",))
    _check_tags(found, body)
    general = _options(found).over(DEFAULTS)
    return Highlight(tuple((name, own.over(general)) for name, own in chosen), body)


def _options(found: dict[str, Any]) -> HighlightOptions:
    known = {one.name for one in fields(HighlightOptions)}
    found = {"query" if key == "highlight_query" else key: value for key, value in found.items()}
    return HighlightOptions(**{key: value for key, value in found.items() if key in known})


_TAGS = frozenset({"START_ARRAY", "VALUE_STRING"})
_OBJECTS = frozenset({"START_OBJECT", "START_ARRAY"})


def _declared() -> dict[str, Declared]:
    return {
        "type": Declared(STRING, to_text),
        "pre_tags": Declared(_TAGS, _texts),
        "post_tags": Declared(_TAGS, _texts),
        "fragment_size": Declared(INT, to_int),
        "number_of_fragments": Declared(INT, to_int),
        "order": Declared(STRING, _order),
        "require_field_match": Declared(BOOLEAN, to_bool),
        "no_match_size": Declared(INT, to_int),
        "boundary_scanner": Declared(STRING, _boundary_scanner),
        "fragmenter": Declared(STRING, to_text),
        "max_analyzer_offset": Declared(INT, to_int),
        "highlight_query": Declared(OBJECT, _query),
        "options": Declared(OBJECT, lambda value: None),
        # What only fvh looks at, or what one process does not need to be told.
        "boundary_max_scan": Declared(INT, to_int),
        "boundary_chars": Declared(STRING, to_text),
        "boundary_scanner_locale": Declared(STRING, to_text),
        "phrase_limit": Declared(INT, to_int),
        "force_source": Declared(BOOLEAN, to_bool),
    }


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(java_text, value)) if isinstance(value, list) else (java_text(value),)


def _order(value: Any) -> str:
    return "score" if to_text(value).lower() == "score" else "none"


def _boundary_scanner(value: Any) -> str:
    name = to_text(value).lower()
    if name not in ("chars", "word", "sentence"):
        raise IllegalArgumentException(
            f"No enum constant org.opensearch.search.fetch.subphase.highlight.HighlightBuilder.BoundaryScannerType."
            f"{to_text(value).upper()}"
        )
    return name


def _query(value: Any) -> Query:
    query = parse_query(value)
    _check_query(query)
    return query


def _check_query(query: Query) -> None:
    """What a model would have to read first is refused."""
    if isinstance(query, (HybridQuery, Neural, NeuralSparse)):
        raise unsupported(f"{query.wire_name} as highlight_query")
    for child in query.children():
        _check_query(child)


def _schema(value: Any) -> str:
    name = to_text(value)
    if name not in ("default", "styled"):
        raise IllegalArgumentException(f"Unknown tag schema [{name}]")
    return name


def _fields(value: Any) -> tuple[tuple[str, HighlightOptions], ...]:
    """An object, or a list of objects with one field each, which says in what order they are shown."""
    if isinstance(value, dict):
        return tuple((name, _field(value, name)) for name in value)
    found: list[tuple[str, HighlightOptions]] = []
    for position, entry in enumerate(value):
        if not isinstance(entry, dict) or len(entry) != 1:
            raise XContentParseException(
                "[fields] can be a single object with any number of fields or an array where each entry is an object "
                "with a single field",
                place=Place(value, position, "value"),
            )
        found += [(name, _field(entry, name)) for name in entry]
    return tuple(found)


def _field(container: JsonObject, name: str) -> HighlightOptions:
    options = container[name]
    try:
        if not isinstance(options, dict):
            place = Place(container, name, "value")
            raise XContentParseException(
                f"[highlight_field] Expected START_OBJECT but was: {token(options)}", place=place
            )
        found = parse_object("highlight_field", options, _FIELD)
    except XContentParseException as error:
        place = place_of_parser(error) or Place(container, name, "value")
        raise XContentParseException(f"[fields] failed to parse field [{name}]", cause=error, place=place) from error
    _check_tags(found, options)
    return _options(found)


def _check_tags(found: Mapping[str, Any], body: JsonObject) -> None:
    if "pre_tags" in found and "post_tags" not in found:
        raise ParsingException("pre_tags are set but post_tags are not set", place=Place(body, None, "end"))


_GLOBAL: Mapping[str, Declared] = {
    "fields": Declared(_OBJECTS, _fields),
    "encoder": Declared(STRING, to_text),
    "tags_schema": Declared(STRING, _schema),
}
_FIELD: Mapping[str, Declared] = {
    **_declared(),
    "fragment_offset": Declared(INT, to_int),
    "matched_fields": Declared(_TAGS, _texts),
}

__all__ = ["DEFAULTS", "Highlight", "HighlightOptions", "parse_highlight"]
