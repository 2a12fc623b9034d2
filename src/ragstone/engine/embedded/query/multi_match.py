"""multi_match: one text against several fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import tantivy

from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_bool_prefix import MatchBoolPrefixQuery
from ragstone.dsl.queries.match_phrase import MatchPhraseQuery
from ragstone.dsl.queries.match_phrase_prefix import MatchPhrasePrefixQuery
from ragstone.dsl.queries.multi_match import MultiMatchQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded.mapper.text import AnalyzedField, MatchOnlyTextField
from ragstone.engine.embedded.query.compile import Context, compiles, none
from ragstone.engine.embedded.query.compound import best_of
from ragstone.engine.embedded.query.fields import resolve
from ragstone.engine.embedded.query.full_text import analyzer_for, by_position, combine, leniently

_TIE_BREAKERS: Mapping[str, float] = {"most_fields": 1.0, "bool_prefix": 1.0}


@compiles(MultiMatchQuery)
def multi_match(query: MultiMatchQuery, context: Context) -> tantivy.Query:
    fields = resolve(query.fields, context)
    lenient = fields.everything if query.lenient is None else query.lenient
    if query.type == "cross_fields":
        boosts = {name: boost * query.boost for name, boost in fields.boosts.items()}
        parts = _cross_fields(query, boosts, tie_breaker(query), lenient, context)
    else:
        parts = [leniently(node, lenient, context) for node in by_field(query, context)]
    return best_of(parts, tie_breaker(query)) if parts else none()


def tie_breaker(query: MultiMatchQuery) -> float:
    """How much fields count that are not the best."""
    return _TIE_BREAKERS.get(query.type, 0.0) if query.tie_breaker is None else query.tie_breaker


def by_field(query: MultiMatchQuery, context: Context) -> list[Query]:
    """The query that each mapped field is asked, for all types but `cross_fields`."""
    make, fields = _NODES[query.type], resolve(query.fields, context)
    return [
        make(query, name, boost * query.boost)
        for name, boost in fields.boosts.items()
        if context.field(name) is not None
    ]


def each_field(query: MultiMatchQuery, context: Context) -> list[Query]:
    """What each mapped field is asked, one by one, for all types: as far as words go, `cross_fields` is `match`."""
    return by_field(replace(query, type="best_fields") if query.type == "cross_fields" else query, context)


# ── one field at a time ──────────────────────────────────────────────────────────────────────────────────────────────


def _match(query: MultiMatchQuery, field: str, boost: float) -> Query:
    return MatchQuery(
        field=field,
        query=query.query,
        boost=boost,
        operator=query.operator,
        analyzer=query.analyzer,
        minimum_should_match=query.minimum_should_match,
        fuzziness=query.fuzziness,
        prefix_length=query.prefix_length,
        max_expansions=query.max_expansions,
        fuzzy_transpositions=query.fuzzy_transpositions,
        fuzzy_rewrite=query.fuzzy_rewrite,
        zero_terms_query=query.zero_terms_query,
    )


def _phrase(query: MultiMatchQuery, field: str, boost: float) -> Query:
    return MatchPhraseQuery(
        field=field,
        query=query.query,
        boost=boost,
        slop=query.slop,
        analyzer=query.analyzer,
        zero_terms_query=query.zero_terms_query,
    )


def _phrase_prefix(query: MultiMatchQuery, field: str, boost: float) -> Query:
    return MatchPhrasePrefixQuery(
        field=field,
        query=query.query,
        boost=boost,
        slop=query.slop,
        max_expansions=query.max_expansions,
        analyzer=query.analyzer,
        zero_terms_query=query.zero_terms_query,
    )


def _bool_prefix(query: MultiMatchQuery, field: str, boost: float) -> Query:
    return MatchBoolPrefixQuery(
        field=field,
        query=query.query,
        boost=boost,
        operator=query.operator,
        analyzer=query.analyzer,
        minimum_should_match=query.minimum_should_match,
        fuzziness=query.fuzziness,
        prefix_length=query.prefix_length,
        max_expansions=query.max_expansions,
        fuzzy_transpositions=query.fuzzy_transpositions,
        fuzzy_rewrite=query.fuzzy_rewrite,
    )


_NODES: Mapping[str, Callable[[MultiMatchQuery, str, float], Query]] = {
    "best_fields": _match,
    "most_fields": _match,
    "phrase": _phrase,
    "phrase_prefix": _phrase_prefix,
    "bool_prefix": _bool_prefix,
}


# ── all fields as if they were one ───────────────────────────────────────────────────────────────────────────────────


def _cross_fields(
    query: MultiMatchQuery, boosts: Mapping[str, float], tie_breaker: float, lenient: bool, context: Context
) -> list[tantivy.Query]:
    """One part per group of fields with the same analyzer: in each, term by term, the best field."""
    groups: dict[str, list[tuple[AnalyzedField, float]]] = {}
    parts: list[tantivy.Query] = []
    for name, boost in boosts.items():
        field = context.field(name)
        if isinstance(field, AnalyzedField) and not isinstance(field, MatchOnlyTextField):
            groups.setdefault(query.analyzer or field.search_analyzer.name, []).append((field, boost))
        elif field is not None:
            parts.append(leniently(_match(query, name, boost), lenient, context))
    for group in groups.values():
        analyzer = analyzer_for(query.analyzer, group[0][0].search_analyzer, "multi_match", context)
        clauses = [
            best_of([_blended(term, group, tie_breaker, context) for term in same], 1.0)
            for same in by_position(analyzer, java_text(query.query))
        ]
        if clauses:
            parts.append(combine(clauses, query.operator, query.minimum_should_match))
        elif query.zero_terms_query == "all":
            parts.append(context.all(query.boost))
    return parts


def _blended(
    term: str, group: list[tuple[AnalyzedField, float]], tie_breaker: float, context: Context
) -> tantivy.Query:
    """The term in the field where it scores best, counted as if it were about as common in all of them.

    The document frequency is that of the commonest, and one more for each step down, so that a field where the term is
    rarer still weighs a little less (the rule of OpenSearch's BlendedTermQuery).
    """
    found = []
    for field, boost in group:
        slot = context.slot(field)
        frequency = 0 if slot is None else context.frequency(slot, term)
        if slot is not None and frequency:
            found.append((frequency, field.name, slot, boost))
    if not found:
        return none()
    found.sort(key=lambda entry: -entry[0])
    shared = before = found[0][0]
    parts = []
    for frequency, name, slot, boost in found:
        if before > frequency:
            shared += 1
        before = frequency
        most = context.reader.statistics.documents_with(name)
        parts.append(context.bm25(name, slot, term, boost, min(shared, most)))
    return best_of(parts, tie_breaker)
