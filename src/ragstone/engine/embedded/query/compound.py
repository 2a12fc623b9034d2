"""constant_score, dis_max, boosting, and hybrid as a filter."""

from __future__ import annotations

import tantivy

from ragstone.dsl.queries.boosting import BoostingQuery
from ragstone.dsl.queries.constant_score import ConstantScoreQuery
from ragstone.dsl.queries.dis_max import DisMaxQuery
from ragstone.dsl.queries.hybrid import HybridQuery
from ragstone.engine.embedded.query.compile import Context, all_of, any_of, but_not, compiles, constant


@compiles(ConstantScoreQuery)
def constant_score(query: ConstantScoreQuery, context: Context) -> tantivy.Query:
    return constant(context.filter(query.filter), query.boost)


@compiles(DisMaxQuery)
def dis_max(query: DisMaxQuery, context: Context) -> tantivy.Query:
    parts = [context.scored(part, query.boost) for part in query.queries]
    return best_of(parts, query.tie_breaker)


def best_of(parts: list[tantivy.Query], tie_breaker: float) -> tantivy.Query:
    """The best score, and `tie_breaker` times each of the others."""
    return parts[0] if len(parts) == 1 else tantivy.Query.disjunction_max_query(parts, tie_breaker)


@compiles(BoostingQuery)
def boosting(query: BoostingQuery, context: Context) -> tantivy.Query:
    negative = context.filter(query.negative)
    whole = context.scored(query.positive, query.boost)
    reduced = context.scored(query.positive, query.boost * query.negative_boost)
    # every document of `positive` is in exactly one of the two
    return any_of([but_not(whole, negative), all_of([reduced, constant(negative, 0.0)])])


@compiles(HybridQuery)
def hybrid(query: HybridQuery, context: Context) -> tantivy.Query:
    """What any of the sub-queries matches. Ranking them apart is what `QueryRequest.queries` is for."""
    return context.compile(query.any())
