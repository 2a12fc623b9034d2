"""`highlight` of hits: the texts of their fields with the words marked that a query looks for."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.highlight import Highlight, HighlightOptions
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.source_filter import SourceFilter, filter_tree
from ragstone.dsl.source_path import values_at
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.analysis.analyzer import Token
from ragstone.engine.embedded.highlight.breaks import BETWEEN_VALUES
from ragstone.engine.embedded.highlight.marks import marks, phrases
from ragstone.engine.embedded.highlight.plain import Value, plain
from ragstone.engine.embedded.highlight.sought import Sought, sought
from ragstone.engine.embedded.highlight.unified import unified
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.keyword import KeywordField
from ragstone.engine.embedded.mapper.text import AnalyzedField, TextField
from ragstone.engine.embedded.query.compile import Context, shard_errors
from ragstone.engine.embedded.snapshot import Snapshot, StoredRow

_LIMIT = "index.highlight.max_analyzed_offset"
_SHOWN_BY_PATTERNS = ("text", "keyword", "match_only_text")
_GAP = 100
"""Positions between two values: no phrase goes from one into the other."""


@dataclass(frozen=True)
class _Wanted:
    """One field, ready to be looked through."""

    field: FieldType
    name: str
    paths: Sequence[str]
    options: HighlightOptions
    sought: Sequence[Sought]


def highlights(
    snapshot: Snapshot, rows: Sequence[StoredRow], highlight: Highlight, hidden: Sequence[str] = (), *, now_millis: int
) -> dict[int, JsonObject]:
    """For each row the fragments of the fields in which something was found. Blocking.

    What the view of the snapshot hides or masks is not there: neither in texts, for those are cut, nor as a field. Nor
    is what lies at or below a path in `hidden`.
    Raises IllegalArgumentException for a kind of highlight that there is not, and for a text too long to be looked
    through.
    """
    context = Context(snapshot, now_millis, scoring=False)
    wanted = list(_wanted(highlight, context))
    found: dict[int, JsonObject] = {}
    visible = SourceFilter(excludes=tuple(hidden))
    for stored in rows:
        source = filter_tree(json.decode(stored.source), visible) if stored.source else {}
        shown = {one.name: fragments for one in wanted if (fragments := _fragments(one, source, stored.row, snapshot))}
        found[stored.row] = shown
    return found


def _wanted(highlight: Highlight, context: Context) -> Iterator[_Wanted]:
    mapper = context.mapper
    fields = mapper.fields()
    parents = {sub.name: field.name for field in fields.values() for sub in field.sub_fields}
    for pattern, options in highlight.fields:
        with shard_errors(context):
            found = sought(options.query or MatchAllQuery(), context)
        for name in mapper.matching(pattern) if "*" in pattern else [pattern]:
            field = mapper.field(name)
            if field is None or field.name[:1] == "_":
                continue
            if "*" in pattern and field.wire_type not in _SHOWN_BY_PATTERNS:
                continue
            _check(options, field)
            paths = [parents.get(field.name, field.name)]
            paths += [other.name for other in fields.values() if field.name in other.copy_to]
            only = [one for one in found if one.path == field.name or not options.require_field_match]
            yield _Wanted(field, name, paths, options, only)


def _check(options: HighlightOptions, field: FieldType) -> None:
    if options.type == "fvh":
        vectors = str(field.option("term_vector")) if isinstance(field, TextField) else ""
        if not vectors.startswith("with_positions_offsets"):
            raise IllegalArgumentException(
                f"the field [{field.name}] should be indexed with term vector with position offsets to be used with "
                "fast vector highlighter"
            )
        raise unsupported("highlight type fvh")
    if options.type == "semantic":
        raise unsupported("highlight type semantic")
    if options.type not in ("unified", "plain"):
        raise IllegalArgumentException(f"unknown highlighter type [{options.type}] for the field [{field.name}]")
    if options.type == "plain" and options.fragmenter not in ("simple", "span"):
        raise IllegalArgumentException(f"unknown fragmenter option [{options.fragmenter}] for the field [{field.name}]")
    if options.type == "unified" and options.boundary_scanner == "chars":
        raise IllegalArgumentException("Invalid boundary scanner type: chars")
    if options.max_analyzer_offset is not None and options.max_analyzer_offset <= 0:
        raise IllegalArgumentException(f"the value [{options.max_analyzer_offset}] of max_analyzer_offset is invalid")
    if (options.number_of_fragments or 0) < 0:
        # Differs: named, where OpenSearch fails without a word.
        raise IllegalArgumentException(f"[number_of_fragments] must not be negative: [{options.number_of_fragments}]")


def _fragments(wanted: _Wanted, source: JsonObject, row: int, snapshot: Snapshot) -> list[str]:
    texts = [
        _as_units(java_text(value))
        for path in wanted.paths
        for value in values_at(source, path)
        if value is not None and not isinstance(value, (dict, list))
    ]
    options = wanted.options
    _check_length(texts, wanted, row, snapshot)
    if options.type == "plain":
        cut = [(text, _up_to(options.max_analyzer_offset, _tokens(wanted.field, text))) for text in texts]
        values = [
            Value(text, tokens, marks(tokens, wanted.sought), _held(tokens, wanted.sought)) for text, tokens in cut
        ]
        return list(map(_as_text, plain(values, options)))
    joined: list[Token] = []
    start = position = 0
    for text in texts:
        tokens = _up_to(options.max_analyzer_offset, _tokens(wanted.field, text))
        joined += [
            replace(token, start=token.start + start, end=token.end + start, position=token.position + position)
            for token in tokens
        ]
        start += len(text) + 1
        position = (joined[-1].position + _GAP) if joined else position
    found = marks(joined, wanted.sought)
    return list(map(_as_text, unified(BETWEEN_VALUES.join(texts), found, options)))


def _held(tokens: Sequence[Token], wanted: Sequence[Sought]) -> set[int]:
    """Behind the second word of a phrase, up to the one behind its last: so late does Lucene's fragmenter notice."""
    found = (positions for one in wanted if one.is_phrase for positions in phrases(tokens, one))
    return {
        held
        for positions in found
        if min(positions) + 1 in positions
        for held in range(min(positions) + 2, max(positions) + 2)
    }


