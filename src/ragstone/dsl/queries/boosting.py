"""boosting: one query's hits, those that also match another one set back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import COMMON, Options, common, missing, read_options, to_float, unknown
from ragstone.dsl.query import Query, parse_query, queries

_OPTIONS: Options = {"negative_boost": ("negative_boost", to_float), **COMMON}


@queries.register("boosting")
@dataclass(frozen=True, kw_only=True)
class BoostingQuery(Query):
    """Scores are those of `positive`, times `negative_boost` where `negative` matches."""

    wire_name: ClassVar[str] = "boosting"

    positive: Query
    negative: Query
    negative_boost: float

    @classmethod
    def parse(cls, body: Any) -> Self:
        parts: dict[str, Query] = {}
        for key, value in body.items():
            if isinstance(value, (dict, list)):
                if key not in ("positive", "negative") or isinstance(value, list):
                    raise unknown("boosting", body, key)
                parts[key] = parse_query(value)
        arguments = read_options("boosting", body, _OPTIONS, skip=tuple(parts))
        for key in ("positive", "negative"):
            if key not in parts:
                raise missing(f"[boosting] query requires '{key}' query to be set'", body)
        if arguments.get("negative_boost", -1.0) < 0:
            raise missing("[boosting] query requires 'negative_boost' to be set to be a positive value'", body)
        return cls(positive=parts["positive"], negative=parts["negative"], **arguments)

    def to_json(self) -> JsonObject:
        shown = {
            "positive": self.positive.to_json(),
            "negative": self.negative.to_json(),
            "negative_boost": self.negative_boost,
        }
        return {"boosting": shown | common(self)}

    def children(self) -> tuple[Query, ...]:
        return self.positive, self.negative

    def with_children(self, children: tuple[Query, ...]) -> BoostingQuery:
        return replace(self, positive=children[0], negative=children[1])
