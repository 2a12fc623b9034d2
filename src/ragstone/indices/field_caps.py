"""`_field_caps`: what the fields of several indices can be used for, told by their mappings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.queries.bool import BoolQuery
from ragstone.dsl.queries.match_all import MatchAllQuery
from ragstone.dsl.queries.match_none import MatchNoneQuery
from ragstone.dsl.queries.range import RangeQuery
from ragstone.dsl.query import Query
from ragstone.engine.api import Engine
from ragstone.engine.values import IndexMetadata
from ragstone.indices.access import permitted
from ragstone.indices.blocks import check_blocks
from ragstone.indices.resolver import IndicesOptions
from ragstone.indices.views import shown, views_of


@dataclass(frozen=True)
class FieldCapabilities:
    """One field of one index. `searchable`: queries find its values; `aggregatable`: they are kept by document."""

    type: str
    searchable: bool
    aggregatable: bool
    meta: Mapping[str, str] = field(default_factory=dict)


_METADATA = {
    name: FieldCapabilities(type or name, searchable, aggregatable)
    for name, type, searchable, aggregatable in (
        ("_data_stream_timestamp", "", False, False),
        ("_doc_count", "long", False, False),
        ("_feature", "", False, False),
        ("_field_names", "", True, False),
        ("_id", "", True, True),
        ("_ignored", "", True, False),
        ("_index", "", True, True),
        ("_nested_path", "", True, False),
        ("_routing", "", True, False),
        ("_seq_no", "", True, True),
        ("_source", "", False, False),
        ("_version", "", False, False),
    )
}
"""What every index has, as recorded from OpenSearch."""
_OBJECTS = ("object", "nested")
_SHOWN_AS = {"token_count": "integer"}
_NEVER_SEARCHABLE = ("binary", "knn_vector", "rank_features")
_NEVER_AGGREGATABLE = ("flat_object", "match_only_text", "rank_features")


FIELD_CAPS = "indices:data/read/field_caps"


class FieldCapsService:
    """See the module's docstring."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def field_caps(
        self,
        expression: str | None,
        patterns: Sequence[str],
        *,
        index_filter: Query | None = None,
        include_unmapped: bool = False,
        options: IndicesOptions | None = None,
    ) -> JsonObject:
        """The answer to `_field_caps` for the fields that the patterns name, with the objects they are in.

        `index_filter` leaves out indices where it could match nothing. Closed indices are passed over. Raises
        IllegalArgumentException without a pattern, IndexNotFoundException, ClusterBlockException.
        """
        if not patterns:
            raise IllegalArgumentException("specified fields can't be null or empty")
        found = permitted(await self._engine.metadata(), expression, options, FIELD_CAPS)
        indices = [one.index for one in found if one.index.open]
        check_blocks(indices, "read")
        by_index: dict[str, dict[str, FieldCapabilities]] = {}
        for index in sorted(indices, key=lambda index: index.name):
            known = {**_METADATA, **capabilities(shown(index).mappings)}
            if index_filter is None or await self._can_match(index, index_filter, known):
                by_index[index.name] = _wanted(known, patterns)
        names = dict.fromkeys(name for fields in by_index.values() for name in fields)
        fields = {name: _shown(name, by_index, include_unmapped) for name in names}
        return {"indices": list(by_index), "fields": fields}

    async def _can_match(self, index: IndexMetadata, query: Query, known: Mapping[str, FieldCapabilities]) -> bool:
        """Whether an index may have matches: told by what it maps and, for ranges, by its documents.

        As in OpenSearch, an index stays in when it is empty, and when the query is wrong for it.
        """
        if isinstance(query, MatchNoneQuery):
            return False
        if isinstance(query, BoolQuery):
            needed = [*query.must, *query.filter]
            each = [await self._can_match(index, clause, known) for clause in needed]
            any_of = [await self._can_match(index, clause, known) for clause in query.should]
            return all(each) and (bool(needed) or not any_of or any(any_of))
        path = getattr(query, "field", None)
        if path is None:
            inside = [await self._can_match(index, child, known) for child in query.children()]
            return not inside or any(inside)
        if not any(matches(path, name) for name in known):
            return False
        if not isinstance(query, RangeQuery):
            return True
        try:
            views = views_of([index])
            found = await self._engine.count([index.name], query, views=views)
            return found > 0 or await self._engine.count([index.name], MatchAllQuery(), views=views) == 0
        except OpenSearchException:
            return True


