"""What a query node is, and the one door from JSON to nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ragstone.core.did_you_mean import hint, similar
from ragstone.core.errors import IllegalArgumentException, NamedObjectNotFoundException, ParsingException
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject, Place
from ragstone.dsl.unsupported import QUERIES, unsupported


@dataclass(frozen=True, kw_only=True)
class Query:
    """Base of all query nodes. Immutable; `parse` ∘ `to_json` is the identity.

    `boost` multiplies the score (1.0 leaves it); `name` is the `_name` shown in `matched_queries`.
    """

    wire_name: ClassVar[str]
    boost: float = 1.0
    name: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        """From the value under the query's name, e.g. `{"f": "x"}` of `{"match": {"f": "x"}}`.

        Raises the parse error OpenSearch raises (ParsingException, XContentParseException,
        IllegalArgumentException), always a 400.
        """
        raise NotImplementedError

    def to_json(self) -> JsonObject:
        """The whole clause, `{"match": {...}}`, in OpenSearch's long form."""
        raise NotImplementedError

    def children(self) -> tuple[Query, ...]:
        """Queries directly inside this one, filters included."""
        return ()

    def with_children(self, children: tuple[Query, ...]) -> Query:
        """The same node over other children, given in the order of `children()`."""
        return self

    def with_boost(self, boost: float) -> Self:
        return replace(self, boost=boost)


class EmptyClauseException(IllegalArgumentException):
    """`{}` where a query is expected."""

    wire_type = "illegal_argument_exception"

    def located(self, line: int, col: int) -> None:
        self.reason = f"{self.reason} at [{line}:{col}]"


queries: Registry[Query] = Registry("query")


def parse_query(body: Any) -> Query:
    """The node of one clause, `{"<name>": {...}}`.

    Raises ParsingException for what is no clause or an unknown query, IllegalArgumentException for an empty one.
    """
    if not isinstance(body, dict):
        raise ParsingException("[_na] query malformed, must start with start_object")
    if not body:
        raise EmptyClauseException("query malformed, empty clause found", place=Place(body, None, "end"))
    name, value = next(iter(body.items()))
    found = queries.get(name)
    if found is None:
        raise unsupported(name) if name in QUERIES else unknown_query(name, Place(body, name, "value"))
    if not isinstance(value, dict):
        raise ParsingException(
            f"[{name}] query malformed, no start_object after query name", place=Place(body, name, "value")
        )
    if len(body) > 1:
        second = list(body)[1]
        raise ParsingException(
            f"[{name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]", place=Place(body, second)
        )
    return found.parse(value)


def unknown_query(name: str, place: Place) -> ParsingException:
    """`unknown query [x]`, with OpenSearch's guess at what was meant."""
    near = similar(name, (*queries.names(), *QUERIES))
    return ParsingException(
        f"unknown query [{name}]{hint(near)}",
        place=place,
        cause=NamedObjectNotFoundException(f"unknown field [{name}]", place=place),
    )
