"""match_none: no document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import common, to_float, to_text, unknown
from ragstone.dsl.query import Query, queries


@queries.register("match_none")
@dataclass(frozen=True, kw_only=True)
class MatchNoneQuery(Query):
    wire_name: ClassVar[str] = "match_none"

    @classmethod
    def parse(cls, body: Any) -> Self:
        arguments: JsonObject = {}
        for key, value in body.items():
            if key == "boost":
                arguments["boost"] = to_float(value)
            elif key == "_name":
                arguments["name"] = to_text(value)
            else:
                raise unknown(cls.wire_name, body, key)
        return cls(**arguments)

    def to_json(self) -> JsonObject:
        return {self.wire_name: common(self)}
