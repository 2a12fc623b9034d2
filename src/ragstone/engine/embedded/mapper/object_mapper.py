"""The tree of a mapping: objects, their fields, and aliases. Immutable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from ragstone.core.errors import IllegalArgumentException, MapperException, MapperParsingException, ParseException
from ragstone.core.json import JsonObject
from ragstone.core.xcontent import java_text, java_type
from ragstone.engine.embedded.mapper.field_type import FieldType, find_type
from ragstone.engine.embedded.mapper.parameter import MappingContext, read_bool

Dynamic = Literal["true", "false", "strict", "strict_allow_templates", "false_allow_templates"]


@dataclass(frozen=True)
class AliasMapper:
    """Another name for the field at `path`."""

    name: str
    path: str

    def to_json(self, *, include_defaults: bool = False) -> JsonObject:
        return {"type": "alias", "path": self.path}


@dataclass(frozen=True)
class ObjectMapper:
    """One object of a mapping; the root has the name ``""``.

    `dynamic` None is inherited from the object above. A `nested` object's values are not part of the document around
    it, unless `include_in_parent` or `include_in_root`.
    """

    name: str
    children: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    dynamic: Dynamic | None = None
    enabled: bool = True
    nested: bool = False
    include_in_parent: bool = False
    include_in_root: bool = False

    def to_json(self, *, include_defaults: bool = False) -> JsonObject:
        shown: JsonObject = {}
        if self.nested:
            shown["type"] = "nested"
            if self.include_in_parent:
                shown["include_in_parent"] = True
            if self.include_in_root:
                shown["include_in_root"] = True
        elif not self.children:
            shown["type"] = "object"
        if self.dynamic is not None:
            shown["dynamic"] = self.dynamic
        if not self.enabled:
            shown["enabled"] = False
        if self.children:
            shown["properties"] = self.properties(include_defaults=include_defaults)
        return shown

    def properties(self, *, include_defaults: bool = False) -> JsonObject:
        return {key: self.children[key].to_json(include_defaults=include_defaults) for key in sorted(self.children)}

    def path_of(self, child: str) -> str:
        return f"{self.name}.{child}" if self.name else child

    def walk(self) -> Iterator[Node]:
        """Every node below this one, sub-fields not included."""
        for child in self.children.values():
            yield child
            if isinstance(child, ObjectMapper):
                yield from child.walk()


Node = FieldType | ObjectMapper | AliasMapper


# ── from JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────


def parse_object(name: str, definition: JsonObject, context: MappingContext, kind: str = "object") -> ObjectMapper:
    """An object, or a nested one, from `{"type"?, "dynamic"?, "enabled"?, "properties"?}`.

    Raises MapperParsingException, IllegalArgumentException.
    """
    nested = kind == "nested"
    rest = {key: value for key, value in definition.items() if key != "type"}
    mapper = ObjectMapper(
        name,
        dynamic=parse_dynamic(rest.pop("dynamic")) if "dynamic" in rest else None,
        enabled=read_bool(rest.pop("enabled"), "enabled.enabled") if "enabled" in rest else True,
        nested=nested,
        include_in_parent=nested and read_bool(rest.pop("include_in_parent", False), f"{name}.include_in_parent"),
        include_in_root=nested and read_bool(rest.pop("include_in_root", False), f"{name}.include_in_root"),
    )
    if "properties" in rest:
        mapper = replace(mapper, children=parse_properties(name, rest.pop("properties"), context))
    refuse_rest(f"Mapping definition for [{name.rpartition('.')[2]}] has unsupported parameters: ", rest)
    return mapper


def parse_dynamic(value: Any) -> Dynamic:
    """`true`, `false` (JSON or text), `strict`, `strict_allow_templates`, `false_allow_templates`."""
    text = java_text(value).lower()
    if text == "strict":
        return "strict"
    if text == "strict_allow_templates":
        return "strict_allow_templates"
    if text == "false_allow_templates":
        return "false_allow_templates"
    return "true" if read_bool(value, "dynamic.dynamic") else "false"


def parse_properties(parent: str, properties: Any, context: MappingContext) -> Mapping[str, Node]:
    """The fields of an object. A name with dots makes the objects between; `parent` is the object's full path."""
    if properties == []:
        return {}
    if not isinstance(properties, dict):
        raise ParseException("properties must be a map type")
    children: dict[str, Node] = {}
    for key, definition in properties.items():
        if definition == []:
            continue  # what a PHP client sends for an empty object
        if not isinstance(definition, dict):
            raise MapperParsingException(
                f"Expected map for property [fields] on field [{key}] but got a class {java_type(definition)}"
            )
        first, node = _parse_field(parent, key, definition, context)
        children[first] = merge(children[first], node) if first in children else node
    return children


