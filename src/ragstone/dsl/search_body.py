"""The body of a search, parsed: `SearchBody`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.units import parse_time
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.aggregation import Aggregation, parse_aggregations
from ragstone.dsl.clause import to_bool, to_float, to_int, to_text
from ragstone.dsl.ext import parse_section
from ragstone.dsl.field_format import FieldFormat, parse_field_formats
from ragstone.dsl.highlight import Highlight, parse_highlight
from ragstone.dsl.point_in_time import PointInTime, parse_point_in_time
from ragstone.dsl.query import Query, parse_query
from ragstone.dsl.slices import Slice, parse_slice
from ragstone.dsl.sort import SortField, parse_sort, sort_to_json
from ragstone.dsl.source_filter import SourceFilter, parse_source_filter
from ragstone.dsl.unsupported import SEARCH_KEYS, unsupported

ACCEPTED_WITHOUT_EFFECT = ("stats",)
"""Keys that change nothing in one process."""


@dataclass(frozen=True, kw_only=True)
class SearchBody:
    """One search. Request processors make changed copies with `dataclasses.replace`.

    `None` in `from_`, `size`, `track_total_hits` means "not given": 0, 10 and 10,000. `ext` holds each section under
    its name, parsed by the class registered in `dsl.ext`.
    """

    query: Query | None = None
    from_: int | None = None
    size: int | None = None
    sort: tuple[SortField, ...] = ()
    search_after: Sequence[Any] | None = None
    source: SourceFilter | None = None
    post_filter: Query | None = None
    min_score: float | None = None
    track_total_hits: bool | int | None = None
    track_scores: bool = False
    version: bool = False
    seq_no_primary_term: bool = False
    explain: bool = False
    stored_fields: tuple[str, ...] | None = None
    fields: tuple[str, ...] = ()
    """Names and patterns of mapped fields whose values each hit shows under `fields`."""
    doc_values: tuple[FieldFormat, ...] = ()
    """Fields whose values each hit shows under `fields`, as the index keeps them."""
    highlight: Highlight | None = None
    timeout: float | None = None
    """Seconds."""
    terminate_after: int = 0
    indices_boost: tuple[tuple[str, float], ...] = ()
    """Index name, alias or pattern → factor of all scores; the first that fits an index counts."""
    include_named_queries_score: bool = False
    search_pipeline: str | JsonObject | None = None
    """A stored pipeline's name, or an inline definition."""
    verbose_pipeline: bool = False
    aggregations: Mapping[str, Aggregation] = field(default_factory=dict)
    pit: PointInTime | None = None
    slice: Slice | None = None
    ext: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """The body of this search; what is at its default is left out."""
        untouched = type(self)()
        shown: JsonObject = {
            key: getattr(self, name) for key, name in _PLAIN if getattr(self, name) != getattr(untouched, name)
        }
        for key, query in (("query", self.query), ("post_filter", self.post_filter)):
            if query is not None:
                shown[key] = query.to_json()
        if self.sort:
            shown["sort"] = sort_to_json(self.sort)
        if self.source is not None:
            filtered = {"includes": list(self.source.includes), "excludes": list(self.source.excludes)}
            shown["_source"] = filtered if self.source.enabled else False
        if self.doc_values:
            shown["docvalue_fields"] = [entry.to_json() for entry in self.doc_values]
        if self.highlight is not None:
            shown["highlight"] = self.highlight.to_json()
        if self.timeout is not None:
            shown["timeout"] = f"{int(self.timeout * 1000)}ms"
        if self.indices_boost:
            shown["indices_boost"] = [{name: boost} for name, boost in self.indices_boost]
        if self.aggregations:
            shown["aggregations"] = {name: node.definition() for name, node in self.aggregations.items()}
        if self.pit is not None:
            shown["pit"] = self.pit.to_json()
        if self.slice is not None:
            shown["slice"] = self.slice.to_json()
        if self.ext:
            shown["ext"] = {name: section.to_json() for name, section in self.ext.items()}
        return shown


_PLAIN = (
    ("from", "from_"),
    ("size", "size"),
    ("search_after", "search_after"),
    ("min_score", "min_score"),
    ("track_total_hits", "track_total_hits"),
    ("track_scores", "track_scores"),
    ("version", "version"),
    ("seq_no_primary_term", "seq_no_primary_term"),
    ("explain", "explain"),
    ("stored_fields", "stored_fields"),
    ("fields", "fields"),
    ("terminate_after", "terminate_after"),
    ("include_named_queries_score", "include_named_queries_score"),
    ("search_pipeline", "search_pipeline"),
    ("verbose_pipeline", "verbose_pipeline"),
)
"""JSON key, field: written as they are."""


def parse_search_body(body: Any) -> SearchBody:
    """From the decoded JSON of a search request.

    Raises ParsingException, XContentParseException, IllegalArgumentException and what parts of it raise, all 400;
    places refer to `body`.
    """
    if not isinstance(body, dict):
        raise ParsingException(f"Expected [START_OBJECT] but found [{token(body)}]")
    arguments: dict[str, Any] = {}
    for key, value in body.items():
        if key in SEARCH_KEYS:
            if value:
                raise unsupported(key)
            continue
        kind = token(value)
        reader = _READERS.get((key, "VALUE" if kind.startswith("VALUE") and value is not None else kind))
        if reader is None:
            raise ParsingException(f"Unknown key for a {kind} in [{key}].", place=Place(body, key, "value"))
        name, read = reader
        if key not in ACCEPTED_WITHOUT_EFFECT:
            arguments[name] = read(value)
    return SearchBody(**arguments)


