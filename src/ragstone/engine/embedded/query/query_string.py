"""query_string and simple_query_string."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import tantivy

from ragstone.dsl.field_boosts import FieldBoosts
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.minimum_should_match import minimum_should_match
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.dsl.queries.fuzzy import FuzzyQuery
from ragstone.dsl.queries.multi_match import MultiMatchQuery
from ragstone.dsl.queries.prefix import PrefixQuery
from ragstone.dsl.queries.query_string import QueryStringQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.queries.regexp import RegexpQuery
from ragstone.dsl.queries.simple_query_string import SimpleQueryStringQuery
from ragstone.dsl.queries.wildcard import WildcardQuery
from ragstone.dsl.query import Query
from ragstone.dsl.query_string_syntax import (
    Between,
    Fuzzy,
    Group,
    Node,
    Prefix,
    Quoted,
    Regexp,
    SyntaxException,
    Text,
    Wildcard,
    parse_syntax,
)
from ragstone.dsl.simple_query_syntax import Everything, parse_simple
from ragstone.engine.embedded.mapper.text import AnalyzedField
from ragstone.engine.embedded.query.compile import Context, check_clauses, compiles, none
from ragstone.engine.embedded.query.compound import best_of
from ragstone.engine.embedded.query.fields import Fields, resolve
from ragstone.engine.embedded.query.full_text import analysed_term, by_position, leniently

Clauses = list[tuple[tantivy.Occur, tantivy.Query]]

_OCCUR = {"must": tantivy.Occur.Must, "should": tantivy.Occur.Should, "must_not": tantivy.Occur.MustNot}
_COMPARISONS: tuple[tuple[str, Literal["low", "high"], bool], ...] = (
    (">=", "low", True),
    ("<=", "high", True),
    (">", "low", False),
    ("<", "high", False),
)


@dataclass(frozen=True)
class _Style:
    """How one of the two languages turns a text into queries of fields."""

    fields: FieldBoosts
    lenient: bool | None
    operator: str
    analyzer: str | None
    type: str
    tie_breaker: float | None
    terms_tie_breaker: float
    """For prefixes, ranges and such over several fields."""
    phrase_slop: int = 0
    quote_analyzer: str | None = None
    time_zone: str | None = None
    fuzziness: Fuzziness = field(default=Fuzziness.AUTO)
    fuzzy_prefix_length: int = 0
    fuzzy_max_expansions: int = 50
    fuzzy_transpositions: bool = True
    leading_wildcard: bool = True
    comparisons: bool = False
    """Whether `field:>=5` is a range."""


@compiles(QueryStringQuery)
def query_string(query: QueryStringQuery, context: Context) -> tantivy.Query:
    text = query.query
    if not text.strip():
        return none()
    try:
        return _Builder(_style(query), context).whole(_tree(query), query.boost, query.minimum_should_match)
    except SyntaxException as error:
        cause = SyntaxException(f"Cannot parse '{text}': {error.reason}", cause=error)
        raise context.error(f"Failed to parse query [{text}]", cause) from error


def _tree(query: QueryStringQuery) -> Node:
    text = _escaped(query.query) if query.escape else query.query
    return parse_syntax(text, "and" if query.default_operator == "and" else "or")


def _style(query: QueryStringQuery) -> _Style:
    tie_breaker = query.tie_breaker
    return _Style(
        query.fields or (((query.default_field, 1.0),) if query.default_field else ()),
        query.lenient,
        query.default_operator,
        query.analyzer,
        query.type,
        tie_breaker,
        tie_breaker if tie_breaker is not None else 1.0 if query.type in ("most_fields", "bool_prefix") else 0.0,
        phrase_slop=query.phrase_slop,
        quote_analyzer=query.quote_analyzer,
        time_zone=query.time_zone,
        fuzziness=query.fuzziness,
        fuzzy_prefix_length=query.fuzzy_prefix_length,
        fuzzy_max_expansions=query.fuzzy_max_expansions,
        fuzzy_transpositions=query.fuzzy_transpositions,
        leading_wildcard=query.allow_leading_wildcard,
        comparisons=True,
    )


@compiles(SimpleQueryStringQuery)
def simple_query_string(query: SimpleQueryStringQuery, context: Context) -> tantivy.Query:
    tree = _simple_tree(query)
    if tree is None:
        return none()
    return _Builder(_simple_style(query), context).whole(tree, query.boost, query.minimum_should_match)


def leaves(query: QueryStringQuery | SimpleQueryStringQuery, context: Context) -> list[Query]:
    """The queries of single fields that the text is made of, except those that hits must not match."""
    if isinstance(query, QueryStringQuery):
        style, tree = _style(query), _tree(query) if query.query.strip() else None
    else:
        style, tree = _simple_style(query), _simple_tree(query)
    return [] if tree is None else list(_Builder(style, context).leaves(tree))


def _simple_tree(query: SimpleQueryStringQuery) -> Node | None:
    return parse_simple(query.query, query.flags, "and" if query.default_operator == "and" else "or")


def _simple_style(query: SimpleQueryStringQuery) -> _Style:
    return _Style(
        query.fields,
        query.lenient,
        query.default_operator,
        query.analyzer,
        "most_fields",
        None,
        1.0,
        fuzzy_prefix_length=query.fuzzy_prefix_length,
        fuzzy_max_expansions=query.fuzzy_max_expansions,
        fuzzy_transpositions=query.fuzzy_transpositions,
    )


def _escaped(text: str) -> str:
    """With a backslash before every character that means something."""
    return "".join("\\" + c if c in '\\+-!():^[]"{}~*?|&/' else c for c in text)


class _Builder:
    """Turns a syntax tree into a tantivy query."""

    def __init__(self, style: _Style, context: Context) -> None:
        self._style = style
        self._context = context

    def whole(self, tree: Node, boost: float, spec: str | None) -> tantivy.Query:
        """`spec`, the minimum_should_match, counts the clauses at the top."""
        clauses = self._top_clauses(tree, boost)
        if clauses is None:
            return self._node(tree, boost) or none()
        return self._boolean(clauses, spec)

    def leaves(self, node: Node) -> Iterator[Query]:
        """See `leaves` of the module."""
        if isinstance(node, Group):
            for occur, part in node.clauses:
                if occur != "must_not":
                    yield from self.leaves(part)
        elif isinstance(node, (Text, Quoted)):
            if node.field == "_exists_" or (self._style.comparisons and node.field and node.text[:1] in ("<", ">")):
                return
            fields = tuple(self._fields(node.field).boosts.items())
            if not fields:
                return
            slop = (self._style.phrase_slop if node.slop is None else node.slop) if isinstance(node, Quoted) else 0
            yield MultiMatchQuery(
                query=node.text,
                fields=fields,
                type="phrase" if isinstance(node, Quoted) else self._style.type,
                analyzer=self._style.analyzer,
                slop=slop,
            )
        elif not isinstance(node, Everything) and not (isinstance(node, Wildcard) and node.pattern == "*"):
            make = self._maker(node)
            yield from (make(name, 1.0) for name in self._fields(node.field).boosts)

    def _top_clauses(self, tree: Node, boost: float) -> Clauses | None:
        """The clauses at the top; a text of several terms in one field counts term by term."""
        if isinstance(tree, Group):
            return [clause for part in tree.clauses for clause in self._clause(part[0], part[1], boost * tree.boost)]
        if isinstance(tree, Text):
            clauses = self._terms("must" if self._style.operator == "and" else "should", tree, boost)
            return clauses if clauses is not None and len(clauses) > 1 else None
        return None

    def _clause(self, occur: str, node: Node, boost: float) -> Clauses:
        if isinstance(node, Text) and " " in node.text:
            terms = self._terms(occur, node, boost)
            if terms is not None:
                return terms
        found = self._node(node, boost)
        return [] if found is None else [(_OCCUR[occur], found)]

    def _terms(self, occur: str, node: Text, boost: float) -> Clauses | None:
        """A text's terms one by one, when there is one analysed field to look in."""
        fields = self._fields(node.field).boosts
        field = self._context.field(next(iter(fields))) if len(fields) == 1 else None
        if not isinstance(field, AnalyzedField) or self._style.analyzer is not None:
            return None
        factor = boost * node.boost * next(iter(fields.values()))
        return [
            (_OCCUR[occur], best_of([analysed_term(field, term, factor, self._context) for term in same], 1.0))
            for same in by_position(field.search_analyzer, node.text)
        ]

    def _boolean(self, clauses: Clauses, spec: str | None = None) -> tantivy.Query:
        check_clauses(len(clauses))
        if not clauses:
            return none()
        if all(occur == tantivy.Occur.MustNot for occur, _ in clauses):
            clauses = [*clauses, (tantivy.Occur.Must, self._context.all(0.0))]
        optional = sum(occur == tantivy.Occur.Should for occur, _ in clauses)
        wanted = minimum_should_match(spec, optional)
        if wanted > optional:
            return none()
        return tantivy.Query.boolean_query(clauses, wanted if wanted > 1 else None)

    def _node(self, node: Node, boost: float) -> tantivy.Query | None:
        """None for a text without terms, which is as if it were not there."""
        boost *= node.boost
        if isinstance(node, Group):
            clauses = [clause for occur, part in node.clauses for clause in self._clause(occur, part, boost)]
            return self._boolean(clauses) if clauses else None
        if isinstance(node, Everything):
            return self._context.all(boost)
        if isinstance(node, Text):
            return self._text(node, boost)
        if isinstance(node, Quoted):
            return self._quoted(node, boost)
        if isinstance(node, Wildcard) and node.pattern == "*":
            return self._star(node.field, boost)
        if isinstance(node, Wildcard) and node.pattern[0] in "*?" and not self._style.leading_wildcard:
            raise SyntaxException("'*' or '?' not allowed as first character in WildcardQuery")
        return self._each_field(node.field, self._maker(node), boost)

    def _text(self, node: Text, boost: float) -> tantivy.Query | None:
        if node.field == "_exists_":
            return self._context.compile(ExistsQuery(field=node.text, boost=boost))
        if self._style.comparisons and node.field is not None and len(node.text) > 1:
            for sign, side, included in _COMPARISONS:
                if node.text.startswith(sign):
                    bound = node.text[len(sign) :]
                    low, high = (bound, None) if side == "low" else (None, bound)
                    between = Between(
                        node.field, low=low, high=high, include_low=included or side == "high",
                        include_high=included or side == "low",
                    )  # fmt: skip
                    return self._each_field(node.field, self._maker(between), boost)
        return self._match(node.field, node.text, self._style.type, boost)

    def _quoted(self, node: Quoted, boost: float) -> tantivy.Query | None:
        slop = self._style.phrase_slop if node.slop is None else node.slop
        analyzer = self._style.quote_analyzer or self._style.analyzer
        return self._match(node.field, node.text, "phrase", boost, slop=slop, analyzer=analyzer)

    def _match(
        self, name: str | None, text: str, type: str, boost: float, *, slop: int = 0, analyzer: str | None = None
    ) -> tantivy.Query | None:
        fields = self._fields(name)
        if text not in ("true", "false"):  # no error here, unlike `match`
            fields = Fields({n: b for n, b in fields.boosts.items() if not self._is_boolean(n)}, fields.everything)
        if not any(self._has_terms(field, text) for field in fields.boosts):
            return None
        node = MultiMatchQuery(
            query=text,
            fields=tuple(fields.boosts.items()),
            type=type,
            operator=self._style.operator,
            analyzer=analyzer or self._style.analyzer,
            slop=slop,
            tie_breaker=self._style.tie_breaker,
            lenient=self._lenient(fields.everything),
            boost=boost,
        )
        return self._context.compile(node) if fields.boosts else none()

    def _is_boolean(self, name: str) -> bool:
        field = self._context.field(name)
        return field is not None and field.storage == "bool"

    def _has_terms(self, name: str, text: str) -> bool:
        field = self._context.field(name)
        return not isinstance(field, AnalyzedField) or bool(field.search_analyzer.terms(text))

    def _star(self, name: str | None, boost: float) -> tantivy.Query:
        if name in (None, "*"):
            return self._context.all(boost)
        return self._context.compile(ExistsQuery(field=name or "", boost=boost))

    def _maker(self, node: Node) -> Callable[[str, float], Query]:
        """The query of one field for a prefix, pattern, range or fuzzy term."""
        style = self._style
        if isinstance(node, Prefix):
            return lambda name, boost: PrefixQuery(field=name, value=self._normal(name, node.text), boost=boost)
        if isinstance(node, Wildcard):
            return lambda name, boost: WildcardQuery(field=name, value=self._normal(name, node.pattern), boost=boost)
        if isinstance(node, Regexp):
            return lambda name, boost: RegexpQuery(field=name, value=node.pattern, boost=boost)
        if isinstance(node, Between):
            return lambda name, boost: RangeQuery(
                field=name,
                low=node.low,
                high=node.high,
                include_low=node.include_low,
                include_high=node.include_high,
                time_zone=style.time_zone,
                boost=boost,
            )
        assert isinstance(node, Fuzzy)
        fuzziness = style.fuzziness if node.edits is None else Fuzziness.parse(node.edits)
        return lambda name, boost: FuzzyQuery(
            field=name,
            value=self._normal(name, node.text),
            fuzziness=fuzziness,
            prefix_length=style.fuzzy_prefix_length,
            max_expansions=style.fuzzy_max_expansions,
            transpositions=style.fuzzy_transpositions,
            boost=boost,
        )

    def _each_field(self, name: str | None, make: Callable[[str, float], Query], boost: float) -> tantivy.Query:
        fields = self._fields(name)
        lenient = self._lenient(fields.everything)
        parts: Sequence[tantivy.Query] = [
            leniently(make(field, factor * boost), lenient, self._context)
            for field, factor in fields.boosts.items()
            if self._context.field(field) is not None
        ]
        return best_of(list(parts), self._style.terms_tie_breaker) if parts else none()

    def _fields(self, name: str | None) -> Fields:
        return resolve(self._style.fields if name is None else ((name, 1.0),), self._context)

    def _lenient(self, everything: bool) -> bool:
        return everything if self._style.lenient is None else self._style.lenient

    def _normal(self, name: str, text: str) -> str:
        """A part of a term as the field's analyzer writes it: in lower case, if it does that."""
        field = self._context.field(name)
        if isinstance(field, AnalyzedField) and [term for term, _ in field.search_analyzer.terms("Q")] == ["q"]:
            return text.lower()
        return text
