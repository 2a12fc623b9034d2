"""What a cluster is asked so that it tells nothing of fields that are hidden or masked: it knows nothing of that.

A query on such a field finds nothing, sorting by one and counting its values are as in an index where nobody has a
value. What the cluster then says is cut again here, so that nothing depends on what was asked alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ragstone.core.errors import OpenSearchException
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.aggregation import Aggregation
from ragstone.dsl.aggs.filters import FilterAggregation, FiltersAggregation, GlobalAggregation, MissingAggregation
from ragstone.dsl.aggs.metrics import Cardinality, Metric, ValueCount
from ragstone.dsl.aggs.terms import TermsAggregation
from ragstone.dsl.field_boosts import FieldBoosts
from ragstone.dsl.foreign import ForeignQuery
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.boosting import BoostingQuery
from ragstone.dsl.queries.constant_score import ConstantScoreQuery
from ragstone.dsl.queries.dis_max import DisMaxQuery
from ragstone.dsl.queries.exists import ExistsQuery
from ragstone.dsl.queries.ids import IdsQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.queries.multi_match import MultiMatchQuery
from ragstone.dsl.queries.query_string import QueryStringQuery
from ragstone.dsl.queries.simple_query_string import SimpleQueryStringQuery
from ragstone.dsl.queries.term import TermQuery
from ragstone.dsl.query import Query
from ragstone.dsl.query_string_syntax import Group, Node, parse_syntax
from ragstone.dsl.sort import SortField
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.values import IndexMetadata, QueryRequest
from ragstone.engine.visibility import FieldMasks, Views, Visibility, value_text

NOWHERE: Final = "_ragstone_hidden"
"""A field that no index has: names in mappings do not begin so."""
_OF_EVERY_INDEX: Final = frozenset({"_id", "_index", "_routing", "_seq_no", "_score", "_doc", "_shard_doc"})
_TRANSPARENT: Final = (
    BoolQuery,
    BoostingQuery,
    ConstantScoreQuery,
    DisMaxQuery,
    IdsQuery,
    MatchAllQuery,
    MatchNoneQuery,
)
"""Queries that name no field themselves."""
_WITH_FIELDS: Final = (MultiMatchQuery, SimpleQueryStringQuery, QueryStringQuery)
_FOUND_BY_PATTERNS: Final = frozenset(
    {
        "text", "match_only_text", "keyword", "ip", "boolean", "date", "date_nanos", "long", "integer", "short", "byte",
        "double", "float", "half_float", "scaled_float", "unsigned_long",
    }
)  # fmt: skip
"""Types of fields that a pattern among the fields of a text query means."""
_FLAT: Final = "flat_object"


@dataclass(frozen=True)
class Shown:
    """The fields of one index whose values somebody sees as they are, by path, with their types."""

    types: Mapping[str, str]
    view: Visibility

    @classmethod
    def of(cls, index: IndexMetadata, view: Visibility) -> Shown:
        every = _leaves(index.mappings.get("properties", {}), "")
        types = {}
        for path, leaf in every.items():
            target = every.get(leaf.stands_for) if leaf.stands_for is not None else leaf
            if target is not None and _is_shown(view, target):
                types[path] = target.type
        return cls(types, view)

    def has(self, path: str) -> bool:
        if path in _OF_EVERY_INDEX or path in self.types:
            return True
        above = path
        while above := above.rpartition(".")[0]:
            if self.types.get(above) == _FLAT:
                return self.view.shows(path) and _mask(self.view, path) is None
        return False

    def named(self, pattern: str) -> list[str]:
        return [path for path in self.types if matches(pattern, path)]


@dataclass(frozen=True)
class FieldViews:
    """The views of a request that hide or mask fields, ready to be applied. Made by `field_views`."""

    views: Mapping[str, Visibility]
    shown: Mapping[str, Shown]
    mapped: Mapping[str, str]
    """All fields of these indices, hidden ones too, with their types."""

    def inside(self, request: QueryRequest) -> QueryRequest:
        """The request, asking for nothing that is hidden. Its views are left with the documents they show.

        Raises IllegalArgumentException for what cannot be kept from hidden fields.
        """
        return replace(
            request,
            queries=[self._query(query, request.indices) for query in request.queries],
            post_filter=None if request.post_filter is None else self._query(request.post_filter, request.indices),
            sort=tuple(map(self._sorted, request.sort)),
            aggregations={name: self._aggregation(node) for name, node in request.aggregations.items()},
            views=documents_only(request.views),
        )

    def cut(self, index: str, source: bytes) -> bytes:
        view = self.views.get(index)
        return source if view is None else view.cut(source)

    def masked(self, aggregations: Mapping[str, Aggregation], answers: JsonObject) -> JsonObject:
        """Answers to the aggregations as they were given, buckets of masked fields under their masks."""
        return {
            name: answer if name not in aggregations else self._masked(aggregations[name], answer)
            for name, answer in answers.items()
        }

    # ── queries ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _query(self, query: Query, indices: Sequence[str]) -> Query:
        """The query as it may be asked; where indices differ, each is asked its own."""
        forms = [(name, seen(query, self.shown[name]) if name in self.shown else query) for name in indices]
        first = forms[0][1]
        if all(form == first for _, form in forms):
            return first
        return BoolQuery(
            should=tuple(
                BoolQuery(must=(form,), filter=(TermQuery(field="_index", value=name),)) for name, form in forms
            )
        )

    # ── sorting and aggregations, which are of all indices together ──────────────────────────────────────────────────

    def _is_open(self, path: str) -> bool:
        """Whether nothing of a field is hidden or masked anywhere."""
        return all(shown.has(path) for shown in self.shown.values())

    def _sorted(self, key: SortField) -> SortField:
        if self._is_open(key.field):
            return key
        kind = self.mapped.get(key.field, "keyword")
        kind = kind if kind in _FOUND_BY_PATTERNS and "text" not in kind else "keyword"
        return replace(key, field=NOWHERE, unmapped_type=kind, numeric_type=None)

    def _aggregation(self, node: Aggregation) -> Aggregation:
        node = replace(node, aggregations={name: self._aggregation(one) for name, one in node.aggregations.items()})
        if isinstance(node, FilterAggregation):
            return replace(node, query=self._query(node.query, list(self.views)))
        if isinstance(node, FiltersAggregation):
            return replace(node, queries=tuple(self._query(query, list(self.views)) for query in node.queries))
        if isinstance(node, GlobalAggregation):
            return node
        if isinstance(node, (TermsAggregation, ValueCount, Cardinality)) and self._mask(node.field) is not None:
            _check_guesses(node)
            return node
        if isinstance(node, (TermsAggregation, Metric, MissingAggregation)):
            return node if self._is_open(node.field) else replace(node, field=NOWHERE)
        raise unsupported(f"aggregation {node.wire_name} before a cluster, for who does not see all fields,")

    def _mask(self, path: str) -> Callable[[str], str] | None:
        """What all indices show the values of a field as. Raises IllegalArgumentException where they differ."""
        views = list(self.views.values())
        if any(_mask(view, path) is not None for view in views):
            if len({id(view) for view in views}) > 1:
                raise unsupported("an aggregation of a masked field over indices that are seen in different ways")
            return _mask(views[0], path) if views[0].shows(path) else None
        return None

    def _masked(self, node: Aggregation, answer: JsonObject) -> JsonObject:
        buckets = answer.get("buckets")
        answer = {
            **answer,
            **self.masked(node.aggregations, {k: v for k, v in answer.items() if k in node.aggregations}),
        }
        if isinstance(buckets, dict):
            answer["buckets"] = {key: {**one, **self._inner(node, one)} for key, one in buckets.items()}
        elif isinstance(buckets, list):
            answer["buckets"] = [{**one, **self._inner(node, one)} for one in buckets]
        mask = self._mask(node.field) if isinstance(node, TermsAggregation) else None
        if mask is not None:
            answer["buckets"] = _behind(mask, answer["buckets"])
        return answer

    def _inner(self, node: Aggregation, bucket: JsonObject) -> JsonObject:
        return self.masked(node.aggregations, {name: bucket[name] for name in node.aggregations if name in bucket})


def _check_guesses(node: TermsAggregation | ValueCount | Cardinality) -> None:
    """Raises IllegalArgumentException for what would tell of the values behind masks."""
    guesses = node.missing is not None
    if isinstance(node, TermsAggregation):
        by_value = any(key == "_key" for key, _ in node.order)
        guesses = guesses or by_value or node.include is not None or bool(node.exclude)
    if guesses:
        raise unsupported(f"an aggregation of the masked field [{node.field}] that says what its values are like")


def _behind(mask: Callable[[str], str], buckets: Sequence[JsonObject]) -> list[JsonObject]:
    """Buckets under the masks of their keys, those of the same number in the order of these."""
    shown = []
    for bucket in buckets:
        kept = {name: value for name, value in bucket.items() if name not in ("key", "key_as_string")}
        shown.append({"key": mask(value_text(bucket.get("key_as_string", bucket["key"]))), **kept})
    places = [bucket["doc_count"] for bucket in shown]
    if places == sorted(places, reverse=True):
        shown.sort(key=lambda bucket: (-bucket["doc_count"], bucket["key"]))
    return shown


def field_views(names: Sequence[str], known: Mapping[str, IndexMetadata], views: Views) -> FieldViews | None:
    """The views of these indices, where one hides or masks fields; None where none does. Of an index that is not known
    no field is shown."""
    hiding = {name: views[name] for name in names if name in views}
    if not any(view.fields is not None or view.masks is not None for view in hiding.values()):
        return None
    mapped = {
        path: leaf.type
        for name in names
        if name in known
        for path, leaf in _leaves(known[name].mappings.get("properties", {}), "").items()
    }
    shown = {name: Shown.of(known[name], view) if name in known else Shown({}, view) for name, view in hiding.items()}
    return FieldViews(hiding, shown, mapped)


def documents_only(views: Views) -> Views:
    """The views with all fields."""
    left = {name: replace(view, fields=None, masks=None) for name, view in views.items()}
    return {name: view for name, view in left.items() if not view.is_whole}


def seen(query: Query, shown: Shown) -> Query:
    """The query for one index: clauses about fields that are not shown match nothing.

    Raises IllegalArgumentException for queries whose fields are not known here.
    """
    children = query.children()
    changed = tuple(seen(child, shown) for child in children)
    if changed != children:
        query = query.with_children(changed)
    if isinstance(query, ForeignQuery) and not query.children():
        raise unsupported("field-level security for a query that only the cluster understands")
    if isinstance(query, _TRANSPARENT):
        return query
    if isinstance(query, _WITH_FIELDS):
        return _text_query(query, shown)
    if isinstance(query, ExistsQuery):
        return _exists(query, shown)
    name = getattr(query, "field", None)
    if not isinstance(name, str):
        raise unsupported(f"field-level security before a cluster for [{query.wire_name}]")
    return query if shown.has(name) else _nothing(query)


def _exists(query: ExistsQuery, shown: Shown) -> Query:
    if shown.has(query.field):
        return query
    below = {*shown.named(query.field), *shown.named(f"{query.field}.*")}
    if not below:
        return _nothing(query)
    return BoolQuery(
        should=tuple(ExistsQuery(field=path) for path in sorted(below)), boost=query.boost, name=query.name
    )


def _text_query(query: MultiMatchQuery | SimpleQueryStringQuery | QueryStringQuery, shown: Shown) -> Query:
    """One of several fields, over those of them that are shown."""
    wanted: FieldBoosts = query.fields
    if isinstance(query, QueryStringQuery):
        _check_syntax(query, shown)
        if query.default_field is not None and not wanted:
            wanted = ((query.default_field, 1.0),)
        query = replace(query, default_field=None)
    if not isinstance(query, MultiMatchQuery) and query.quote_field_suffix is not None:
        raise unsupported("quote_field_suffix before a cluster, for who does not see all fields,")
    everything = not wanted or any(name == "*" for name, _ in wanted)
    found: dict[str, float] = {}
    for name, boost in wanted or (("*", 1.0),):
        if "*" not in name:
            found |= {name: boost} if shown.has(name) else {}
        else:
            found |= {path: boost for path in shown.named(name) if shown.types[path] in _FOUND_BY_PATTERNS}
    if not found:
        return _nothing(query)
    lenient = True if everything and query.lenient is None else query.lenient
    return replace(query, fields=tuple(found.items()), lenient=lenient)


def _check_syntax(query: QueryStringQuery, shown: Shown) -> None:
    """Raises IllegalArgumentException for a text that names fields which are not shown, or cannot be read."""
    if query.escape or not query.query.strip():
        return
    try:
        tree = parse_syntax(query.query, "and" if query.default_operator == "and" else "or")
    except OpenSearchException:
        raise unsupported("a query_string that is not understood, for who does not see all fields,") from None
    for name in _fields_in(tree):
        if not shown.has(name):
            raise unsupported(f"[{name}:] in a query_string, for who does not see all fields,")


def _fields_in(node: Node) -> Iterator[str]:
    if node.field is not None:
        yield node.field
    if isinstance(node, Group):
        for _, clause in node.clauses:
            yield from _fields_in(clause)


def _nothing(query: Query) -> MatchNoneQuery:
    return MatchNoneQuery(boost=query.boost, name=query.name)


# ── mappings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Leaf:
    path: str
    type: str
    stands_for: str | None = None
    """The path that a field of type `alias` is another name of."""
    parent: str | None = None
    """The field whose values a multi-field has."""


def _leaves(properties: JsonObject, prefix: str) -> dict[str, _Leaf]:
    found: dict[str, _Leaf] = {}
    for name, definition in properties.items():
        path, kind = prefix + name, definition.get("type", "object")
        if kind in ("object", "nested"):
            found |= _leaves(definition.get("properties", {}), f"{path}.")
            continue
        found[path] = _Leaf(path, kind, stands_for=definition.get("path") if kind == "alias" else None)
        for sub, below in definition.get("fields", {}).items():
            found[f"{path}.{sub}"] = _Leaf(f"{path}.{sub}", below.get("type", "keyword"), parent=path)
    return found


def _is_shown(view: Visibility, leaf: _Leaf) -> bool:
    if _mask(view, leaf.path) is not None:
        return False
    if leaf.type == _FLAT and view.masks is not None and view.masks.reach_into(leaf.path):
        return False
    if view.fields is None:
        return True
    if leaf.type == _FLAT and not view.fields.shows_all_in(leaf.path):
        return False
    if leaf.parent is not None:
        return view.fields.shows_sub_field(leaf.path, leaf.parent)
    return view.fields.shows(leaf.path)


def _mask(view: Visibility, path: str) -> Callable[[str], str] | None:
    masks: FieldMasks | None = view.masks
    return None if masks is None else masks.of(path)
