"""prefix: terms that begin so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, common, field_options, given, to_bool, to_text
from ragstone.dsl.query import Query, queries

_OPTIONS: Options = {
    "value": ("value", to_text),
    "case_insensitive": ("case_insensitive", to_bool),
    "rewrite": ("rewrite", to_text),
    **COMMON,
}


@queries.register("prefix")
@dataclass(frozen=True, kw_only=True)
class PrefixQuery(Query):
    wire_name: ClassVar[str] = "prefix"

    field: str
    value: str
    case_insensitive: bool = False
    rewrite: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        field, arguments = field_options("prefix", body, _OPTIONS)
        return cls(field=field, **arguments)

    def to_json(self) -> JsonObject:
        shown = given({"value": self.value, "rewrite": self.rewrite, "case_insensitive": self.case_insensitive or None})
        return {"prefix": {self.field: shown | common(self)}}
