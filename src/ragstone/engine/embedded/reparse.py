"""Reads a stored document's values again, by a mapping that may have changed since it was written."""

from __future__ import annotations

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.core.log import get_logger
from ragstone.engine.embedded.mapper.document_parser import ParsedDocument
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.snapshot import StoredRow

_log = get_logger("reparse")


def parse_again(mapper: Mapper, stored: StoredRow) -> ParsedDocument:
    """A stored document's values, as far as the mapping of today takes them; never grows the mapping.

    A mapping may have become stricter since (`dynamic: strict`, a type for a field that was not mapped). OpenSearch
    leaves such documents as they were indexed; here the fields that no longer fit are left out.
    """
    source = stored.source or b"{}"
    try:
        document = mapper.parse_document(stored.id, source)
    except OpenSearchException:
        document = _field_by_field(mapper, stored.id, source)
    if document.mapper is mapper:
        return document
    return document._replace(
        values={name: values for name, values in document.values.items() if mapper.field(name) is not None},
        mapper=mapper,
    )


def _field_by_field(mapper: Mapper, id: str, source: bytes) -> ParsedDocument:
    merged = ParsedDocument({}, {}, (), mapper)
    for key, value in json.decode(source).items():
        try:
            part = mapper.parse_document(id, json.encode({key: value}))
        except OpenSearchException as error:
            _log.warning("a field no longer fits the mapping and is left out", id=id, error=error.reason)
            continue
        values = {name: found for name, found in part.values.items() if mapper.field(name) is not None}
        merged = merged._replace(
            values={
                **merged.values,
                **{name: [*merged.values.get(name, []), *found] for name, found in values.items()},
            },
            vectors={**merged.vectors, **part.vectors},
        )
    return merged


__all__ = ["parse_again"]
