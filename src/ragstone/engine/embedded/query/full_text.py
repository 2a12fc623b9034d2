"""match."""

from __future__ import annotations

import tantivy

from ragstone.dsl.minimum_should_match import minimum_should_match
from ragstone.dsl.queries.match import MatchQuery
from ragstone.engine.embedded.mapper.text import AnalyzedField
from ragstone.engine.embedded.query.compile import Context, all_of, compiles, none
from ragstone.engine.embedded.query.term import exact

Should = tantivy.Occur.Should


@compiles(MatchQuery)
def match(query: MatchQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    if not isinstance(field, AnalyzedField):
        return exact(field, query.query, query.boost, context)
    slot = context.reader.slot(query.field)
    if slot is None:
        return none()
    terms = [term for term, _ in field.search_analyzer.terms(str(query.query))]
    if not terms:
        return context.all(query.boost) if query.zero_terms_query == "all" else none()
    scored = [context.bm25(slot, term, query.boost) for term in terms]
    if len(scored) == 1:
        return scored[0]
    if query.operator == "and":
        return all_of(scored)
    wanted = minimum_should_match(query.minimum_should_match, len(scored))
    return tantivy.Query.boolean_query([(Should, clause) for clause in scored], wanted if wanted > 1 else None)
