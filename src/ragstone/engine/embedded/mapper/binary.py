"""Bytes in base64."""

from __future__ import annotations

from typing import ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json import Json
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types, no_text
from ragstone.engine.embedded.mapper.parameter import STORE, Parameter, flag, meta
from ragstone.engine.embedded.mapper.text import text_of


@field_types.register("binary")
class BinaryField(FieldType):
    """Kept in the document and never searched; with `doc_values`, `exists` finds it.

    `Differs:` an object is refused as for any other field, where OpenSearch says that data is left over.
    """

    wire_type = "binary"
    storage = "keyword"
    parameters: ClassVar[tuple[Parameter, ...]] = (STORE, flag("doc_values", False), meta())

    def parse(self, value: Json) -> IndexValue | None:
        if isinstance(value, (dict, list)):
            raise no_text(value)
        return None if value is None else text_of(value)

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        raise IllegalArgumentException("Binary fields do not support searching")
