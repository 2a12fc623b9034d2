"""The base of all field types, and their registry.

A field type is one leaf of a mapping, bound to its full path. It reads mapping parameters, turns a document's values
and a query's values into their index form (`IndexValue`), and shows itself in GET _mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    InputCoercionException,
    JsonParseException,
    MapperParsingException,
    OpenSearchException,
    ParsingException,
)
from ragstone.core.json import Json, JsonObject
from ragstone.core.registry import Registry
from ragstone.core.xcontent import Place, java_text, java_type, token
from ragstone.engine.embedded.mapper.parameter import MappingContext, Parameter

IndexValue = str | int | float | bool
Storage = Literal["text", "keyword", "i64", "f64", "bool", "vector", "none"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_IGNORED_EVERYWHERE = frozenset({"store", "meta", "index", "doc_values", "index_options", "similarity"})
"""Parameters that types without them pass over silently, as OpenSearch does."""


class FieldType:
    """One field of a mapping. Immutable after construction; shared by threads.

    Index forms by `storage`: text and keyword str; i64 int; f64 float; bool bool; vector and none have none.
    """

    wire_type: ClassVar[str]
    storage: ClassVar[Storage]
    parameters: ClassVar[tuple[Parameter, ...]] = ()

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        context: MappingContext,
        *,
        fields: Mapping[str, FieldType] = _NOTHING,
        copy_to: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        """Full path, e.g. `user.name` or, for a sub-field, `user.name.keyword`."""
        self.column = name
        """Under which name documents' values are filed; only paths inside a flat_object differ."""
        self.pattern_prefix = ""
        """What goes before the pattern of a prefix, wildcard or regular expression query."""
        self.options = options
        """Parameters as they were given, parsed."""
        self.context = context
        self.fields = fields
        """Sub-fields by their last name."""
        self.sub_fields = tuple(fields.values())
        self.copy_to = copy_to
        self.indexed: bool = self._has("index")
        self.doc_values: bool = self._has("doc_values")
        self.ignore_malformed: bool = self._has("ignore_malformed")
        self.searchable: bool = (self.indexed or self.doc_values) and self.storage not in ("vector", "none")
        """Whether documents carry index values of this field."""

    # ── mapping ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def from_mapping(cls, name: str, definition: JsonObject, context: MappingContext) -> Self:
        """A field from its JSON, `{"type": ..., parameter: value}`. `name` is the full path.

        Raises MapperParsingException for unknown parameters, IllegalArgumentException for bad values.
        """
        leaf = name.rpartition(".")[2]
        known = {parameter.name: parameter for parameter in cls.parameters}
        options: dict[str, Any] = {}
        fields: Mapping[str, FieldType] = _NOTHING
        copy_to: tuple[str, ...] = ()
        for key, value in definition.items():
            if key == "type":
                continue
            if key == "fields":
                fields = _parse_sub_fields(name, value, context)
            elif key == "copy_to" and value is not None:
                copy_to = _parse_copy_to(value)
            elif value is None and key in (*known, "copy_to") and (key not in known or not known[key].nullable):
                raise MapperParsingException(
                    f"[{key}] on mapper [{leaf}] of type [{cls.wire_type}] must not have a [null] value"
                )
            elif key in known:
                options[key] = known[key].read(value, leaf, context)
            elif key not in _IGNORED_EVERYWHERE:
                raise MapperParsingException(f"unknown parameter [{key}] on mapper [{leaf}] of type [{cls.wire_type}]")
        for parameter in cls.parameters:
            if parameter.required and parameter.name not in options:
                raise IllegalArgumentException(f"Field [{parameter.name}] is required")
        return cls(name, options, context, fields=fields, copy_to=copy_to)

    def option(self, name: str) -> Any:
        """A parameter's value: given, or its default."""
        if name in self.options:
            return self.options[name]
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.default_in(self.context)
        raise KeyError(name)

    def _has(self, name: str) -> bool:
        return any(parameter.name == name for parameter in self.parameters) and bool(self.option(name))

    def merge(self, other: FieldType) -> FieldType:
        """This field with the updates of `other`, a field of the same path.

        Raises IllegalArgumentException naming every parameter that may not change.
        """
        if type(other) is not type(self):
            raise IllegalArgumentException(
                f"mapper [{self.name}] cannot be changed from type [{self.wire_type}] to [{other.wire_type}]"
            )
        conflicts: list[str] = []
        self._collect_conflicts(other, conflicts)
        fields = dict(self.fields)
        for key, field in other.fields.items():
            fields[key] = fields[key].merge(field) if key in fields else field
        if conflicts:
            raise IllegalArgumentException(
                f"Mapper for [{self.name}] conflicts with existing mapper:\n\t" + "\n\t".join(conflicts)
            )
        return type(self)(self.name, other.options, self.context, fields=fields, copy_to=other.copy_to)

    def _collect_conflicts(self, other: FieldType, conflicts: list[str]) -> None:
        for parameter in self.parameters:
            old, new = self.option(parameter.name), other.option(parameter.name)
            if not parameter.allows(old, new):
                conflicts.append(
                    f"Cannot update parameter [{parameter.name}] "
                    f"from [{parameter.conflict(old)}] to [{parameter.conflict(new)}]"
                )

    def to_json(self, *, include_defaults: bool = False) -> JsonObject:
        """What GET _mapping shows; with `include_defaults` every parameter."""
        shown: JsonObject = {"type": self.wire_type}
        for parameter in self.parameters:
            if parameter.name in self.options or include_defaults:
                value = self.option(parameter.name)
                if include_defaults or parameter.explicit or value != parameter.default_in(self.context):
                    shown[parameter.name] = parameter.shown(value)
        if self.fields:
            shown["fields"] = {
                key: self.fields[key].to_json(include_defaults=include_defaults) for key in sorted(self.fields)
            }
        if self.copy_to:
            shown["copy_to"] = list(self.copy_to)
        return shown

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    takes_arrays: ClassVar[bool] = False
    """Whether a JSON array is one value."""
    takes_objects: ClassVar[bool] = False
    """Whether a JSON object is a value."""

    def parse(self, value: Json) -> IndexValue | None:
        """The index form of one JSON value of a document; None when it leaves nothing (null, too long, ...).

        Raises what OpenSearch names as the cause; the document parser wraps it.
        """
        raise NotImplementedError

    def collect(self, value: Json, values: dict[str, list[IndexValue]]) -> None:
        """Parses one value of a document and files what is to be indexed. Raises as `parse` does."""
        parsed = self.parse(value)
        if parsed is not None and self.searchable:
            if self.name in values:
                values[self.name].append(parsed)
            else:
                values[self.name] = [parsed]

    def parse_vector(self, value: Json) -> NDArray[np.float32] | None:
        """The vector of a field whose storage is `vector`; None for null."""
        raise NotImplementedError

    def passes_over(self, value: Json) -> bool:
        """Whether a value that `parse` has refused is left out instead of failing the document."""
        return self.ignore_malformed

    def without_copy(self) -> Self:
        """The same field, copying nowhere."""
        return type(self)(self.name, self.options, self.context, fields=self.fields)

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        """The index form of a query's value (`term`, `terms`, `match` on what is not text)."""
        raise NotImplementedError

    def term_range(self, value: Json, *, now_millis: int = 0) -> tuple[IndexValue, IndexValue] | None:
        """What `value` means where it is more than one index value: the first and the last of them.

        A date without a time is a whole day, a CIDR block many addresses. None everywhere else; then `term` serves.
        """
        return None

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        """The index form of a range bound. `round_up` is true for `gt` and `lte`, false for `gte` and `lt`.

        A whole number may lie outside 64 bits: then everything, or nothing, is on its far side. Dates round to the
        end or the beginning of what they leave open; fractions on whole-number fields go to the neighbour that keeps
        the range's meaning.
        """
        raise IllegalArgumentException(f"Field [{self.name}] of type [{self.wire_type}] does not support range queries")

    def sort_value(self, value: IndexValue) -> Json:
        """How an index value shows in `sort`."""
        return value

    def shown(self, value: IndexValue, *, format: str | None = None, time_zone: str | None = None) -> Json:
        """How an index value shows in `fields` and `docvalue_fields`, and as a bucket's key text."""
        if format is not None or time_zone is not None:
            raise IllegalArgumentException(
                f"Field [{self.name}] of type [{self.wire_type}] does not support custom formats"
            )
        return self.sort_value(value)