def capabilities(mappings: JsonObject) -> dict[str, FieldCapabilities]:
    """The fields of a mapping by full path: leaves, their sub-fields, and the objects around them."""
    return dict(_fields(mappings.get("properties", {}), ""))


def _fields(properties: JsonObject, prefix: str) -> Iterator[tuple[str, FieldCapabilities]]:
    for name, definition in properties.items():
        path = f"{prefix}{name}"
        type = definition.get("type", "object")
        if type in _OBJECTS:
            below = list(_fields(definition.get("properties", {}), f"{path}."))
            if below:  # OpenSearch comes to know of an object through the fields in it
                yield path, FieldCapabilities(type, searchable=False, aggregatable=False)
            yield from below
            continue
        yield path, _leaf(type, definition)
        for sub, below_it in definition.get("fields", {}).items():
            yield f"{path}.{sub}", _leaf(below_it.get("type", ""), below_it)


def _leaf(type: str, definition: JsonObject) -> FieldCapabilities:
    if type == "text":
        aggregatable = _on(definition, "fielddata", default=False)
    else:
        aggregatable = type not in _NEVER_AGGREGATABLE and _on(definition, "doc_values", default=type != "binary")
    return FieldCapabilities(
        _SHOWN_AS.get(type, type),
        type not in _NEVER_SEARCHABLE and _on(definition, "index", default=True),
        aggregatable,
        definition.get("meta", {}),
    )


def _on(definition: JsonObject, parameter: str, *, default: bool) -> bool:
    return str(definition.get(parameter, default)).lower() == "true"


def _wanted(known: Mapping[str, FieldCapabilities], patterns: Sequence[str]) -> dict[str, FieldCapabilities]:
    found: dict[str, FieldCapabilities] = {}
    for name in known:
        if any(matches(pattern, name) for pattern in patterns):
            found[name] = known[name]
            for end in (at for at, character in enumerate(name) if character == "."):
                parent = known.get(name[:end])
                if parent is not None and parent.type in _OBJECTS:
                    found[name[:end]] = parent
    return found


def _shown(name: str, by_index: Mapping[str, Mapping[str, FieldCapabilities]], include_unmapped: bool) -> JsonObject:
    """One field by its types. Which indices have which is told only where they disagree."""
    types: dict[str, dict[str, FieldCapabilities]] = {}
    for index, fields in by_index.items():
        if name in fields:
            types.setdefault(fields[name].type, {})[index] = fields[name]
    unmapped = [index for index, fields in by_index.items() if name not in fields]
    if include_unmapped and unmapped:
        types["unmapped"] = dict.fromkeys(unmapped, FieldCapabilities("unmapped", searchable=False, aggregatable=False))
    return {type: _together(type, holders, listed=len(types) > 1) for type, holders in types.items()}


def _together(type: str, holders: Mapping[str, FieldCapabilities], *, listed: bool) -> JsonObject:
    shown: JsonObject = {
        "type": type,
        "searchable": all(one.searchable for one in holders.values()),
        "aggregatable": all(one.aggregatable for one in holders.values()),
    }
    if listed:
        shown["indices"] = list(holders)
    for what in ("searchable", "aggregatable"):
        lacking = [index for index, one in holders.items() if not getattr(one, what)]
        if lacking and len(lacking) < len(holders):
            shown[f"non_{what}_indices"] = lacking
    meta = _merged(one.meta for one in holders.values())
    if meta:
        shown["meta"] = meta
    return shown


def _merged(metas: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Every key with all values that some index gives it, sorted."""
    values: dict[str, set[str]] = {}
    for meta in metas:
        for key, value in meta.items():
            values.setdefault(key, set()).add(value)
    return {key: sorted(found) for key, found in sorted(values.items())}
