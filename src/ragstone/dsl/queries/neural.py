"""`neural`: a `knn` whose vector a model makes of a text. The search service rewrites it; no engine ever sees one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, Place, as_bool, java_text, token
from ragstone.dsl.queries.knn import (
    Knn,
    check_k,
    check_limits,
    limits_to_json,
    read_float,
    read_int,
    read_method_parameters,
    read_rescore,
)
from ragstone.dsl.query import Query, parse_query, queries

DEFAULT_K = 10


@queries.register("neural")
@dataclass(frozen=True, kw_only=True)
class Neural(Query):
    """`k` is 10 where no limit is given. `model_id` may be missing until a search pipeline has set a default.

    `query_text` and `query_image` (base64) are what is embedded; `query_tokens` belongs to sparse semantic fields.
    """

    wire_name = "neural"
    field: str
    query_text: str | None = None
    query_image: str | None = None
    query_tokens: Mapping[str, float] | None = None
    model_id: str | None = None
    k: int | None = None
    max_distance: float | None = None
    min_score: float | None = None
    filter: Query | None = None
    method_parameters: tuple[tuple[str, int], ...] = ()
    rescore: bool | float | None = None
    expand_nested_docs: bool = False
    semantic_field_search_analyzer: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        target: str | None = None
        given: dict[str, Any] = {}
        for name, value in body.items():
            if target is not None:
                raise ParsingException(
                    f"[neural] query doesn't support multiple fields, found [{target}] and [{name}]",
                    place=Place(body, name),
                )
            if not isinstance(value, dict):
                raise ParsingException(
                    f"[neural] query malformed, no start_object after field name [{name}]",
                    place=Place(body, name, "value"),
                )
            target, given = name, _parse_clause(value)
        if target is None:
            raise ParsingException("[neural] query malformed, no field found", place=Place(body, None, "end"))
        limits = [key for key in ("k", "max_distance", "min_score") if given.get(key) is not None]
        if len(limits) > 1:
            raise _invalid(["Only one of k, max_distance, or min_score can be provided"])
        check_k(given.get("k"))
        return cls(field=target, **given)

    def check_for_vectors(self) -> None:
        """That all a dense model needs is there, once defaults are applied.

        Raises IllegalArgumentException `Invalid neural query: ...` naming everything that is wrong.
        """
        faults = []
        if not _filled(self.query_text) and not _filled(self.query_image):
            faults.append("Either query_text or query_image must be provided.")
        if self.model_id is None:
            faults.append("model_id must be provided.")
        elif not self.model_id:
            faults.append("model_id field can not be empty")
        if self.query_tokens is not None:
            faults.append(
                "Target field is a KNN field using a dense model. query_tokens is not supported since it is for the "
                "sparse model."
            )
        if faults:
            raise _invalid(faults)

    def to_knn(self, vector: Sequence[float]) -> Knn:
        """The `knn` query that this one stands for, once the model has answered."""
        limited = self.max_distance is not None or self.min_score is not None
        given: dict[str, Any] = {
            "k": self.k if limited or self.k is not None else DEFAULT_K,
            "max_distance": self.max_distance,
            "min_score": self.min_score,
            "method_parameters": self.method_parameters,
            "rescore": self.rescore,
        }
        check_limits(given)
        return Knn(
            field=self.field,
            vector=tuple(vector),
            filter=self.filter,
            expand_nested_docs=self.expand_nested_docs,
            boost=self.boost,
            name=self.name,
            **given,
        )

    def to_json(self) -> JsonObject:
        clause: JsonObject = {}
        for key in ("query_text", "query_image", "query_tokens", "model_id"):
            if getattr(self, key) is not None:
                clause[key] = getattr(self, key)
        clause.update(limits_to_json(self))
        if self.semantic_field_search_analyzer is not None:
            clause["semantic_field_search_analyzer"] = self.semantic_field_search_analyzer
        return {"neural": {self.field: clause}}

    def children(self) -> tuple[Query, ...]:
        return () if self.filter is None else (self.filter,)

    def with_children(self, children: tuple[Query, ...]) -> Query:
        return replace(self, filter=children[0]) if children else self


def _filled(text: str | None) -> bool:
    return bool(text and text.strip())


def _invalid(faults: list[str]) -> IllegalArgumentException:
    return IllegalArgumentException(f"Invalid neural query: {'; '.join(faults)}")


def _parse_clause(clause: JsonObject) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in clause.items():
        kind = token(value)
        if kind == "START_ARRAY":
            raise ParsingException(
                f"[neural] unknown token [START_ARRAY] after [{key}]", place=Place(clause, key, "value")
            )
        readers = _OBJECTS if kind == "START_OBJECT" else _VALUES
        if key not in readers:
            raise ParsingException(f"[neural] query does not support [{key}]", place=Place(clause, key, "value"))
        if value is not None:
            given["name" if key == "_name" else key] = readers[key](value)
    return given


def _read_tokens(body: JsonObject) -> dict[str, float]:
    return {word: read_float(weight) for word, weight in body.items()}


_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "query_text": java_text,
    "query_image": java_text,
    "model_id": java_text,
    "k": read_int,
    "max_distance": read_float,
    "min_score": read_float,
    "expand_nested_docs": as_bool,
    "semantic_field_search_analyzer": java_text,
    "boost": read_float,
    "_name": java_text,
}
_OBJECTS: Mapping[str, Callable[[Any], Any]] = {
    "query_tokens": _read_tokens,
    "filter": parse_query,
    "method_parameters": read_method_parameters,
    "rescore": read_rescore,
}
