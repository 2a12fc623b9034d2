"""match_all: every document, with one score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import common
from ragstone.dsl.object_parser import read_common
from ragstone.dsl.query import Query, queries


@queries.register("match_all")
@dataclass(frozen=True, kw_only=True)
class MatchAllQuery(Query):
    wire_name: ClassVar[str] = "match_all"

    @classmethod
    def parse(cls, body: Any) -> Self:
        return cls(**read_common(cls.wire_name, body))

    def to_json(self) -> JsonObject:
        return {self.wire_name: common(self)}
