"""term: an exact value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place
from ragstone.dsl.clause import check_field, common, one_field, to_bool, to_float, to_text, unknown
from ragstone.dsl.query import Query, queries


@queries.register("term")
@dataclass(frozen=True, kw_only=True)
class TermQuery(Query):
    """`value` is the JSON scalar as it was given."""

    wire_name: ClassVar[str] = "term"

    field: str
    value: Any
    case_insensitive: bool = False

    @classmethod
    def parse(cls, body: Any) -> Self:
        found = one_field("term", body)
        field, value = found if found is not None else (None, None)
        arguments: dict[str, Any] = {}
        if isinstance(value, list):
            raise ParsingException("[term] query does not support array of values", place=Place(body, field, "value"))
        if isinstance(value, dict):
            clause, value = value, None
            for key, option in clause.items():
                if key in ("value", "term"):
                    value = option
                elif key == "boost":
                    arguments["boost"] = to_float(option)
                elif key == "_name":
                    arguments["name"] = to_text(option)
                elif key == "case_insensitive":
                    arguments["case_insensitive"] = to_bool(option)
                else:
                    raise unknown("term", clause, key)
                if isinstance(option, (dict, list)):
                    raise unknown("term", clause, key)
        elif value is None:
            field = None  # the parser looks for values, and null is none to it
        field = check_field(field)
        if value is None:
            raise IllegalArgumentException("value cannot be null")
        return cls(field=field, value=value, **arguments)

    def to_json(self) -> JsonObject:
        shown: JsonObject = {"value": self.value}
        if self.case_insensitive:
            shown["case_insensitive"] = True
        return {"term": {self.field: shown | common(self)}}