field_types: Registry[FieldType] = Registry("field type")

NOT_SUPPORTED = frozenset(
    (
        *("completion", "date_range", "derived", "double_range", "float_range", "geo_point", "geo_shape"),
        *("integer_range", "ip_range", "join", "long_range", "percolator", "rank_feature"),
        *("search_as_you_type", "semantic", "sparse_vector", "star_tree", "version", "xy_point", "xy_shape"),
    )
)
"""Types that OpenSearch has and this engine does not."""


def find_type(kind: str, field: str) -> type[FieldType] | None:
    """The class of a type; None for a name that OpenSearch does not know either.

    Raises MapperParsingException for those in NOT_SUPPORTED. `Differs:` OpenSearch has them.
    """
    if kind in NOT_SUPPORTED:
        raise MapperParsingException(f"field type [{kind}] of field [{field}] is not supported")
    return field_types.get(kind)


def _parse_sub_fields(name: str, value: Any, context: MappingContext) -> dict[str, FieldType]:
    if isinstance(value, list) and not value:
        return {}
    if not isinstance(value, dict):
        raise MapperParsingException(
            f"expected map for property [fields] on field [{java_text(value)}] or [fields] "
            f"but got a class {java_type(value)}"
        )
    fields: dict[str, FieldType] = {}
    for key, definition in value.items():
        if "." in key:
            raise MapperParsingException(f"Field name [{key}] which is a multi field of [{name}] cannot contain '.'")
        if not isinstance(definition, dict):
            raise MapperParsingException(f"illegal field [{key}], only fields can be specified inside fields")
        kind = definition.get("type")
        if kind is None:
            raise MapperParsingException(f"no type specified for property [{key}]")
        if kind in ("object", "nested"):
            raise MapperParsingException(f"Type [{kind}] cannot be used in multi field")
        found = find_type(java_text(kind), key)
        if found is None:
            raise MapperParsingException(f"no handler for type [{java_text(kind)}] declared on field [{key}]")
        fields[key] = found.from_mapping(f"{name}.{key}", definition, context)
    return fields


