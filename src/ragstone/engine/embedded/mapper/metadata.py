"""The fields every document has beside its own: `_id`, `_index`, `_seq_no`, ... Their values come from the storage."""

from __future__ import annotations

from collections.abc import Mapping

from ragstone.core.json import Json
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue
from ragstone.engine.embedded.mapper.keyword import KeywordLikeField
from ragstone.engine.embedded.mapper.number import whole_bound, whole_term
from ragstone.engine.embedded.mapper.parameter import MappingContext

LONGEST_NAME = "_data_stream_timestamp"
"""OpenSearch holds its own metadata fields to `field_name_length.limit` too; this is the first to break it."""


class MetadataNumber(FieldType):
    """A whole number of 64 bits."""

    storage = "i64"

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return whole_term(value)

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        return whole_bound(value, round_up)


class IdField(KeywordLikeField):
    wire_type = "_id"


class IndexField(KeywordLikeField):
    wire_type = "_index"


class RoutingField(KeywordLikeField):
    wire_type = "_routing"


class IgnoredField(KeywordLikeField):
    """Names of fields whose values `ignore_malformed` passed over."""

    wire_type = "_ignored"


class FieldNamesField(KeywordLikeField):
    wire_type = "_field_names"


class SeqNoField(MetadataNumber):
    wire_type = "_seq_no"


class VersionField(MetadataNumber):
    wire_type = "_version"


class PrimaryTermField(MetadataNumber):
    wire_type = "_primary_term"


class SourceField(FieldType):
    """The document itself; no query looks into it."""

    wire_type = "_source"
    storage = "none"


_TYPES: tuple[type[FieldType], ...] = (
    IdField,
    IndexField,
    RoutingField,
    IgnoredField,
    FieldNamesField,
    SeqNoField,
    VersionField,
    PrimaryTermField,
    SourceField,
)
NAMES = frozenset((*(kind.wire_type for kind in _TYPES), "_nested_path", LONGEST_NAME))
"""Names no document may use at its top level."""


def metadata_fields(context: MappingContext) -> Mapping[str, FieldType]:
    return {kind.wire_type: kind(kind.wire_type, {}, context) for kind in _TYPES}
