"""A whole JSON object as one field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from ragstone.core.errors import ParsingException
from ragstone.core.json import Json, JsonObject
from ragstone.core.xcontent import token
from ragstone.engine.embedded.mapper.field_type import IndexValue, field_types
from ragstone.engine.embedded.mapper.keyword import KeywordLikeField
from ragstone.engine.embedded.mapper.object_mapper import refuse_rest
from ragstone.engine.embedded.mapper.parameter import MappingContext
from ragstone.engine.embedded.mapper.text import text_of


class FlatObjectPath(KeywordLikeField):
    """One path inside a flat_object, `f.a.b`: a view that queries use, no field of its own.

    Its values live in `column`, as `a.b=value`. `exists` is a prefix query of `pattern_prefix` alone.
    """

    wire_type = "flat_object"

    def __init__(self, whole: FlatObjectField, path: str) -> None:
        super().__init__(path, {}, whole.context)
        self.indexed = self.doc_values = self.searchable = True
        self.column = whole.paths_column
        self.pattern_prefix = path.removeprefix(whole.name + ".") + "="

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return self.pattern_prefix + text_of(value)

    def sort_value(self, value: IndexValue) -> Json:
        return str(value).removeprefix(self.pattern_prefix)


@field_types.register("flat_object")
class FlatObjectField(KeywordLikeField):
    """All leaves of an object as keywords: their values under the field's own name, `path=value` in a second column."""

    wire_type = "flat_object"
    takes_objects: ClassVar[bool] = True

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.indexed = self.doc_values = self.searchable = True
        self.paths_column = f"{name}._valueAndPath"

    @classmethod
    def from_mapping(cls, name: str, definition: JsonObject, context: MappingContext) -> Self:
        rest = {key: value for key, value in definition.items() if key != "type"}
        refuse_rest(f"Mapping definition for [{name.rpartition('.')[2]}] has unsupported parameters: ", rest)
        return super().from_mapping(name, definition, context)

    def path(self, path: str) -> FlatObjectPath:
        """The view of a full path below this field."""
        return FlatObjectPath(self, path)

    def collect(self, value: Json, values: dict[str, list[IndexValue]]) -> None:
        if value is None:
            return
        if not isinstance(value, dict):
            raise ParsingException(f"[{self.name}] unexpected token [{token(value)}] in flat_object field value")
        for path, text in _leaves("", value):
            values.setdefault(self.name, []).append(text)
            values.setdefault(self.paths_column, []).append(f"{path}={text}")


def _leaves(prefix: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{prefix}.{key}" if prefix else key, inner)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(prefix, item)
    elif value is not None:
        yield prefix, text_of(value)
