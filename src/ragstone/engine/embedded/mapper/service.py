"""The mapping of one index, as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ragstone.core.errors import (
    IllegalArgumentException,
    MapperParsingException,
    OpenSearchException,
)
from ragstone.core.json import JsonObject
from ragstone.core.names import matches
from ragstone.engine.embedded.analysis.registry import Analyzers
from ragstone.engine.embedded.mapper import (
    binary,  # noqa: F401
    boolean,  # noqa: F401
    date,  # noqa: F401
    ip,  # noqa: F401
    keyword,  # noqa: F401
    knn_vector,  # noqa: F401
    metadata,
    number,  # noqa: F401
    text,  # noqa: F401
    token_count,  # noqa: F401
)
from ragstone.engine.embedded.mapper.constant_keyword import ConstantKeywordField
from ragstone.engine.embedded.mapper.document_parser import ParsedDocument, parse_document
from ragstone.engine.embedded.mapper.dynamic import DynamicRules
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.flat_object import FlatObjectField
from ragstone.engine.embedded.mapper.limits import check_limits
from ragstone.engine.embedded.mapper.object_mapper import (
    AliasMapper,
    Node,
    ObjectMapper,
    merge_objects,
    parse_dynamic,
    parse_properties,
    refuse_rest,
    with_added,
)
from ragstone.engine.embedded.mapper.parameter import MappingContext, read_bool
from ragstone.engine.embedded.mapper.rank_features import RankFeaturesField
from ragstone.engine.embedded.mapper.root_options import RootOptions, SourceOptions
from ragstone.engine.embedded.mapper.settings import IndexSettings

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.visible import MaskedField


class Mapper:
    """Immutable. Safe to share between threads; a change makes another one."""

    def __init__(self, root: ObjectMapper, options: RootOptions, context: MappingContext) -> None:
        self.root = root
        self.options = options
        self.context = context
        self.dynamic_rules = DynamicRules(options, context)
        self.depth_limit = context.settings.number("index.mapping.depth.limit")
        self.nested_objects_limit = context.settings.number("index.mapping.nested_objects.limit")
        self._metadata = metadata.metadata_fields(context)
        self._fields: dict[str, FieldType] = {}
        self._objects: dict[str, ObjectMapper] = {}
        self._columns: dict[str, FieldType] = {}
        """What flat_object and rank_features fields file beside their own name."""
        self._aliases: dict[str, str] = {}
        self.constants: list[ConstantKeywordField] = []
        """Fields whose value every document has."""
        self.concealed: Mapping[str, FieldType] = {}
        """Fields that are there, and not for whoever asks; only `VisibleMapper` has some."""
        self.masked: Mapping[str, MaskedField] = {}
        """Those of them whose values may be shown masked."""
        for node in root.walk():
            self._enter(node)

    def _enter(self, node: Node) -> None:
        if isinstance(node, ObjectMapper):
            self._objects[node.name] = node
        elif isinstance(node, AliasMapper):
            self._aliases[node.name] = node.path
        else:
            self._fields[node.name] = node
            if isinstance(node, FlatObjectField):
                self._columns[node.paths_column] = node.path(node.paths_column)
            elif isinstance(node, RankFeaturesField):
                self._columns[node.terms.name] = node.terms
            elif isinstance(node, ConstantKeywordField):
                self.constants.append(node)
            for sub_field in node.sub_fields:
                self._enter(sub_field)

    # ── making ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def empty(cls, settings: IndexSettings) -> Mapper:
        """The mapping of an index that was given none."""
        return cls(ObjectMapper(""), RootOptions(), MappingContext(settings, Analyzers(settings.flat)))

    @classmethod
    def create(cls, mappings: JsonObject, settings: IndexSettings) -> Mapper:
        """A new index's mapping: as `parse`, with errors as index creation shows them.

        Raises MapperParsingException `Failed to parse mapping [_doc]: ...` around what parsing raised; errors of the
        whole mapping (limits, aliases) stay as they are.
        """
        mapper = cls.empty(settings)
        if list(mappings) == ["_doc"]:
            raise IllegalArgumentException("The mapping definition cannot be nested under a type")
        _check_field_configs("", mappings.get("properties"))
        try:
            root, options = _read(mappings, mapper.context)
        except OpenSearchException as error:
            raise MapperParsingException(f"Failed to parse mapping [_doc]: {error.reason}", cause=error) from None
        return mapper._with(root, options, creating=True)

    @classmethod
    def parse(cls, mappings: JsonObject, settings: IndexSettings) -> Mapper:
        """A mapping from its JSON, `{"properties": {...}, "dynamic": ...}`: one that `to_json` gave, say.

        Raises MapperParsingException, IllegalArgumentException with the inner texts.
        """
        mapper = cls.empty(settings)
        return mapper._with(*_read(mappings, mapper.context), creating=True)

    def merge(self, mappings: JsonObject) -> Mapper:
        """This mapping with additions and changes; itself when nothing changes.

        Raises IllegalArgumentException on conflicts, MapperParsingException. Nothing changes when any part is refused.
        """
        if list(mappings) == ["_doc"]:
            raise IllegalArgumentException("Types cannot be provided in put mapping requests")
        root, options = _read(mappings, self.context)
        if "enabled" not in mappings:
            root = replace(root, enabled=self.root.enabled)
        return self._with(root, options)

    def _with(self, root: ObjectMapper, options: RootOptions, *, creating: bool = False) -> Mapper:
        base = replace(self.root, enabled=root.enabled) if creating else self.root
        merged = Mapper(merge_objects(base, root), self.options.merge(options, creating=creating), self.context)
        if merged.to_json() == self.to_json():
            return self
        merged._check()
        return merged

    def grown(self, added: Mapping[str, Node]) -> Mapper:
        """This mapping with new nodes at their full paths. Raises IllegalArgumentException beyond a limit."""
        mapper = Mapper(with_added(self.root, added), self.options, self.context)
        mapper._check()
        return mapper

    def _check(self) -> None:
        check_limits(self.root, self.context.settings)
        for name, path in self._aliases.items():
            _check_alias(name, path, self)
        for field in self._fields.values():
            for target in field.copy_to:
                self._check_copy(field.name, target)

    def _check_copy(self, source: str, target: str) -> None:
        """Data may be copied within a nested object or out of it, not into one."""
        here, there = self.nested_above(source), self.nested_above(target)
        if there is not None and here != there and not (here or "").startswith(there + "."):
            raise IllegalArgumentException(
                "Illegal combination of [copy_to] and [nested] mappings: [copy_to] may only copy data to the current "
                "nested document or any of its parents, however one [copy_to] directive is trying to copy data from "
                f"nested object [{here or 'null'}] to [{there}]"
            )

    # ── looking up ───────────────────────────────────────────────────────────────────────────────────────────────────

    def field(self, path: str) -> FieldType | None:
        """The leaf at a full path (sub-fields too), through an alias, or a metadata field. None when unmapped."""
        found = self._fields.get(path) or self._metadata.get(path)
        if found is None and path in self._aliases:
            return self._fields.get(self._aliases[path])
        return found or self._inside_flat_object(path)

    def _inside_flat_object(self, path: str) -> FieldType | None:
        above = path.rpartition(".")[0]
        while above:
            found = self._fields.get(above)
            if found is not None:
                return found.path(path) if isinstance(found, FlatObjectField) else None
            above = above.rpartition(".")[0]
        return None

    def is_object(self, path: str) -> bool:
        return path in self._objects

    def object(self, path: str) -> ObjectMapper | None:
        """The object at a full path."""
        return self._objects.get(path)

    def nested_above(self, path: str) -> str | None:
        """The innermost nested object around a path."""
        while path:
            path = path.rpartition(".")[0]
            found = self._objects.get(path)
            if found is not None and found.nested:
                return path
        return None

    def fields(self) -> Mapping[str, FieldType]:
        """Everything documents' values are filed under, by full path: leaf fields, sub-fields and the further
        column of flat_object and rank_features fields; no metadata fields, no aliases."""
        return {**self._fields, **self._columns} if self._columns else self._fields

    def matching(self, pattern: str) -> list[str]:
        """Names of leaf fields and aliases that a pattern with `*` means, sorted."""
        return sorted(name for name in (*self._fields, *self._aliases) if matches(pattern, name))

    @property
    def source(self) -> SourceOptions:
        """What of a document is stored."""
        return self.options.source or SourceOptions()

    @property
    def routing_required(self) -> bool:
        return bool(self.options.routing_required)

    def to_json(self) -> JsonObject:
        """What GET _mapping shows; `{}` for the empty mapping."""
        shown: JsonObject = {}
        if self.root.dynamic is not None:
            shown["dynamic"] = self.root.dynamic
        shown.update(self.options.to_json())
        if not self.root.enabled:
            shown["enabled"] = False
        if self.root.children:
            shown["properties"] = self.root.properties()
        return shown

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────

    def parse_document(self, id: str, source: bytes) -> ParsedDocument:
        """The values a document indexes. `source` is its JSON.

        Raises MapperParsingException (`failed to parse field [..] of type [..] in document with id '..'. ...`, or
        `failed to parse`), StrictDynamicMappingException, IllegalArgumentException when the mapping can't grow so.
        """
        return parse_document(self, id, source)


def _check_field_configs(path: str, properties: Any) -> None:
    """Index creation looks at the shape of all fields before it reads any."""
    if not isinstance(properties, dict):
        return
    for key, definition in properties.items():
        full = f"{path}.{key}" if path else key
        if isinstance(definition, dict):
            _check_field_configs(full, definition.get("properties"))
        elif definition != []:
            raise IllegalArgumentException(f"Expect the field config at the path {full} should be a map.")


def _read(mappings: JsonObject, context: MappingContext) -> tuple[ObjectMapper, RootOptions]:
    rest = dict(mappings)
    options = RootOptions.take(rest)
    dynamic = parse_dynamic(rest.pop("dynamic")) if "dynamic" in rest else None
    enabled = read_bool(rest.pop("enabled"), "enabled.enabled") if "enabled" in rest else True
    children = parse_properties("", rest.pop("properties"), context) if "properties" in rest else {}
    for name in children:
        if name in metadata.NAMES:
            raise MapperParsingException(f"Field [{name}] is defined more than once")
    refuse_rest("Root mapping definition has unsupported parameters: ", rest)
    return ObjectMapper("", children, dynamic=dynamic, enabled=enabled), options


def _check_alias(name: str, path: str, mapper: Mapper) -> None:
    def invalid(why: str) -> MapperParsingException:
        return MapperParsingException(f"Invalid [path] value [{path}] for field alias [{name}]: {why}")

    if path == name:
        raise invalid("an alias cannot refer to itself.")
    if path in mapper._aliases:
        raise invalid("an alias cannot refer to another alias.")
    if path not in mapper._fields:
        raise invalid("an alias must refer to an existing field in the mappings.")