def _parse_field(parent: str, key: str, definition: JsonObject, context: MappingContext) -> tuple[str, Node]:
    """The node for one key of `properties`, and its name: of a dotted key the first part."""
    parts = key.rstrip(".").split(".") if key.strip(".") or not key else []
    if not parts:
        raise MapperParsingException(f"Invalid field name {key}")
    path = ".".join(([parent] if parent else []) + parts)
    kind = definition.get("type")
    if kind is None:
        if definition.get("properties") is None and not (len(definition) == 1 and "enabled" in definition):
            raise MapperParsingException(f"No type specified for field [{key}]")
        kind = "object"
    node: Node
    if kind in ("object", "nested"):
        node = parse_object(path, definition, context, kind)
    elif kind == "alias":
        node = _parse_alias(path, key, definition)
    else:
        found = find_type(java_text(kind), key)
        if found is None:
            raise MapperParsingException(f"No handler for type [{java_text(kind)}] declared on field [{key}]")
        node = found.from_mapping(path, definition, context)
    if not all(parts):
        raise IllegalArgumentException("name cannot be empty string")
    for depth in range(len(parts) - 1, 0, -1):
        between = ".".join(([parent] if parent else []) + parts[:depth])
        node = ObjectMapper(between, {parts[depth]: node})
    return parts[0], node


def _parse_alias(path: str, key: str, definition: JsonObject) -> AliasMapper:
    target = definition.get("path")
    if target is None:
        raise MapperParsingException(f"The [path] property must be specified for field [{key}].")
    refuse_rest(
        f"Mapping definition for [{key}] has unsupported parameters: ",
        {name: value for name, value in definition.items() if name not in ("type", "path")},
    )
    return AliasMapper(path, java_text(target))


def refuse_rest(message: str, rest: Mapping[str, Any]) -> None:
    """Raises MapperParsingException naming all parameters nobody asked for."""
    if rest:
        shown = "".join(f" [{key} : {java_text(value)}]" for key, value in rest.items())
        raise MapperParsingException(message + shown)


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def merge(old: Node, new: Node) -> Node:
    """`old` with what `new`, of the same path, adds and changes.

    Raises IllegalArgumentException, MapperException where a mapping can't be changed that way.
    """
    if isinstance(old, ObjectMapper) or isinstance(new, ObjectMapper):
        if isinstance(old, ObjectMapper) and isinstance(new, ObjectMapper):
            return merge_objects(old, new)
        raise IllegalArgumentException(f"can't merge a non object mapping [{new.name}] with an object mapping")
    if isinstance(old, AliasMapper) or isinstance(new, AliasMapper):
        if isinstance(old, AliasMapper) and isinstance(new, AliasMapper):
            return new
        if isinstance(old, AliasMapper):
            raise IllegalArgumentException(
                f"Cannot merge a field alias mapping [{old.name}] with a mapping that is not for a field alias."
            )
        raise IllegalArgumentException(
            f"mapper [{old.name}] cannot be changed from type [{old.wire_type}] to [FieldAliasMapper]"
        )
    return old.merge(new)


def merge_objects(old: ObjectMapper, new: ObjectMapper) -> ObjectMapper:
    if old.nested and not new.nested:
        raise IllegalArgumentException("cannot change object mapping from nested to non-nested")
    if new.nested and not old.nested:
        raise IllegalArgumentException("cannot change object mapping from non-nested to nested")
    if old.enabled != new.enabled:
        raise MapperException(f"the [enabled] parameter can't be updated for the object mapping [{old.name or '_doc'}]")
    for parameter in ("include_in_parent", "include_in_root"):
        if getattr(old, parameter) != getattr(new, parameter):
            raise MapperException(f"the [{parameter}] parameter can't be updated on a nested object mapping")
    children = dict(old.children)
    for key, child in new.children.items():
        children[key] = merge(children[key], child) if key in children else child
    return replace(old, children=children, dynamic=new.dynamic or old.dynamic)


def with_added(root: ObjectMapper, added: Mapping[str, Node]) -> ObjectMapper:
    """The tree with further nodes at their full paths; a node's parents are in the tree or come before it."""
    by_parent: dict[str, dict[str, Node]] = {}
    touched: set[str] = set()
    for path, node in added.items():
        parent, _, leaf = path.rpartition(".")
        by_parent.setdefault(parent, {})[leaf] = node
        while parent not in touched:
            touched.add(parent)
            parent = parent.rpartition(".")[0]

    def rebuild(node: ObjectMapper) -> ObjectMapper:
        children = {**node.children, **by_parent.get(node.name, {})}
        for key, child in children.items():
            if isinstance(child, ObjectMapper) and child.name in touched:
                children[key] = rebuild(child)
        return replace(node, children=children)

    return rebuild(root)