def parse_query_body(body: Any, name: str = "query") -> Query | None:
    """From the body of a request that takes nothing but a query under `name` (count, explain, ...)."""
    if not isinstance(body, dict):
        raise ParsingException(f"Expected [START_OBJECT] but found [{token(body)}]")
    for key in body:
        if key != name:
            raise ParsingException(f"request does not support [{key}]", place=Place(body, key))
    if name not in body:
        return None
    if not isinstance(body[name], dict):
        raise ParsingException("[_na] query malformed, must start with start_object", place=Place(body, name, "value"))
    return parse_query(body[name])


# ── one reader per key and kind of value ─────────────────────────────────────────────────────────────────────────────


def _not_negative(name: str) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = to_int(value)
        if number < 0:
            raise IllegalArgumentException(f"[{name}] parameter cannot be negative, found [{number}]")
        return number

    return read


def _track_total_hits(value: Any) -> bool | int:
    if value in ("true", "false") or isinstance(value, bool):
        return to_bool(value)
    number = to_int(value)
    if number < -1:
        # Differs: named and refused before any shard is asked; OpenSearch fails in its fetch phase without a word.
        raise IllegalArgumentException(f"[track_total_hits] parameter must be positive or equals to -1, got {number}")
    return False if number == -1 else number


def _terminate_after(value: Any) -> int:
    number = to_int(value)
    if number < 0:
        raise IllegalArgumentException("terminateAfter must be > 0")
    return number


def _search_after(values: list[Any]) -> tuple[Any, ...]:
    if not values:
        raise IllegalArgumentException("Values must contains at least one value.")
    for position, value in enumerate(values):
        if isinstance(value, (dict, list)):
            raise ParsingException(
                "Expected [VALUE_STRING] or [VALUE_NUMBER] or [VALUE_BOOLEAN] or [VALUE_NULL] but found "
                f"[{token(value)}] inside search_after.",
                place=Place(values, position, "value"),
            )
    return tuple(values)


def _indices_boost(value: Any) -> tuple[tuple[str, float], ...]:
    entries = value if isinstance(value, list) else [value]
    boosts: list[tuple[str, float]] = []
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ParsingException(
                f"Expected [START_OBJECT] in [indices_boost] but found [{token(entry)}]",
                place=Place(entries, position, "value"),
            )
        boosts += [(name, to_float(boost)) for name, boost in entry.items()]
    return tuple(boosts)


def _ext(sections: JsonObject) -> dict[str, Any]:
    return {name: parse_section(sections, name) for name in sections}


def _fields(entries: list[Any]) -> tuple[str, ...]:
    names = []
    for position, entry in enumerate(entries):
        options = entry if isinstance(entry, dict) else {"field": entry}
        if options.get("format") is not None:
            raise unsupported("format of fields")
        if not isinstance(options.get("field"), str):
            raise ParsingException(
                f"[fields] must have names of fields, but found [{token(entry)}]",
                place=Place(entries, position, "value"),
            )
        names.append(options["field"])
    return tuple(names)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(java_text, value)) if isinstance(value, list) else (java_text(value),)


_Reader = tuple[str, Callable[[Any], Any]]
_VALUE, _OBJECT, _ARRAY = "VALUE", "START_OBJECT", "START_ARRAY"
_READERS: Mapping[tuple[str, str], _Reader] = {
    **{
        (key, kind): (name, read)
        for key, kinds, name, read in (
            ("query", (_OBJECT,), "query", parse_query),
            ("post_filter", (_OBJECT,), "post_filter", parse_query),
            ("from", (_VALUE,), "from_", _not_negative("from")),
            ("size", (_VALUE,), "size", _not_negative("size")),
            ("sort", (_VALUE, _OBJECT, _ARRAY), "sort", parse_sort),
            ("search_after", (_ARRAY,), "search_after", _search_after),
            ("_source", (_VALUE, _OBJECT, _ARRAY), "source", parse_source_filter),
            ("min_score", (_VALUE,), "min_score", to_float),
            ("track_total_hits", (_VALUE,), "track_total_hits", _track_total_hits),
            ("track_scores", (_VALUE,), "track_scores", to_bool),
            ("version", (_VALUE,), "version", to_bool),
            ("seq_no_primary_term", (_VALUE,), "seq_no_primary_term", to_bool),
            ("explain", (_VALUE,), "explain", to_bool),
            ("stored_fields", (_VALUE, _ARRAY), "stored_fields", _names),
            ("fields", (_ARRAY,), "fields", _fields),
            ("docvalue_fields", (_ARRAY,), "doc_values", parse_field_formats),
            ("highlight", (_OBJECT,), "highlight", parse_highlight),
            ("timeout", (_VALUE,), "timeout", lambda value: parse_time(to_text(value), "timeout")),
            ("terminate_after", (_VALUE,), "terminate_after", _terminate_after),
            ("indices_boost", (_OBJECT, _ARRAY), "indices_boost", _indices_boost),
            ("include_named_queries_score", (_VALUE,), "include_named_queries_score", to_bool),
            ("search_pipeline", (_VALUE,), "search_pipeline", to_text),
            ("search_pipeline", (_OBJECT,), "search_pipeline", lambda value: value),
            ("verbose_pipeline", (_VALUE,), "verbose_pipeline", to_bool),
            ("ext", (_OBJECT,), "ext", _ext),
            ("aggs", (_OBJECT,), "aggregations", parse_aggregations),
            ("aggregations", (_OBJECT,), "aggregations", parse_aggregations),
            ("pit", (_OBJECT,), "pit", parse_point_in_time),
            ("slice", (_OBJECT,), "slice", parse_slice),
            ("stats", (_ARRAY,), "", _names),
        )
        for kind in kinds
    }
}

__all__ = ["ACCEPTED_WITHOUT_EFFECT", "SearchBody", "SourceFilter", "parse_query_body", "parse_search_body"]
