"""ids: documents by their ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import ParsingException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place, java_text
from ragstone.dsl.clause import common
from ragstone.dsl.object_parser import COMMON, STRING_ARRAY, Declared, as_arguments, parse_object
from ragstone.dsl.query import Query, queries

_FIELDS = {
    "values": Declared(
        STRING_ARRAY, lambda value: tuple(map(java_text, value)) if isinstance(value, list) else (value,)
    ),
    **COMMON,
}


class IdsParsingException(ParsingException):
    """Says what its cause says, position and all, as OpenSearch does here."""

    wire_type = "parsing_exception"

    @property
    def reason(self) -> str | None:
        return self.cause.reason if self.cause is not None else None

    @reason.setter
    def reason(self, value: str | None) -> None:
        """The cause has it."""


@queries.register("ids")
@dataclass(frozen=True, kw_only=True)
class IdsQuery(Query):
    wire_name: ClassVar[str] = "ids"

    values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, body: Any) -> Self:
        try:
            found = parse_object("ids", body, _FIELDS)
        except XContentParseException as error:
            place = None if error.place is None else Place(error.place.container, error.place.key, "value")
            raise IdsParsingException("", cause=error, place=place) from error
        return cls(**as_arguments(found))

    def to_json(self) -> JsonObject:
        return {"ids": {"values": list(self.values), **common(self)}}
