"""From a document's bytes to the values its fields index, growing the mapping where it is dynamic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragstone.core import json
from ragstone.core.errors import (
    IllegalArgumentException,
    MapperParsingException,
    OpenSearchException,
    ParseException,
)
from ragstone.core.json import Json, JsonObject
from ragstone.core.json_diagnosis import not_json_at_all
from ragstone.core.xcontent import java_text, locate
from ragstone.engine.embedded.mapper import metadata
from ragstone.engine.embedded.mapper.document_errors import (
    failed_to_parse,
    metadata_in_document,
    split_path,
    strict,
)
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, UnwrappedException, put_in_place
from ragstone.engine.embedded.mapper.knn_vector import VectorValueException
from ragstone.engine.embedded.mapper.number import FloatField, LongField
from ragstone.engine.embedded.mapper.object_mapper import AliasMapper, Dynamic, Node, ObjectMapper

if TYPE_CHECKING:
    from ragstone.engine.embedded.mapper.service import Mapper


class ParsedDocument(NamedTuple):
    """What a document leaves in the derived structures.

    `values` has leaf paths, sub-fields included, of fields that are indexed or have doc values; `vectors` one float32
    array per knn_vector field; `ignored` the sorted names of malformed fields that were passed over.
    """

    values: Mapping[str, list[IndexValue]]
    vectors: Mapping[str, NDArray[np.float32]]
    ignored: tuple[str, ...]
    mapper: Mapper
    """The mapper that parsed, or the grown one when dynamic mapping added fields."""


def parse_document(mapper: Mapper, id: str, source: bytes) -> ParsedDocument:
    """See Mapper.parse_document."""
    try:
        if source[:1] != b"{" and not source.lstrip().startswith(b"{"):
            raise not_json_at_all()
        document = json.decode(source)
    except OpenSearchException as error:
        raise MapperParsingException("failed to parse", cause=error) from None
    walk = _Walk(mapper, id)
    if not mapper.root.enabled:
        return walk.result()
    try:
        walk.object(mapper.root, document, mapper.root.dynamic or "true", 1)
    except _Failure as failure:
        put_in_place(failure.error, failure.container, failure.key, failure.value)
        locate(failure.error, source, document)
        raise failure.error from None
    return walk.result()


class _Failure(Exception):
    """A field's failure on its way up, with the value's place in the document."""

    def __init__(
        self, error: OpenSearchException, container: JsonObject | list[Any], key: str | int, value: Json
    ) -> None:
        super().__init__(error)
        self.error, self.container, self.key, self.value = error, container, key, value


class _Walk:
    """One pass over one document."""

    __slots__ = ("_added", "_hidden", "_id", "_ignored", "_mapper", "_nested", "_values", "_vectors")

    def __init__(self, mapper: Mapper, id: str) -> None:
        self._mapper = mapper
        self._id = id
        self._values: dict[str, list[IndexValue]] = {}
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._ignored: set[str] = set()
        self._added: dict[str, Node] = {}
        self._hidden = False
        self._nested = 0

    def result(self) -> ParsedDocument:
        mapper = self._mapper.grown(self._added) if self._added else self._mapper
        for field in mapper.constants:
            self._values[field.name] = [field.value]
        ignored = tuple(sorted(self._ignored)) if self._ignored else ()
        return ParsedDocument(self._values, self._vectors, ignored, mapper)

    # ── objects ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def object(self, node: ObjectMapper, source: JsonObject, dynamic: Dynamic, depth: int) -> None:
        """The keys of one JSON object. `dynamic` is the one in force here, `depth` 1 at the root."""
        children = node.children
        for key, value in source.items():
            child = children.get(key)
            if isinstance(child, FieldType):
                self.field(child, source, key, value)
            elif "." in key or not key:
                self.dotted(node, source, key, value, dynamic, depth)
            else:
                self.value(node, key, source, key, value, dynamic, depth)

    def value(
        self,
        node: ObjectMapper,
        name: str,
        container: JsonObject | list[Any],
        key: str | int,
        value: Json,
        dynamic: Dynamic,
        depth: int,
    ) -> None:
        """A value called `name` inside the object `node`; it stands at `container[key]` in the document."""
        child = node.children.get(name)
        if child is None and self._added:
            path = node.path_of(name)
            child = self._added.get(path)
            if isinstance(child, FieldType):
                self.another(child, path, container, key, value, depth)
                return
        if isinstance(child, FieldType):
            self.field(child, container, key, value)
        elif isinstance(child, ObjectMapper):
            if child.name in self._added and not isinstance(value, (dict, list)) and value is not None:
                raise IllegalArgumentException(
                    f"can't merge a non object mapping [{child.name}] with an object mapping"
                )
            self.inner_object(child, container, key, value, child.dynamic or dynamic, depth)
        elif isinstance(child, AliasMapper):
            if value != []:
                raise failed_to_parse(IllegalArgumentException(f"Cannot write to a field alias [{child.name}]."))
        else:
            self.unknown(node, name, container, key, value, dynamic, depth)

    def inner_object(
        self,
        node: ObjectMapper,
        container: JsonObject | list[Any],
        key: str | int,
        value: Json,
        dynamic: Dynamic,
        depth: int,
    ) -> None:
        if value is None or not node.enabled:
            return
        if isinstance(value, list):
            for index, item in enumerate(value):
                self.inner_object(node, value, index, item, dynamic, depth)
            return
        if not isinstance(value, dict):
            shown = "null" if isinstance(key, int) else key
            raise MapperParsingException(
                f"object mapping for [{node.name}] tried to parse field [{shown}] as object, but found a concrete value"
            )
        self.check_depth(depth)
        if not node.nested:
            self.object(node, value, dynamic, depth + 1)
            return
        self._nested += 1
        if self._nested > self._mapper.nested_objects_limit:
            raise MapperParsingException(
                "The number of nested documents has exceeded the allowed limit of "
                f"[{self._mapper.nested_objects_limit}]. This limit can be set by changing the "
                "[index.mapping.nested_objects.limit] index level setting."
            )
        outside = self._hidden
        self._hidden = not node.include_in_root and (outside or not node.include_in_parent)
        self.object(node, value, dynamic, depth + 1)
        self._hidden = outside

    def check_array_depth(self, value: list[Any]) -> None:
        depth, level = 0, [value]
        while level:
            depth += 1
            level = [item for items in level for item in items if isinstance(item, list)]
        limit = self._mapper.depth_limit
        if depth > limit:
            raise failed_to_parse(
                ParseException(
                    f"The depth of the nested array field has exceeded the allowed limit of [{limit}]. This limit can "
                    "be set by changing the [index.mapping.depth.limit] index level setting."
                )
            )

    def check_depth(self, depth: int) -> None:
        limit = self._mapper.depth_limit
        if depth >= limit:
            raise failed_to_parse(
                ParseException(
                    f"The depth of the field has exceeded the allowed limit of [{limit}]. This limit can be set by "
                    "changing the [index.mapping.depth.limit] index level setting."
                )
            )

    def dotted(
        self,
        node: ObjectMapper,
        source: JsonObject,
        key: str,
        value: Json,
        dynamic: Dynamic,
        depth: int,
    ) -> None:
        """`{"a.b": x}` is `{"a": {"b": x}}`."""
        parts = split_path(key)
        for position, part in enumerate(parts[:-1]):
            path = node.path_of(part)
            child = node.children.get(part) or self._added.get(path)
            if child is None:
                if value is None:
                    if dynamic.startswith("strict"):
                        raise strict(dynamic, key, node)
                    return
                created = self.new_object(node, part, dynamic)
                if created is None:
                    return
                child = created
            if not isinstance(child, ObjectMapper):
                found = child.wire_type if isinstance(child, FieldType) else "alias"
                raise MapperParsingException(
                    f"Could not dynamically add mapping for field [{key}]. Existing mapping for "
                    f"[{'.'.join(parts[: position + 1])}] must be of type object but found [{found}]."
                )
            if not child.enabled:
                return
            node, dynamic = child, child.dynamic or dynamic
        self.value(node, parts[-1], source, key, value, dynamic, depth)

    # ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def field(self, field: FieldType, container: JsonObject | list[Any], key: str | int, value: Json) -> None:
        """A value of a mapped field; an array is many values."""
        if value.__class__ is list and not field.takes_arrays:
            if any(item.__class__ is list for item in value):
                self.check_array_depth(value)
            for index, item in enumerate(value):
                self.field(field, value, index, item)
            return
        try:
            if field.storage == "vector":
                self.vector(field, value)
            elif self._hidden:
                field.collect(value, {})
            else:
                field.collect(value, self._values)
        except UnwrappedException:
            raise
        except VectorValueException as error:
            raise _Failure(self.wrapped(field, error.preview, error.cause), container, key, value) from None
        except OpenSearchException as error:
            if not field.passes_over(value):
                raise _Failure(self.wrapped(field, java_text(value), error), container, key, value) from None
            if not isinstance(value, (dict, list)):
                self._ignored.add(field.name)
        for sub_field in field.sub_fields:
            self.field(sub_field, container, key, value)
        for target in field.copy_to:
            if value is not None:
                self.copy(target, container, key, value)

    def vector(self, field: FieldType, value: Json) -> None:
        vector = field.parse_vector(value)
        if vector is None or self._hidden:
            return
        if field.name in self._vectors:
            raise UnwrappedException(
                f'VectorValuesField "{field.name}" appears more than once in this document '
                "(only one value is allowed per field)"
            )
        self._vectors[field.name] = vector

    def wrapped(self, field: FieldType, preview: str, cause: OpenSearchException | None) -> MapperParsingException:
        return MapperParsingException(
            f"failed to parse field [{field.name}] of type [{field.wire_type}] in document with id '{self._id}'. "
            f"Preview of field's value: '{preview}'",
            cause=cause,
        )

    def copy(self, target: str, container: JsonObject | list[Any], key: str | int, value: Json) -> None:
        """`copy_to`: the target reads the value as if it stood there. Its own `copy_to` is not followed."""
        outside = self._hidden
        self._hidden = outside and self._mapper.nested_above(target) is not None
        try:
            self._copy(target, container, key, value)
        finally:
            self._hidden = outside

    def _copy(self, target: str, container: JsonObject | list[Any], key: str | int, value: Json) -> None:
        field = self._mapper.field(target)
        if field is None:
            found = self._added.get(target)
            field = found if isinstance(found, FieldType) else None
        if field is not None:
            if field.copy_to:
                field = field.without_copy()
            self.field(field, container, key, value)
            return
        node, dynamic = self._mapper.root, self._mapper.root.dynamic or "true"
        parts = split_path(target)
        for part in parts[:-1]:
            child = node.children.get(part) or self._added.get(node.path_of(part))
            child = child or self.new_object(node, part, dynamic)
            if not isinstance(child, ObjectMapper):
                return
            node, dynamic = child, child.dynamic or dynamic
        self.value(node, parts[-1], container, key, value, dynamic, len(parts))

    # ── dynamic mapping ──────────────────────────────────────────────────────────────────────────────────────────────

    def unknown(
        self,
        node: ObjectMapper,
        name: str,
        container: JsonObject | list[Any],
        key: str | int,
        value: Json,
        dynamic: Dynamic,
        depth: int,
    ) -> None:
        """A value no mapping knows."""
        if not node.name and name in metadata.NAMES:
            raise metadata_in_document(name, self._id, value)
        empty = value is None or value == []
        if dynamic == "strict" or (empty and dynamic == "strict_allow_templates"):
            raise strict(dynamic, name, node)
        if dynamic == "false" or empty:
            return
        path = node.path_of(name)
        rules = self._mapper.dynamic_rules
        if isinstance(value, dict):
            created = self.new_object(node, name, dynamic)
            if isinstance(created, ObjectMapper):
                self.inner_object(created, container, key, value, created.dynamic or dynamic, depth)
            elif created is not None:
                self.field(created, container, key, value)
        elif isinstance(value, list):
            field = rules.array_for(path)
            if field is not None:
                self._added[path] = field
                self.field(field, container, key, value)
                return
            if any(isinstance(item, list) for item in value):
                self.check_array_depth(value)
            for index, item in enumerate(value):
                self.value(node, name, value, index, item, dynamic, depth)
        else:
            new = rules.field_for(path, value, only_templates=dynamic.endswith("allow_templates"))
            if new is not None:
                self._added[path] = new
                self.value(node, name, container, key, value, dynamic, depth)
            elif dynamic == "strict_allow_templates":
                raise strict(dynamic, name, node)

    def new_object(self, node: ObjectMapper, name: str, dynamic: Dynamic) -> FieldType | ObjectMapper | None:
        """Adds the object `name` inside `node`; None where nothing is added silently."""
        path = node.path_of(name)
        rules = self._mapper.dynamic_rules
        if dynamic == "false":
            return None
        if dynamic == "strict":
            raise strict(dynamic, name, node)
        created = rules.object_for(path, only_templates=dynamic.endswith("allow_templates"))
        if created is not None:
            self._added[path] = created
        elif dynamic == "strict_allow_templates":
            raise strict(dynamic, name, node)
        return created

    def another(
        self,
        field: FieldType,
        path: str,
        container: JsonObject | list[Any],
        key: str | int,
        value: Json,
        depth: int,
    ) -> None:
        """A further value of a field that this very document has brought.

        It must propose the same type. `Differs:` whole numbers and fractions together make a float, where OpenSearch
        refuses the document.
        """
        if isinstance(value, list) and not field.takes_arrays:
            for index, item in enumerate(value):
                self.another(field, path, value, index, item, depth)
            return
        if isinstance(value, dict) and not field.takes_objects:
            raise IllegalArgumentException(f"can't merge a non object mapping [{path}] with an object mapping")
        if value is not None and not isinstance(value, (dict, list)):
            proposed = self._mapper.dynamic_rules.field_for(path, value)
            kinds = {type(field), type(proposed)}
            if kinds == {LongField, FloatField}:
                if isinstance(proposed, FloatField):
                    self._added[path] = field = proposed
                    if path in self._values:
                        self._values[path] = [float(number) for number in self._values[path]]
            elif isinstance(proposed, FieldType):
                field.merge(proposed)
        self.field(field, container, key, value)
