"""prefix, wildcard and regexp: all terms that look so, with one score."""

from __future__ import annotations

import tantivy

from ragstone.core.names import matches
from ragstone.dsl.queries.prefix import PrefixQuery
from ragstone.dsl.queries.regexp import RegexpQuery
from ragstone.dsl.queries.wildcard import WildcardQuery
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.keyword import KeywordField
from ragstone.engine.embedded.mapper.metadata import IdField, IndexField
from ragstone.engine.embedded.query.compile import Context, compiles, constant, none
from ragstone.engine.embedded.query.everything import has_value
from ragstone.engine.embedded.text import patterns
from ragstone.engine.embedded.text.lucene_regexp import to_pattern

_REWRITES = (None, "constant_score", "constant_score_boolean", "constant_score_blended")


@compiles(PrefixQuery)
def prefix(query: PrefixQuery, context: Context) -> tantivy.Query:
    slot = _prepare(query, "prefix", context)
    if slot is None:
        return none()
    if isinstance(slot, tantivy.Query):
        return slot
    value = normal(query.value, context.field(query.field))
    if query.case_insensitive:
        found = context.reader.pattern(slot, patterns.ignoring_case(patterns.prefix(value)))
    else:
        found = context.reader.begins_with(slot, value)
    return constant(found, query.boost)


@compiles(WildcardQuery)
def wildcard(query: WildcardQuery, context: Context) -> tantivy.Query:
    slot = _prepare(query, "wildcard", context)
    if slot is None:
        return none()
    if isinstance(slot, tantivy.Query):
        return slot
    if query.value == "*":
        everything = has_value(query.field, context)
        return none() if everything is None else constant(everything, query.boost)
    pattern = patterns.wildcard(normal(query.value, context.field(query.field)))
    if query.case_insensitive:
        pattern = patterns.ignoring_case(pattern)
    return constant(context.reader.pattern(slot, pattern), query.boost)


@compiles(RegexpQuery)
def regexp(query: RegexpQuery, context: Context) -> tantivy.Query:
    slot = _prepare(query, "regexp", context)
    if slot is None:
        return none()
    if isinstance(slot, tantivy.Query):
        return slot
    pattern = to_pattern(query.value)
    if query.case_insensitive:
        pattern = patterns.ignoring_case(pattern)
    return constant(context.reader.pattern(slot, pattern), query.boost)


def _prepare(
    query: PrefixQuery | WildcardQuery | RegexpQuery, kind: str, context: Context
) -> str | tantivy.Query | None:
    """The slot to look in; a whole answer for `_index`; None when nothing can match.

    Raises QueryShardException for fields without terms of text.
    """
    if query.rewrite not in _REWRITES:
        raise unsupported(f"rewrite {query.rewrite}")
    field = context.field(query.field)
    if field is None:
        return None
    if isinstance(field, IndexField):
        pattern = query.value + "*" if kind == "prefix" else query.value
        return context.all(query.boost) if matches(pattern, context.snapshot.metadata.name) else none()
    if field.storage not in ("text", "keyword") or isinstance(field, IdField):
        raise context.error(
            f"Can only use {kind} queries on keyword and text fields - not on [{query.field}] which is of type "
            f"[{field.wire_type}]"
        )
    return context.slot(field)


def normal(value: str, field: FieldType | None) -> str:
    """As the field's terms are: normalized, and behind the path in a flat_object."""
    if field is None:
        return value
    if isinstance(field, KeywordField) and field.normalizer is not None:
        value = field.normalizer(value)
    return field.pattern_prefix + value
