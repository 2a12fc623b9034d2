"""term."""

from __future__ import annotations

import tantivy

from ragstone.core.json import Json
from ragstone.dsl.queries.term import TermQuery
from ragstone.engine.embedded.mapper.date import DateField
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.query.compile import Context, compiles, constant, none


@compiles(TermQuery)
def term(query: TermQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    return exact(field, query.value, query.boost, context)


def exact(field: FieldType, value: Json, boost: float, context: Context) -> tantivy.Query:
    """Documents that have this value in `field`, scored as OpenSearch scores `term` on its type."""
    slot = context.reader.slot(field.name)
    found = field.term(value, now_millis=context.now_millis)
    if slot is None:
        return none()
    if isinstance(field, DateField):
        upper = field.bound(value, round_up=True, now_millis=context.now_millis)
        return constant(tantivy.Query.range_query(context.schema, slot, tantivy.FieldType.Integer, found, upper), boost)
    if field.storage == "text":
        return context.bm25(slot, str(found), boost)
    return constant(context.term(slot, found), boost)