def _parse_copy_to(value: Any) -> tuple[str, ...]:
    return tuple(map(java_text, value)) if isinstance(value, list) else (java_text(value),)


# ── errors that tell where in the document they happened ─────────────────────────────────────────────────────────────

_JACKSON = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"


class TokenException(JsonParseException):
    """A JSON value of a kind that the field can't read, with the place behind its first token."""

    wire_type = "json_parse_exception"

    def located(self, line: int, col: int) -> None:
        self.reason = (self.reason or "") + _JACKSON.format(line, col + 1)


class NumberRangeException(InputCoercionException):
    """A JSON number too big for the field, with the place behind it."""

    wire_type = "input_coercion_exception"

    def located(self, line: int, col: int) -> None:
        self.reason = (self.reason or "") + _JACKSON.format(line, col + 1)


class NoTextException(IllegalStateException):
    """An object or array where a text was wanted: `Can't get text on a START_OBJECT at 1:7`."""

    wire_type = "illegal_state_exception"

    def located(self, line: int, col: int) -> None:
        self.reason = f"{self.reason} at {line}:{col}"


class UnwrappedException(IllegalArgumentException):
    """An error of the index itself: it reaches the client as it is, not as a failure to parse a field."""

    wire_type = "illegal_argument_exception"


def not_numeric(value: Json) -> TokenException:
    return TokenException(f"Current token ({jackson_token(value)}) not numeric, can not use numeric value accessors")


def no_text(value: Json) -> NoTextException:
    return NoTextException(f"Can't get text on a {token(value)}")


def jackson_token(value: Json) -> str:
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    if isinstance(value, int):
        return "VALUE_NUMBER_INT"
    if isinstance(value, float):
        return "VALUE_NUMBER_FLOAT"
    return token(value)


def put_in_place(error: OpenSearchException, container: JsonObject | list[Any], key: str | int, value: Json) -> None:
    """Tell every error of the chain that shows a position where its value stands."""
    current: OpenSearchException | None = error
    while current is not None:
        if isinstance(current, (NoTextException, ParsingException)):
            current.place = Place(container, key, "value")
        elif isinstance(current, (TokenException, NumberRangeException)):
            # Jackson points behind the token it has just read: behind a number, behind a bracket
            current.place = Place(container, key, "value" if isinstance(value, (dict, list)) else "end")
        current = current.cause
