"""match_all: every document, with one score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import ParsingException, XContentParseException
from ragstone.core.xcontent import JsonObject, Place
from ragstone.dsl.clause import common
from ragstone.dsl.object_parser import COMMON, as_arguments, parse_object
from ragstone.dsl.query import Query, queries


class _Refused(ParsingException):
    """What is wrong with the clause, said once more by the query: with the words of its cause, place and all."""

    wire_type = "parsing_exception"

    def __init__(self, cause: XContentParseException) -> None:
        where = cause.place
        super().__init__("", cause=cause, place=Place(where.container, where.key, "value") if where else None)

    @property
    def reason(self) -> str | None:
        return self.cause.reason if self.cause is not None else None

    @reason.setter
    def reason(self, reason: str | None) -> None:
        """It has none of its own."""


@queries.register("match_all")
@dataclass(frozen=True, kw_only=True)
class MatchAllQuery(Query):
    wire_name: ClassVar[str] = "match_all"

    @classmethod
    def parse(cls, body: Any) -> Self:
        try:
            return cls(**as_arguments(parse_object(cls.wire_name, body, COMMON)))
        except XContentParseException as error:
            raise _Refused(error) from error

    def to_json(self) -> JsonObject:
        return {self.wire_name: common(self)}
