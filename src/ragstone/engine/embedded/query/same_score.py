"""Which queries give every document they match one and the same score. Such hits need no ranking."""

from __future__ import annotations

from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.constant_score import ConstantScoreQuery
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.dsl.queries.ids import IdsQuery
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.queries.prefix import PrefixQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.queries.regexp import RegexpQuery
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.queries.terms import TermsQuery
from ragstone.dsl.queries.wildcard import WildcardQuery
from ragstone.dsl.query import Query
from ragstone.engine.embedded.mapper.service import Mapper

_ALWAYS = (
    ConstantScoreQuery,
    ExistsQuery,
    IdsQuery,
    MatchAllQuery,
    MatchNoneQuery,
    PrefixQuery,
    RangeQuery,
    RegexpQuery,
    TermsQuery,
    WildcardQuery,
)


def same_score(query: Query, mapper: Mapper) -> bool:
    """True only when it is certain."""
    if isinstance(query, _ALWAYS):
        return True
    if isinstance(query, (TermQuery, MatchQuery)):
        field = mapper.field(query.field)
        return field is None or field.storage != "text"
    if isinstance(query, BoolQuery):
        if query.should:
            return len(query.children()) == 1 and same_score(query.should[0], mapper)
        return all(same_score(clause, mapper) for clause in query.must)
    return False
