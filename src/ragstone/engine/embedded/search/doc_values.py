"""`docvalue_fields` of hits: values as the index keeps them, sorted, each text of a document once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json import Json
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.field_format import FieldFormat
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.search.sort import check_field_data
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.embedded.text.schema import METADATA_COLUMNS
from ragstone.engine.visibility import Mask, value_text

_LIMIT = "index.max_docvalue_fields_search"
_FRACTIONS = ("half_float", "float", "double", "scaled_float")
_AS_MAPPED = "use_field_mapping"
"""A format that means none."""


def doc_values(
    snapshot: Snapshot, rows: Sequence[int], wanted: Sequence[FieldFormat], hidden: Sequence[str] = ()
) -> dict[int, JsonObject]:
    """For each of `rows` the values of the fields that it has. Blocking.

    Fields that are not mapped, hidden by the view, or at or below a path in `hidden`, have none; masked ones show their
    masks. Raises IllegalArgumentException for too many fields, for one whose values are not kept by document, and for a
    format that it does not have.
    """
    fields = [(name, entry.format) for entry in wanted for name in _names(snapshot, entry.field)]
    limit = int(snapshot.metadata.setting(_LIMIT) or 100)
    if len(fields) > limit:
        raise IllegalArgumentException(
            f"Trying to retrieve too many docvalue_fields. Must be less than or equal to: [{limit}] but was "
            f"[{len(fields)}]. This limit can be set by changing the [{_LIMIT}] index level setting."
        )
    found: dict[int, JsonObject] = {row: {} for row in rows}
    for name, format in fields if rows else ():
        masked = snapshot.mapper.masked.get(name)
        field = snapshot.mapper.field(name) if masked is None else masked.field
        if field is None or any(f"{field.name}.".startswith(f"{path}.") for path in hidden):
            continue
        check_field_data(field)
        show = _shower(field, None if format == _AS_MAPPED else format, None if masked is None else masked.mask)
        slot = METADATA_COLUMNS.get(field.name) or snapshot.text.slot(field.name)
        for row, values in ({} if slot is None else snapshot.text.values(rows, slot)).items():
            if values:
                kept = dict.fromkeys(values) if field.storage == "keyword" else values
                found[row][name] = [show(value) for value in kept]
    return found


def _names(snapshot: Snapshot, pattern: str) -> Iterator[str]:
    if "*" not in pattern:
        yield pattern
        return
    yield from snapshot.mapper.matching(pattern)
    yield from (name for name in snapshot.mapper.masked if matches(pattern, name))


def _shower(field: FieldType, format: str | None, mask: Mask | None) -> Callable[[Any], Json]:
    if mask is not None:
        return lambda value: mask(value_text(field.sort_value(value)))
    if field.name == "_seq_no":
        return lambda value: int(value) - 1
    if field.storage == "bool":
        shown: Callable[[Any], Json] = bool
    elif field.wire_type in _FRACTIONS:
        shown = float
    else:
        return lambda value: field.shown(value, format=format)
    if format is not None:
        raise unsupported(f"docvalue_fields format of {field.wire_type}")
    return shown


__all__ = ["doc_values"]
