"""A query node written out and read again is the same node."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import ragstone.dsl.queries  # noqa: F401
from ragstone.core import json
from ragstone.dsl.fuzziness import Fuzziness
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.boosting import BoostingQuery
from ragstone.dsl.queries.constant_score import ConstantScoreQuery
from ragstone.dsl.queries.dis_max import DisMaxQuery
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.dsl.queries.fuzzy import FuzzyQuery
from ragstone.dsl.queries.ids import IdsQuery
from ragstone.dsl.queries.match import MatchQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_bool_prefix import MatchBoolPrefixQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.queries.match_phrase import MatchPhraseQuery
from ragstone.dsl.queries.match_phrase_prefix import MatchPhrasePrefixQuery
from ragstone.dsl.queries.multi_match import TYPES, MultiMatchQuery
from ragstone.dsl.queries.prefix import PrefixQuery
from ragstone.dsl.queries.query_string import QueryStringQuery
from ragstone.dsl.queries.range import RELATIONS, RangeQuery
from ragstone.dsl.queries.regexp import RegexpQuery
from ragstone.dsl.queries.simple_query_string import SimpleQueryStringQuery
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.queries.terms import TermsQuery
from ragstone.dsl.queries.wildcard import WildcardQuery
from ragstone.dsl.query import Query, parse_query
from ragstone.dsl.simple_query_syntax import FLAGS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
fields = st.text("abc._", min_size=1, max_size=6)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars = texts | numbers | st.booleans()
optional_text = st.none() | texts
counts = st.integers(1, 99)
fuzziness = st.sampled_from(["AUTO", "AUTO:2,5", "0", "1", "2"]).map(Fuzziness.parse)
operators = st.sampled_from(["and", "or"])
zero_terms = st.sampled_from(["none", "all"])
field_boosts = st.lists(st.tuples(fields, st.sampled_from([1.0, 2.5])), max_size=3).map(tuple)
common: dict[str, Any] = {"boost": st.floats(0, 100, width=32), "name": st.none() | texts}
fuzzy_options: dict[str, Any] = {
    "fuzziness": st.none() | fuzziness, "prefix_length": st.integers(0, 5), "max_expansions": counts,
    "fuzzy_transpositions": st.booleans(), "fuzzy_rewrite": optional_text,
}  # fmt: skip
text_options: dict[str, Any] = {
    "query": scalars, "operator": operators, "analyzer": optional_text, "minimum_should_match": optional_text,
    **fuzzy_options,
}  # fmt: skip
phrase_options: dict[str, Any] = {
    "field": fields, "query": scalars, "slop": st.integers(0, 9), "analyzer": optional_text,
    "zero_terms_query": zero_terms,
}  # fmt: skip
pattern_options: dict[str, Any] = {
    "field": fields, "value": texts, "case_insensitive": st.booleans(), "rewrite": optional_text,
}  # fmt: skip
MULTI_MATCH_TYPES = [name for name in TYPES if name in ("best_fields", "most_fields")]


def nodes(kind: type[Query], **arguments: Any) -> st.SearchStrategy[Query]:
    return st.builds(kind, **arguments, **common)


leaves = st.one_of(
    nodes(MatchAllQuery),
    nodes(MatchNoneQuery),
    nodes(TermQuery, field=fields, value=scalars, case_insensitive=st.booleans()),
    nodes(TermsQuery, field=fields.filter(lambda f: f not in ("boost", "_name")), values=st.lists(scalars).map(tuple)),
    nodes(
        RangeQuery, field=fields, low=st.none() | texts | numbers, high=st.none() | texts | numbers,
        include_low=st.booleans(), include_high=st.booleans(), format=optional_text, time_zone=optional_text,
        relation=st.none() | st.sampled_from(RELATIONS),
    ),
    nodes(ExistsQuery, field=fields),
    nodes(IdsQuery, values=st.lists(texts).map(tuple)),
    nodes(PrefixQuery, **pattern_options),
    nodes(WildcardQuery, **pattern_options),
    nodes(RegexpQuery, **pattern_options, flags=st.sampled_from(["ALL", "NONE", "EMPTY|ANYSTRING"])),
    nodes(
        FuzzyQuery, field=fields, value=scalars, fuzziness=fuzziness, prefix_length=st.integers(0, 5),
        max_expansions=counts, transpositions=st.booleans(), rewrite=optional_text,
    ),
    nodes(MatchQuery, field=fields, lenient=st.booleans(), zero_terms_query=zero_terms, **text_options),
    nodes(MatchBoolPrefixQuery, field=fields, **text_options),
    nodes(MatchPhraseQuery, **phrase_options),
    nodes(MatchPhrasePrefixQuery, **phrase_options, max_expansions=counts),
    nodes(
        MultiMatchQuery, fields=field_boosts, type=st.sampled_from(MULTI_MATCH_TYPES), lenient=st.none() | st.booleans(),
        tie_breaker=st.none() | st.sampled_from([0.0, 0.3]), **text_options,
    ),
    nodes(
        QueryStringQuery, query=texts, fields=field_boosts, default_operator=operators, lenient=st.none() | st.booleans(),
        allow_leading_wildcard=st.booleans(), phrase_slop=st.integers(0, 5), minimum_should_match=optional_text,
        fuzziness=fuzziness, time_zone=optional_text,
    ),
    nodes(
        SimpleQueryStringQuery, query=texts, fields=field_boosts, default_operator=operators,
        flags=st.sets(st.sampled_from([name for name in FLAGS if name != "SLOP"])).map(frozenset),
    ),
)  # fmt: skip


def containers(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        nodes(
            BoolQuery, must=several, should=several, filter=several, must_not=several,
            minimum_should_match=optional_text, adjust_pure_negative=st.booleans(),
        ),
        nodes(ConstantScoreQuery, filter=inner),
        nodes(DisMaxQuery, queries=st.lists(inner, min_size=1, max_size=3).map(tuple), tie_breaker=st.floats(0, 1)),
        nodes(BoostingQuery, positive=inner, negative=inner, negative_boost=st.floats(0, 1)),
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.recursive(leaves, containers, max_leaves=6))
def test_a_node_written_out_and_read_again_is_the_same(query: Query) -> None:
    written = json.decode(json.encode(query.to_json()))
    assert parse_query(written) == query
    assert query.with_children(query.children()) == query
