"""match_all and match_none."""

from __future__ import annotations

import tantivy

from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.engine.embedded.query.compile import Context, compiles, none


@compiles(MatchAllQuery)
def match_all(query: MatchAllQuery, context: Context) -> tantivy.Query:
    return context.all(query.boost)


@compiles(MatchNoneQuery)
def match_none(query: MatchNoneQuery, context: Context) -> tantivy.Query:
    return none()
