"""term and terms: exact values."""

from __future__ import annotations

import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json import Json
from ragstone.core.names import matches
from ragstone.core.xcontent import java_text
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.queries.terms import TermsQuery
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.keyword import KeywordField
from ragstone.engine.embedded.mapper.metadata import IndexField, RoutingField
from ragstone.engine.embedded.mapper.rank_features import RankFeaturesField
from ragstone.engine.embedded.mapper.text import MatchOnlyTextField
from ragstone.engine.embedded.query.compile import Context, any_of, compiles, constant, none
from ragstone.engine.embedded.text.patterns import escape, ignoring_case
from ragstone.engine.embedded.text.statistics import K1, idf

MAX_TERMS = 65_536
_LONG = range(-(2**63), 2**63)


@compiles(TermQuery)
def term(query: TermQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    if query.case_insensitive:
        return _ignoring_case(field, query.value, query.boost, context)
    return exact(field, query.value, query.boost, context)


@compiles(TermsQuery)
def terms(query: TermsQuery, context: Context) -> tantivy.Query:
    limit = int(context.snapshot.metadata.setting("index.max_terms_count") or MAX_TERMS)
    if len(query.values) > limit:
        raise IllegalArgumentException(
            f"The number of terms [{len(query.values)}] used in the Terms Query request has exceeded the allowed "
            f"maximum of [{limit}]. This maximum can be set by changing the [index.max_terms_count] index level "
            "setting."
        )
    field = context.field(query.field)
    if field is None or not query.values:
        return none()
    if isinstance(field, IndexField):
        found = any(_is_index(value, context) for value in query.values)
        return context.all(query.boost) if found else none()
    slot = check_searchable(field, context)
    if any(field.term_range(value, now_millis=context.now_millis) is not None for value in query.values):
        return constant(any_of([exact(field, value, 1.0, context) for value in query.values]), query.boost)
    values = [value for raw in query.values if (value := _stored(field, raw, context)) is not None]
    if slot is None or not values:
        return none()
    return constant(tantivy.Query.term_set_query(context.schema, slot, values), query.boost)


def exact(field: FieldType, value: Json, boost: float, context: Context) -> tantivy.Query:
    """Documents that have this value in `field`, scored as OpenSearch scores `term` on the field's type.

    Text is BM25; a boolean or a routing value counts as text of one term; all else is constant.
    """
    if isinstance(field, IndexField):
        return context.all(boost) if _is_index(value, context) else none()
    slot = check_searchable(field, context)
    several = field.term_range(value, now_millis=context.now_millis)
    if several is not None:
        return none() if slot is None else constant(context.reader.between(slot, *several), boost)
    found = _stored(field, value, context)
    if slot is None or found is None:
        return none()
    if field.storage == "text":
        if isinstance(field, MatchOnlyTextField):
            return constant(context.term(slot, found), boost)
        return context.bm25(field.name, slot, str(found), boost)
    if context.scoring and has_similarity(field):
        boost *= idf(context.reader.count(context.reader.present(slot)), context.frequency(slot, found)) / (1 + K1)
    return constant(context.term(slot, found), boost)


def has_similarity(field: FieldType) -> bool:
    """Whether `term` on a field that is no text is scored by how rare the value is."""
    if isinstance(field, KeywordField):
        return field.use_similarity
    return field.storage == "bool" or isinstance(field, RoutingField)


def _stored(field: FieldType, value: Json, context: Context) -> str | int | float | bool | None:
    """The value as documents have it; None when no document can."""
    found = field.term(value, now_millis=context.now_millis)
    if field.name == "_seq_no":
        found = int(found) + 1  # rows count from 1
    if field.storage == "i64" and (not isinstance(found, int) or found not in _LONG):
        return None
    return found


def check_searchable(field: FieldType, context: Context) -> str | None:
    """The field's place. Raises when nothing can be found in such a field."""
    if field.storage == "vector":
        raise context.error(f"KNN vector do not support exact searching, use KNN queries instead: [{field.name}]")
    if isinstance(field, RankFeaturesField):
        raise IllegalArgumentException("Queries on [rank_features] fields are not supported")
    if field.storage == "none":
        raise IllegalArgumentException(f"Field [{field.name}] of type [{field.wire_type}] is not searchable")
    if not field.indexed and not field.name.startswith("_"):
        if field.storage == "text":
            raise IllegalArgumentException(f"Cannot search on field [{field.name}] since it is not indexed.")
        if not field.doc_values:
            raise IllegalArgumentException(
                f"Cannot search on field [{field.name}] since it is both not indexed, and does not have doc_values "
                "enabled."
            )
    return context.slot(field)


def _is_index(value: Json, context: Context) -> bool:
    return matches(java_text(value), context.snapshot.metadata.name)


def _ignoring_case(field: FieldType, value: Json, boost: float, context: Context) -> tantivy.Query:
    if field.storage not in ("text", "keyword"):
        raise context.error(
            f"[{field.name}] field which is of type [{field.wire_type}], does not support case insensitive term queries"
        )
    slot = check_searchable(field, context)
    if slot is None:
        return none()
    pattern = ignoring_case(escape(str(field.term(value, now_millis=context.now_millis))))
    return constant(context.reader.pattern(slot, pattern), boost)