def _up_to(last: int | None, tokens: list[Token]) -> list[Token]:
    return tokens if last is None else [token for token in tokens if token.start <= last]


def _check_length(texts: Sequence[str], wanted: _Wanted, row: int, snapshot: Snapshot) -> None:
    limit = int(snapshot.metadata.setting(_LIMIT) or 1_000_000)
    if wanted.options.max_analyzer_offset is None and sum(map(len, texts)) > limit:
        raise IllegalArgumentException(
            f"The length of [{wanted.name}] field of [{row - 1}] doc of [{snapshot.metadata.name}] index has exceeded "
            f"[{limit}] - maximum allowed to be analyzed for highlighting. This maximum can be set by changing the "
            f"[{_LIMIT}] index level setting. For large texts, indexing with offsets or term vectors is recommended!"
        )


def _tokens(field: FieldType, text: str) -> list[Token]:
    if isinstance(field, AnalyzedField):
        return field.analyzer.tokens(_as_text(text))
    term = _as_text(text)
    if isinstance(field, KeywordField) and field.normalizer is not None:
        term = field.normalizer(term)
    return [Token(term, 0, len(text), 0)] if text else []


def _as_units(text: str) -> str:
    """A text with one character for each UTF-16 unit: offsets in it are those that analysis tells."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    return "".join(map(chr, array("H", text.encode("utf-16-le", "surrogatepass"))))


def _as_text(units: str) -> str:
    """The text again; halves of a character that was cut become question marks."""
    if units.isascii() or not any("\ud800" <= unit <= "\udfff" for unit in units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


__all__ = ["highlights"]
