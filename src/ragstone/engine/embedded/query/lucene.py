"""A query as the tree of Lucene queries that OpenSearch makes of it, for showing: `explain.py` says what it scores.

Searching goes another way (`compile.py`). What has no form of its own here is one `Opaque` leaf, right as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import java_text
from ragstone.dsl.minimum_should_match import minimum_should_match
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.constant_score import ConstantScoreQuery
from ragstone.dsl.queries.dis_max import DisMaxQuery
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.dsl.queries.ids import IdsQuery
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.queries.match_phrase import MatchPhraseQuery
from ragstone.dsl.queries.multi_match import MultiMatchQuery
from ragstone.dsl.queries.prefix import PrefixQuery
from ragstone.dsl.queries.query_string import QueryStringQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.queries.terms import TermsQuery
from ragstone.dsl.queries.wildcard import WildcardQuery
from ragstone.dsl.query import Query
from ragstone.dsl.query_string_syntax import Quoted, SyntaxException, Text, parse_syntax
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.metadata import IndexField
from ragstone.engine.embedded.mapper.text import AnalyzedField, MatchOnlyTextField
from ragstone.engine.embedded.query.compile import Context
from ragstone.engine.embedded.query.full_text import analyzer_for, by_position
from ragstone.engine.embedded.query.multi_match import by_field, tie_breaker
from ragstone.engine.embedded.query.term import has_similarity

Occur = Literal["", "+", "#", "-"]
"""As Lucene writes them: should, must, filter, must not."""
_LONG = (-(2**63), 2**63 - 1)


@dataclass(frozen=True)
class Node:
    """`boost` multiplies the score of the whole."""

    boost: float


@dataclass(frozen=True)
class Everything(Node):
    pass


@dataclass(frozen=True)
class Nothing(Node):
    why: str


@dataclass(frozen=True)
class Constant(Node):
    """What `query` matches, with the boost for a score. `wrapped`: Lucene shows it inside a `ConstantScore(...)`."""

    text: str
    query: Query
    wrapped: bool = False


@dataclass(frozen=True)
class Term(Node):
    """One term of a text, scored by BM25."""

    field: str
    term: str


@dataclass(frozen=True)
class Phrase(Node):
    """Several terms behind one another, scored by BM25."""

    field: str
    terms: tuple[str, ...]
    query: Query


@dataclass(frozen=True)
class Flag(Node):
    """A boolean value, which scores as a text of one term."""

    field: str
    value: bool


@dataclass(frozen=True)
class Boolean(Node):
    clauses: tuple[tuple[Occur, Node], ...]
    minimum: int = 0
    """How many of the optional clauses must match; 0 where the others, or one of them, are enough."""


@dataclass(frozen=True)
class Best(Node):
    """The best of several scores, and `tie_breaker` times each of the others."""

    parts: tuple[Node, ...]
    tie_breaker: float


@dataclass(frozen=True)
class Opaque(Node):
    """A query whose score is told, but not taken apart."""

    query: Query


# ── from queries ─────────────────────────────────────────────────────────────────────────────────────────────────────


def lucene(query: Query, context: Context) -> Node:
    """The tree of a query that compiles."""
    boost = query.boost
    match query:
        case MatchAllQuery():
            return Everything(boost)
        case MatchNoneQuery():
            return Nothing(boost, 'User requested "match_none" query.')
        case BoolQuery():
            return _boolean(query, context)
        case ConstantScoreQuery():
            inside = text(lucene(query.filter, context), bare=True)
            return Constant(boost, inside, query, wrapped=True)
        case DisMaxQuery():
            return Best(boost, tuple(lucene(part, context) for part in query.queries), query.tie_breaker)
        case MultiMatchQuery() if query.type != "cross_fields":
            parts = tuple(_lenient(part, context) for part in by_field(query, context))
            return parts[0] if len(parts) == 1 else Best(1.0, parts, tie_breaker(query))
        case QueryStringQuery() if (plain := _plain(query)) is not None:
            return lucene(plain, context)
        case IdsQuery():
            return Constant(boost, f"_id:({' '.join(query.values)})", query)
        case ExistsQuery():
            return Constant(boost, f"FieldExistsQuery [field={query.field}]", query, wrapped=True)
        case (
            TermQuery()
            | TermsQuery()
            | MatchQuery()
            | MatchPhraseQuery()
            | RangeQuery()
            | PrefixQuery()
            | (WildcardQuery())
        ):
            field = context.field(query.field)
            if field is None:
                return Nothing(boost, f"unmapped fields [{query.field}]")
            return _on_field(query, field, context)
    return Opaque(boost, query)


def _plain(query: QueryStringQuery) -> Query | None:
    """The match that a query string of one word or phrase in one field is; None for any other."""
    try:
        tree = parse_syntax(query.query)
    except SyntaxException:
        return None
    field = tree.field or query.default_field
    if field is None or "*" in field or field == "_exists_" or query.analyzer is not None or query.escape:
        return None
    if isinstance(tree, Text) and not tree.text.startswith(("<", ">")):
        boost = query.boost * tree.boost
        return MatchQuery(field=field, query=tree.text, boost=boost, operator=query.default_operator)
    if isinstance(tree, Quoted) and query.phrase_slop == 0 and tree.slop is None:
        return MatchPhraseQuery(field=field, query=tree.text, boost=query.boost * tree.boost)
    return None


def _lenient(query: Query, context: Context) -> Node:
    try:
        return lucene(query, context)
    except OpenSearchException:
        return Nothing(query.boost, "the text does not fit the field")


def _boolean(query: BoolQuery, context: Context) -> Node:
    groups: tuple[tuple[Occur, tuple[Query, ...]], ...] = (
        ("+", query.must),
        ("-", query.must_not),
        ("", query.should),
        ("#", query.filter),
    )
    clauses = tuple((occur, lucene(child, context)) for occur, children in groups for child in children)
    if not clauses:
        return Everything(query.boost)
    wanted = minimum_should_match(query.minimum_should_match, len(query.should))
    if not query.must and not query.filter:
        if not query.should:
            clauses = (*clauses, ("#", Everything(1.0)))
        wanted = 0 if wanted <= 1 else wanted
    return Boolean(query.boost, clauses, wanted)


def _on_field(query: Any, field: FieldType, context: Context) -> Node:
    match query:
        case TermQuery() if not query.case_insensitive:
            return _exact(query, field, query.value, context)
        case TermsQuery():
            return Constant(query.boost, f"{field.name}:({' '.join(sorted(map(java_text, query.values)))})", query)
        case MatchQuery() if isinstance(field, AnalyzedField):
            return _match(query, field, context)
        case MatchQuery():
            return _exact(query, field, query.query, context)
        case MatchPhraseQuery() if isinstance(field, AnalyzedField):
            return _phrase(query, field, context)
        case RangeQuery():
            return Constant(query.boost, _range(query, field, context), query)
        case PrefixQuery() if not query.case_insensitive:
            return Constant(query.boost, f"{field.name}:{query.value}*", query)
        case WildcardQuery() if not query.case_insensitive:
            return Constant(query.boost, f"{field.name}:{query.value}", query)
    return Opaque(query.boost, query)


def _exact(query: Query, field: FieldType, value: Any, context: Context) -> Node:
    if isinstance(field, IndexField) or (has_similarity(field) and field.storage != "bool"):
        return Opaque(query.boost, query)
    several = field.term_range(value, now_millis=context.now_millis)
    if several is not None:
        low, high = several
        return Constant(query.boost, f"{field.name}:[{low} TO {high}]", query)
    term = field.term(value, now_millis=context.now_millis)
    if field.storage == "text" and not isinstance(field, MatchOnlyTextField):
        return Term(query.boost, field.name, str(term))
    if field.storage == "bool":
        return Flag(query.boost, field.name, bool(term))
    if field.storage in ("i64", "f64"):
        return Constant(query.boost, f"{field.name}:[{term} TO {term}]", query)
    return Constant(query.boost, f"{field.name}:{term}", query, wrapped=True)


def _match(query: MatchQuery, field: AnalyzedField, context: Context) -> Node:
    analyzer = analyzer_for(query.analyzer, field.search_analyzer, "match", context)
    found = by_position(analyzer, java_text(query.query))
    if not found and query.zero_terms_query == "all":
        return Everything(query.boost)
    if not found:
        return Nothing(query.boost, f"no terms in the text for [{field.name}]")
    if query.fuzziness is not None or isinstance(field, MatchOnlyTextField) or any(len(same) > 1 for same in found):
        return Opaque(query.boost, query)
    terms = [Term(1.0, field.name, same[0]) for same in found]
    if len(terms) == 1:
        return replace(terms[0], boost=query.boost)
    if query.operator == "and":
        return Boolean(query.boost, tuple(("+", term) for term in terms))
    wanted = minimum_should_match(query.minimum_should_match, len(terms))
    return Boolean(query.boost, tuple(("", term) for term in terms), wanted if wanted > 1 else 0)


def _phrase(query: MatchPhraseQuery, field: AnalyzedField, context: Context) -> Node:
    analyzer = analyzer_for(query.analyzer, field.search_quote_analyzer, "match_phrase", context)
    terms = [term for term, _ in analyzer.terms(java_text(query.query))]
    if not terms or query.slop or isinstance(field, MatchOnlyTextField):
        return Opaque(query.boost, query)
    if len(terms) == 1:
        return Term(query.boost, field.name, terms[0])
    return Phrase(query.boost, field.name, tuple(terms), query)


def _range(query: RangeQuery, field: FieldType, context: Context) -> str:
    def bound(value: Any, round_up: bool) -> Any:
        if value is None:
            return None
        return field.bound(
            value,
            round_up=round_up,
            format=query.format,
            time_zone=query.time_zone,
            now_millis=context.now_millis,
        )

    low, high = bound(query.low, not query.include_low), bound(query.high, query.include_high)
    opening, closing = "[" if query.include_low else "{", "]" if query.include_high else "}"
    if field.storage == "i64":
        # Lucene knows points only with their bounds in.
        low = _LONG[0] if low is None else low + (0 if query.include_low else 1)
        high = _LONG[1] if high is None else high - (0 if query.include_high else 1)
        opening, closing = "[", "]"
    return f"{field.name}:{opening}{'*' if low is None else low} TO {'*' if high is None else high}{closing}"


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(node: Node, *, bare: bool = False) -> str:
    """The tree as Lucene writes it. `bare`: as in a place where scores do not matter."""
    match node:
        case Everything():
            written = "*:*"
        case Nothing():
            written = f'MatchNoDocsQuery("{node.why}")'
        case Constant():
            written = f"ConstantScore({node.text})" if node.wrapped and not bare else node.text
        case Term():
            written = f"{node.field}:{node.term}"
        case Flag():
            written = f"{node.field}:{'T' if node.value else 'F'}"
        case Phrase():
            written = f'{node.field}:"{" ".join(node.terms)}"'
        case Boolean():
            written = " ".join(
                f"{occur}{_grouped(part, bare=occur in ('#', '-') and bare)}" for occur, part in node.clauses
            )
            if node.minimum > 0:
                return f"({written})~{node.minimum}{_boosted(node)}"
        case Best():
            written = f"({' | '.join(_grouped(part) for part in node.parts)}){_tie(node)}"
            return f"{written}{_boosted(node)}"
        case Opaque():
            written = json.encode(replace(node.query, boost=1.0).to_json()).decode()
        case _:
            raise TypeError(f"{type(node).__name__} has no text")
    if node.boost == 1.0:
        return written
    return f"{written}{_boosted(node)}" if isinstance(node, Everything) else f"({written}){_boosted(node)}"


def _grouped(node: Node, *, bare: bool = False) -> str:
    written = text(node, bare=bare)
    return f"({written})" if isinstance(node, Boolean) and node.boost == 1.0 and not node.minimum else written


def _boosted(node: Node) -> str:
    return "" if node.boost == 1.0 else f"^{float(node.boost)}"


def _tie(node: Best) -> str:
    return f"~{node.tie_breaker}" if node.tie_breaker else ""


def disjunction(node: Node) -> Sequence[Node] | None:
    """The parts of a node that is nothing but a choice between them."""
    if isinstance(node, Boolean) and all(occur == "" for occur, _ in node.clauses):
        return [part for _, part in node.clauses]
    return None
