"""bool."""

from __future__ import annotations

import tantivy

from ragstone.dsl.minimum_should_match import minimum_should_match
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.engine.embedded.query.compile import Context, check_clauses, compiles, constant, none

Must, Should, MustNot = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


@compiles(BoolQuery)
def boolean(query: BoolQuery, context: Context) -> tantivy.Query:
    if not query.children():
        return context.all(query.boost)
    check_clauses(len(query.children()))
    clauses = [(Must, context.scored(child, query.boost)) for child in query.must]
    clauses += [(Must, constant(context.filter(child), 0.0)) for child in query.filter]
    clauses += [(MustNot, context.filter(child)) for child in query.must_not]
    required = len(query.must) + len(query.filter)
    if not required and not query.should:
        if not query.adjust_pure_negative:
            return none()
        clauses.append((Must, context.all(0.0)))
    wanted = minimum_should_match(query.minimum_should_match, len(query.should))
    if wanted > len(query.should):
        return none()
    should = [(Should, context.scored(child, query.boost)) for child in query.should]
    if not required and wanted <= 1:
        wanted = 0  # tantivy wants one anyway, and is faster when not told
    return tantivy.Query.boolean_query(clauses + should, wanted or None)
