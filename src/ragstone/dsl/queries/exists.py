"""exists: documents with a value in a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, common, missing, read_options, to_text
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {"field": ("field", to_text), **COMMON}


@queries.register("exists")
@dataclass(frozen=True, kw_only=True)
class ExistsQuery(Query):
    """`field` may be an object, or have wildcards."""

    wire_name: ClassVar[str] = "exists"

    field: str

    @classmethod
    def parse(cls, body: Any) -> Self:
        arguments = read_options("exists", body, _OPTIONS)
        if "field" not in arguments:
            raise missing("[exists] must be provided with a [field]", body)
        if not arguments["field"]:
            raise IllegalArgumentException("field name is null or empty")
        return cls(**arguments)

    def to_json(self) -> JsonObject:
        return {"exists": {"field": self.field, **common(self)}}
