"""Searches in somebody else's words: bodies for an engine that understands more than we do.

Only the parts that are ours are read; everything else stays the JSON that it was, in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.xcontent import JsonObject, token
from ragstone.dsl.clause import to_bool, to_text
from ragstone.dsl.ext import ext_sections, parse_section
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.hybrid import HybridQuery, narrowed
from ragstone.dsl.queries.neural import Neural
from ragstone.dsl.query import Query, queries
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.source_filter import parse_source_filter

CLAUSES = frozenset({"neural", "neural_sparse"})
"""Queries that need a model of ours, wherever they stand."""

_HYBRID = HybridQuery.wire_name


@dataclass(frozen=True)
class _Slot:
    """Stands in a tree where the clause of that number was."""

    number: int


@dataclass(frozen=True, kw_only=True)
class ForeignQuery(Query):
    """A query of any kind as JSON; its children are the clauses inside it that are ours."""

    wire_name = ""
    tree: Any
    ours: tuple[Query, ...] = ()

    @classmethod
    def parse(cls, body: Any) -> Self:
        """`body` is a whole clause. Raises what the parsers of our own clauses raise."""
        ours: list[Query] = []
        return cls(tree=_taken_out(body, ours), ours=tuple(ours))

    def to_json(self) -> JsonObject:
        shown: JsonObject = _put_back(self.tree, self.ours)
        return shown

    def children(self) -> tuple[Query, ...]:
        return self.ours

    def with_children(self, children: tuple[Query, ...]) -> Query:
        return replace(self, ours=children)

    def over(self, filter: Query) -> Query:
        """The same query over what passes a filter; one for vectors chooses among that."""
        if isinstance(self.tree, _Slot):
            return narrowed(self.ours[self.tree.number], filter)
        clause = self.tree.get("knn") if isinstance(self.tree, dict) else None
        if not isinstance(clause, dict) or not all(isinstance(options, dict) for options in clause.values()):
            return BoolQuery(must=(self,), filter=(filter,))
        also = _Slot(len(self.ours))
        fields = {}
        for name, options in clause.items():
            inner = options.get("filter")
            fields[name] = {**options, "filter": also if inner is None else {"bool": {"filter": [inner, also]}}}
        return replace(self, tree={"knn": fields}, ours=(*self.ours, filter))


def _taken_out(tree: Any, ours: list[Query]) -> Any:
    if isinstance(tree, list):
        return [_taken_out(item, ours) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if _is_ours(tree):
        [(name, body)] = tree.items()
        ours.append(_clause(name, body))
        return _Slot(len(ours) - 1)
    return {key: _taken_out(value, ours) for key, value in tree.items()}


def _is_ours(tree: JsonObject) -> bool:
    """Whether this is a clause of ours, and not something of a field that has the clause's name."""
    if len(tree) != 1:
        return False
    [(name, body)] = tree.items()
    if name == _HYBRID:
        return isinstance(body, dict) and "queries" in body
    return name in CLAUSES and isinstance(body, dict) and bool(body) and all(isinstance(v, dict) for v in body.values())


def _clause(name: str, body: JsonObject) -> Query:
    """One of ours; what is inside may again be of any kind."""
    if name == _HYBRID:
        return HybridQuery.read(body, ForeignQuery.parse)
    found = queries.get(name)
    assert found is not None, name
    given = next((clause["filter"] for clause in body.values() if isinstance(clause.get("filter"), dict)), None)
    if given is None:
        return found.parse(body)  # the very objects of the request, so that errors know their place
    bare = {target: {key: value for key, value in clause.items() if key != "filter"} for target, clause in body.items()}
    query = found.parse(bare)
    return replace(query, filter=ForeignQuery.parse(given)) if isinstance(query, Neural) else query


def _put_back(tree: Any, ours: tuple[Query, ...]) -> Any:
    if isinstance(tree, _Slot):
        return ours[tree.number].to_json()
    if isinstance(tree, list):
        return [_put_back(item, ours) for item in tree]
    if isinstance(tree, dict):
        return {key: _put_back(value, ours) for key, value in tree.items()}
    return tree


def parse_foreign_query(body: Any) -> Query:
    """The query of a search: at the top, or alone in bools, it may be a hybrid one, whose parts are of any kind."""
    inner = body
    while isinstance(inner, dict):
        if list(inner) == [_HYBRID] and isinstance(inner[_HYBRID], dict):
            return HybridQuery.read(inner[_HYBRID], ForeignQuery.parse)
        inner = _only_clause(inner)
    return ForeignQuery.parse(body)


def _only_clause(query: JsonObject) -> Any:
    """The one clause that a bool asks for; None where there is more to it."""
    options = query.get("bool") if len(query) == 1 else None
    if not isinstance(options, dict) or list(options) not in (["must"], ["should"]):
        return None
    [clauses] = options.values()
    if isinstance(clauses, list):
        return clauses[0] if len(clauses) == 1 else None
    return clauses


@dataclass(frozen=True, kw_only=True)
class ForeignSearchBody(SearchBody):
    """A search of which only what our processors work with has been read; `rest` is everything else."""

    rest: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """The whole search, as it was given or as processors have left it."""
        return {**super().to_json(), **self.rest}

    def for_engine(self) -> JsonObject:
        """The body for the engine: without pipelines, and without sections of `ext` that are ours."""
        return replace(self, ext={}, search_pipeline=None, verbose_pipeline=False, source=None).to_json()


def parse_foreign_search(body: Any) -> ForeignSearchBody:
    """From the decoded JSON of a search. Raises ParsingException when it is no object, and what our own parts raise."""
    if not isinstance(body, dict):
        raise ParsingException(f"Expected [START_OBJECT] but found [{token(body)}]")
    given: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in body.items():
        name, read = _READERS.get(key, (None, None))
        if key == "ext" and isinstance(value, dict):
            given["ext"], theirs = _ext(value)
            if theirs:
                rest["ext"] = theirs
        elif key == "_source":
            rest[key] = value
            given["source"] = parse_source_filter(value)
        elif name is None or read is None or value is None:
            rest[key] = value
        else:
            try:
                given[name] = read(value)
            except IllegalArgumentException:
                if name in ("search_pipeline", "query", "post_filter"):
                    raise
                rest[key] = value  # the engine says what is wrong with it
    return ForeignSearchBody(**given, rest=rest)


def _ext(sections: JsonObject) -> tuple[dict[str, Any], JsonObject]:
    """Ours, parsed; and the others, as they are."""
    ours = {name: parse_section(sections, name) for name in sections if ext_sections.get(name) is not None}
    return ours, {name: value for name, value in sections.items() if name not in ours}


def _whole_number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise IllegalArgumentException("not a whole number")
    return value


_READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "query": ("query", parse_foreign_query),
    "post_filter": ("post_filter", ForeignQuery.parse),
    "from": ("from_", _whole_number),
    "size": ("size", _whole_number),
    "search_pipeline": ("search_pipeline", lambda value: value if isinstance(value, dict) else to_text(value)),
    "verbose_pipeline": ("verbose_pipeline", to_bool),
}

__all__ = ["CLAUSES", "ForeignQuery", "ForeignSearchBody", "parse_foreign_query", "parse_foreign_search"]
