"""range."""

from __future__ import annotations

import math
from typing import Any

import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.queries.range import RangeQuery
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.query.compile import Context, compiles, constant, none
from ragstone.engine.embedded.query.everything import has_value

_LONG = (-(2**63), 2**63 - 1)


@compiles(RangeQuery)
def range_(query: RangeQuery, context: Context) -> tantivy.Query:
    field = context.field(query.field)
    if field is None:
        return none()
    if query.relation not in (None, "intersects") and not field.wire_type.endswith("_range"):
        raise IllegalArgumentException(
            f"Field [{field.name}] of type [{field.wire_type}] does not support {str(query.relation).upper()} ranges"
        )
    if query.low is None and query.high is None:
        found = has_value(field.name, context)
        return none() if found is None else constant(found, query.boost)
    low = _bound(field, query.low, not query.include_low, query, context)
    high = _bound(field, query.high, query.include_high, query, context)
    slot = context.slot(field)
    if slot is None:
        return none()
    found = _between(slot, field, low, high, query, context)
    return none() if found is None else constant(found, query.boost)


def _bound(field: FieldType, value: Any, round_up: bool, query: RangeQuery, context: Context) -> Any:
    if value is None:
        return None
    return field.bound(
        value, round_up=round_up, format=query.format, time_zone=query.time_zone, now_millis=context.now_millis
    )


def _between(
    slot: str, field: FieldType, low: Any, high: Any, query: RangeQuery, context: Context
) -> tantivy.Query | None:
    include_low, include_high = query.include_low, query.include_high
    if field.storage in ("i64", "f64"):
        least, most = _LONG if field.storage == "i64" else (-math.inf, math.inf)
        if field.name == "_seq_no":  # rows count from 1
            low, high = (None if bound is None else bound + 1 for bound in (low, high))
        if (low is not None and low > most) or (high is not None and high < least):
            return None
        if low is not None and low < least:
            low = None
        if high is not None and high > most:
            high = None
    return context.reader.between(slot, low, high, include_low=include_low, include_high=include_high)
