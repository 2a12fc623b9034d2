"""match and match_bool_prefix."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import tantivy

from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import java_text
from ragstone.dsl.minimum_should_match import minimum_should_match
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_bool_prefix import MatchBoolPrefixQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded.analysis.analyzer import Analyzer
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.text import AnalyzedField, MatchOnlyTextField, TextField
from ragstone.engine.embedded.query.compile import Context, all_of, any_of, check_clauses, compiles, constant, none
from ragstone.engine.embedded.query.fuzzy import near
from ragstone.engine.embedded.query.term import check_searchable, exact

Should = tantivy.Occur.Should


@compiles(MatchQuery)
def match(query: MatchQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    if not isinstance(field, AnalyzedField):
        if query.lenient:
            return leniently(replace(query, lenient=False), True, context)
        return exact(field, query.query, query.boost, context)
    slot = check_searchable(field, context)
    analyzer = analyzer_for(query.analyzer, field.search_analyzer, "match", context)
    text = java_text(query.query)
    words = analyzer.words(text) if query.fuzziness is None and isinstance(field, TextField) else None
    if words is not None and slot is not None:
        clauses = context.bm25_terms(field.name, slot, words, query.boost)
    else:
        clauses = [
            any_of([_term(query, field, term, context) for term in same]) for same in by_position(analyzer, text)
        ]
    if not clauses:
        return context.all(query.boost) if query.zero_terms_query == "all" else none()
    return combine(clauses, query.operator, query.minimum_should_match)


@compiles(MatchBoolPrefixQuery)
def match_bool_prefix(query: MatchBoolPrefixQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    slot = check_searchable(field, context)
    text = java_text(query.query)
    if isinstance(field, AnalyzedField):
        analyzer = analyzer_for(query.analyzer, field.search_analyzer, "match_bool_prefix", context)
        terms = [term for term, _ in analyzer.terms(text)]
    else:
        terms = [str(field.term(query.query, now_millis=context.now_millis))]
    if not terms or slot is None:
        return none()
    clauses = [_term(query, field, term, context) for term in terms[:-1]]
    clauses.append(constant(context.reader.begins_with(slot, terms[-1]), query.boost))
    return combine(clauses, query.operator, query.minimum_should_match)


def _term(query: MatchQuery | MatchBoolPrefixQuery, field: FieldType, term: str, context: Context) -> tantivy.Query:
    if query.fuzziness is not None and (distance := query.fuzziness.distance(term)):
        return near(
            field,
            term,
            distance,
            context,
            boost=query.boost,
            prefix_length=query.prefix_length,
            max_expansions=query.max_expansions,
            transpositions=query.fuzzy_transpositions,
        )
    return analysed_term(field, term, query.boost, context)


def analysed_term(field: FieldType, term: str, boost: float, context: Context) -> tantivy.Query:
    """One term as analysis made it."""
    slot = context.slot(field)
    if slot is None:
        return none()
    if isinstance(field, AnalyzedField) and not isinstance(field, MatchOnlyTextField):
        return context.bm25(field.name, slot, term, boost)
    return constant(context.term(slot, term), boost)


def combine(clauses: list[tantivy.Query], operator: str, spec: str | None) -> tantivy.Query:
    """The clauses of one text: all of them, or as many as `minimum_should_match` says."""
    check_clauses(len(clauses))
    if len(clauses) == 1:
        return clauses[0]
    if operator == "and":
        return all_of(clauses)
    wanted = minimum_should_match(spec, len(clauses))
    if wanted > len(clauses):
        return none()
    return tantivy.Query.boolean_query([(Should, clause) for clause in clauses], wanted if wanted > 1 else None)


def by_position(analyzer: Analyzer, text: str) -> list[list[str]]:
    """The terms of a text, those at one position together."""
    return [[term for term, _ in same] for _, same in groupby(analyzer.terms(text), key=lambda term: term[1])]


def analyzer_for(name: str | None, otherwise: Analyzer, kind: str, context: Context) -> Analyzer:
    """The analyzer a query names, or the field's. Raises QueryShardException."""
    if name is None:
        return otherwise
    found = context.mapper.context.analyzers.get(name)
    if found is None:
        raise context.error(f"[{kind}] analyzer [{name}] not found")
    return found


def leniently(node: Query, lenient: bool, context: Context) -> tantivy.Query:
    """The compiled node; when it does not fit its field and `lenient` is set, a query without hits."""
    try:
        return context.compile(node)
    except OpenSearchException:
        if lenient:
            return none()
        raise
