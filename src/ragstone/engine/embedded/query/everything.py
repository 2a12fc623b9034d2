"""match_all, match_none, exists and ids."""

from __future__ import annotations

import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.dsl.queries.ids import IdsQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.engine.embedded.mapper.flat_object import FlatObjectPath
from ragstone.engine.embedded.mapper.rank_features import RankFeaturesField
from ragstone.engine.embedded.query.compile import Context, any_of, compiles, constant, none
from ragstone.engine.embedded.text import patterns
from ragstone.engine.embedded.text.schema import ID, PRESENT, ROUTING

_EVERYWHERE = ("_id", "_index", "_seq_no", "_version", "_primary_term", "_field_names")


@compiles(MatchAllQuery)
def match_all(query: MatchAllQuery, context: Context) -> tantivy.Query:
    return context.all(query.boost)


@compiles(MatchNoneQuery)
def match_none(query: MatchNoneQuery, context: Context) -> tantivy.Query:
    return none()


@compiles(IdsQuery)
def ids(query: IdsQuery, context: Context) -> tantivy.Query:
    if not query.values:
        return none()
    return constant(tantivy.Query.term_set_query(context.schema, ID, list(query.values)), query.boost)


@compiles(ExistsQuery)
def exists(query: ExistsQuery, context: Context) -> tantivy.Query:
    if query.field == "_source":
        raise context.error("The _source field is not searchable")
    if query.field in _EVERYWHERE:
        return context.all(query.boost)
    mapper = context.mapper
    names = mapper.matching(f"{query.field}.*") if mapper.is_object(query.field) else mapper.matching(query.field)
    if not names and isinstance(context.field(query.field), FlatObjectPath):
        names = [query.field]
    if query.field == ROUTING:
        names = [ROUTING]
    found = [clause for name in names if (clause := has_value(name, context)) is not None]
    return constant(any_of(found), query.boost) if found else none()


def has_value(name: str, context: Context) -> tantivy.Query | None:
    """Documents with a value in a leaf field; None when none can have one."""
    field = context.field(name)
    if field is None:
        return None
    if isinstance(field, RankFeaturesField):
        raise IllegalArgumentException("[rank_features] fields do not support [exists] queries")
    if field.storage in ("text", "vector"):
        # Differs: as many are counted as are found; OpenSearch finds a text without any word in it, and counts it not.
        return context.term(PRESENT, field.name)
    slot = context.slot(field)
    if slot is None:
        return None
    if isinstance(field, FlatObjectPath):
        return context.reader.pattern(slot, patterns.prefix(field.pattern_prefix))
    return context.reader.present(slot)
