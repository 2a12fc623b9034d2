"""terms: any of several exact values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place
from ragstone.dsl.clause import COMMON, common, missing, unknown
from ragstone.dsl.query import Query, queries
from ragstone.dsl.unsupported import unsupported


@queries.register("terms")
@dataclass(frozen=True, kw_only=True)
class TermsQuery(Query):
    """`values` are JSON scalars as they were given."""

    wire_name: ClassVar[str] = "terms"

    field: str
    values: tuple[Any, ...]

    @classmethod
    def parse(cls, body: Any) -> Self:
        field: str | None = None
        values: tuple[Any, ...] = ()
        arguments: dict[str, Any] = {}
        for key, value in body.items():
            if isinstance(value, (list, dict)):
                if field is not None:
                    raise ParsingException(
                        "[terms] query does not support multiple fields", place=Place(body, key, "value")
                    )
                if isinstance(value, dict):
                    raise unsupported("terms lookup")
                field, values = key, tuple(value)
            elif key in COMMON and value is not None:
                name, read = COMMON[key]
                arguments[name] = read(value)
            elif key == "value_type" and value == "bitmap":
                raise unsupported("terms with value_type bitmap")
            elif key != "value_type" or value != "default":
                raise unknown("terms", body, key)
        if field is None:
            raise missing(
                "[terms] query requires a field name, followed by array of terms or a document lookup specification",
                body,
            )
        if any(value is None for value in values):
            raise IllegalArgumentException("No value specified for terms query")
        return cls(field=field, values=values, **arguments)

    def to_json(self) -> JsonObject:
        return {"terms": {self.field: list(self.values), **common(self)}}
