"""`knn`: the nearest vectors of a field, by number (k) or by radius (max_distance, min_score)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ragstone.core.errors import (
    IllegalArgumentException,
    InputCoercionException,
    JsonParseException,
    NumberFormatException,
    OpenSearchException,
    ParsingException,
    XContentParseException,
    validation_text,
)
from ragstone.core.xcontent import JsonObject, Place, as_bool, java_text, token
from ragstone.dsl.query import Query, parse_query, queries

K_MAX = 10_000
_OVERSAMPLE = (1.0, 100.0)
_FLOAT32_MAX = 3.4028234663852886e38
_NUMBER = ("VALUE_NUMBER", "VALUE_STRING")
_BOOLEAN = ("VALUE_BOOLEAN", "VALUE_STRING")


@queries.register("knn")
@dataclass(frozen=True, kw_only=True)
class Knn(Query):
    """Exactly one of `k` (1 to 10,000, per shard), `max_distance` and `min_score` is set.

    `filter` narrows the candidates before the k are chosen. `rescore` is kept as it was given: False, or an oversample
    factor (1.0 for a bare true). `method_parameters` holds `ef_search` and `nprobes`.
    """

    wire_name = "knn"
    field: str
    vector: Sequence[float]
    k: int | None = None
    max_distance: float | None = None
    min_score: float | None = None
    filter: Query | None = None
    method_parameters: tuple[tuple[str, int], ...] = ()
    rescore: bool | float | None = None
    expand_nested_docs: bool = False
    ignore_unmapped: bool = False

    @classmethod
    def parse(cls, body: Any) -> Self:
        field, clause, given = None, None, {}
        for name, value in body.items():
            if field is not None:
                raise ParsingException(
                    f"[knn] query doesn't support multiple fields, found [{field}] and [{name}]",
                    place=Place(body, name, "value"),
                )
            field, clause = name, value
            if isinstance(clause, dict):
                given = _parse_clause(clause)
            elif isinstance(clause, list):
                given = {"vector": tuple(clause)}
        if field is None:
            raise IllegalArgumentException("[knn] field 'vector' requires to be non-null and non-empty")
        if "vector" not in given:
            raise IllegalArgumentException("[knn] requires query vector")
        check_limits(given)
        return cls(field=field, **given)

    @property
    def ef_search(self) -> int | None:
        return dict(self.method_parameters).get("ef_search")

    def to_json(self) -> JsonObject:
        clause: JsonObject = {"vector": list(self.vector), **limits_to_json(self)}
        if self.ignore_unmapped:
            clause["ignore_unmapped"] = True
        return {"knn": {self.field: clause}}

    def children(self) -> tuple[Query, ...]:
        return () if self.filter is None else (self.filter,)

    def with_children(self, children: tuple[Query, ...]) -> Query:
        return replace(self, filter=children[0]) if children else self


def limits_to_json(query: Any) -> JsonObject:
    """What `knn` and `neural` have in common, as it was given."""
    shown: JsonObject = {}
    for key in ("k", "max_distance", "min_score"):
        if getattr(query, key) is not None:
            shown[key] = getattr(query, key)
    if query.filter is not None:
        shown["filter"] = query.filter.to_json()
    if query.method_parameters:
        shown["method_parameters"] = dict(query.method_parameters)
    if query.rescore is not None:
        shown["rescore"] = query.rescore if isinstance(query.rescore, bool) else {"oversample_factor": query.rescore}
    if query.expand_nested_docs:
        shown["expand_nested_docs"] = True
    if query.boost != 1.0:
        shown["boost"] = query.boost
    if query.name is not None:
        shown["_name"] = query.name
    return shown


# ── the clause ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _parse_clause(clause: JsonObject) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in clause.items():
        if key not in _FIELDS:
            raise XContentParseException(f"[knn] unknown field [{key}]", place=Place(clause, key))
        argument, tokens, read = _FIELDS[key]
        if token(value) not in tokens:
            raise XContentParseException(
                f"[knn] {key} doesn't support values of type: {token(value)}", place=Place(clause, key, "value")
            )
        try:
            given[argument] = read(value)
        except OpenSearchException as cause:
            place = _stood_at(cause) or Place(clause, key, "end" if isinstance(value, (dict, list)) else "value")
            raise XContentParseException(f"[knn] failed to parse field [{key}]", cause=cause, place=place) from cause
    return given


def _stood_at(error: OpenSearchException) -> Place | None:
    """Where the parser stood when the innermost error was raised: behind the name of an unknown field."""
    innermost = error
    while innermost.cause is not None:
        innermost = innermost.cause
    place = innermost.place
    if isinstance(innermost, XContentParseException) and place is not None and place.part == "key":
        return replace(place, part="value")
    return place


def _read_vector(value: Any) -> tuple[float, ...]:
    elements = value if isinstance(value, list) else [value]
    if not elements:
        raise IllegalArgumentException("[knn] field 'vector' requires to be non-null and non-empty")
    if set(map(type, elements)) <= {int, float} and min(elements) >= -_FLOAT32_MAX and max(elements) <= _FLOAT32_MAX:
        return tuple(elements)
    return tuple(_read_element(elements, at) for at in range(len(elements)))


def _read_element(elements: list[Any], at: int) -> float:
    value = elements[at]
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        shown = f"VALUE_{str(value).upper()}" if isinstance(value, bool) else token(value)
        raise JsonParseException(
            f"Current token ({shown}) not numeric, can not use numeric value accessors",
            place=Place(elements, at, "value"),
        )
    try:
        number = float(value)
    except ValueError:
        fault = NumberFormatException.of(str(value))
        fault.place = Place(elements, at, "value")
        raise fault from None
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        raise IllegalArgumentException("KNN vector values cannot be NaN", place=Place(elements, at, "value"))
    if abs(number) > _FLOAT32_MAX:
        raise IllegalArgumentException("KNN vector values cannot be infinity", place=Place(elements, at, "value"))
    return number


def read_int(value: Any) -> int:
    """A 32-bit integer, as a number or a text; fractions are cut."""
    try:
        number = int(float(value)) if isinstance(value, str) else int(value)
    except (ValueError, OverflowError):
        raise NumberFormatException.of(str(value)) from None
    if not -(2**31) <= number < 2**31:
        raise InputCoercionException(
            f"Numeric value ({java_text(value)}) out of range of int (-2147483648 - 2147483647)"
        )
    return number


def read_float(value: Any) -> float:
    """A finite number, as a number or a text."""
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise NumberFormatException.of(str(value)) from None
    if not math.isfinite(number):
        raise NumberFormatException.of(str(value))
    return number


def read_method_parameters(body: JsonObject) -> tuple[tuple[str, int], ...]:
    """`{"ef_search": 100}`. Raises ParsingException for an empty object or an unknown name."""
    if not body:
        raise ParsingException("method_parameters cannot be empty", place=Place(body, None, "end"))
    for key in body:
        if key not in ("ef_search", "nprobes"):
            raise ParsingException(f"[knn] unknown method parameter found [{key}]", place=Place(body, None, "end"))
    parameters = []
    for key, value in body.items():
        if token(value) not in _NUMBER:
            raise ParsingException(f"[knn] method parameter [{key}] must be a number", place=Place(body, key, "value"))
        parameters.append((key, read_int(value)))
    return tuple(parameters)


def read_rescore(value: Any) -> bool | float:
    """False, or the oversample factor; a bare true and `{}` are True."""
    if not isinstance(value, dict):
        return as_bool(value)
    for key in value:
        if key != "oversample_factor":
            raise XContentParseException(f"[rescore] unknown field [{key}]", place=Place(value, key))
    return read_float(value["oversample_factor"]) if value else True


def check_limits(given: Mapping[str, Any]) -> None:
    """Rules between the parameters. Raises IllegalArgumentException."""
    limits = [key for key in ("k", "max_distance", "min_score") if given.get(key) is not None]
    if len(limits) != 1:
        raise IllegalArgumentException("[knn] requires exactly one of k, distance or score to be set")
    check_k(given.get("k"))
    min_score = given.get("min_score")
    if min_score is not None and min_score <= 0:
        raise IllegalArgumentException("[knn] requires minScore to be greater than 0")
    faults = [
        validation_text([f"{key} should be greater than 0"])
        for key, value in given.get("method_parameters", ())
        if value <= 0
    ]
    if faults:
        raise IllegalArgumentException(f"[knn] errors in method parameter [{validation_text(faults)}]")
    rescore = given.get("rescore")
    if rescore is None:
        return
    if limits[0] != "k":
        raise IllegalArgumentException(f"The following fields are not allowed together: [{limits[0]}, rescore] ")
    if not isinstance(rescore, bool):
        check_oversampling(rescore)


def check_k(k: int | None) -> None:
    if k is not None and not 0 < k <= K_MAX:
        raise IllegalArgumentException(f"[knn] requires k to be in the range (0, {K_MAX}]")


def check_oversampling(factor: float) -> None:
    least, most = _OVERSAMPLE
    fault = None
    if factor < least:
        fault = f"Oversample factor [{factor:f}] cannot be less than [{least:f}]"
    elif factor > most:
        fault = f"Oversample factor [{factor:f}] cannot be more than [{most:f}]"
    if fault:
        raise IllegalArgumentException(f"[knn] errors in rescore parameter [{validation_text([fault])}]")


_FIELDS: Mapping[str, tuple[str, tuple[str, ...], Callable[[Any], Any]]] = {
    "vector": ("vector", ("START_ARRAY", *_NUMBER), _read_vector),
    "k": ("k", _NUMBER, read_int),
    "max_distance": ("max_distance", _NUMBER, read_float),
    "min_score": ("min_score", _NUMBER, read_float),
    "filter": ("filter", ("START_OBJECT",), parse_query),
    "method_parameters": ("method_parameters", ("START_OBJECT",), read_method_parameters),
    "rescore": ("rescore", ("START_OBJECT", "VALUE_BOOLEAN"), read_rescore),
    "expand_nested_docs": ("expand_nested_docs", _BOOLEAN, as_bool),
    "ignore_unmapped": ("ignore_unmapped", _BOOLEAN, as_bool),
    "boost": ("boost", _NUMBER, read_float),
    "_name": ("name", ("VALUE_STRING", "VALUE_NUMBER"), java_text),
}
"""JSON key: dataclass field, tokens its value may begin with, how it is read."""
