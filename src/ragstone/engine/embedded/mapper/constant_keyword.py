"""A keyword that every document of the index has."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, ParseException
from ragstone.core.json import Json, JsonObject
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.field_type import IndexValue, field_types
from ragstone.engine.embedded.mapper.keyword import KeywordLikeField
from ragstone.engine.embedded.mapper.object_mapper import refuse_rest
from ragstone.engine.embedded.mapper.parameter import MappingContext, Parameter
from ragstone.engine.embedded.mapper.text import text_of


@field_types.register("constant_keyword")
class ConstantKeywordField(KeywordLikeField):
    """Index form: `value`, in every document, whether it says so or not."""

    wire_type = "constant_keyword"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("value", lambda value, field, context: java_text(value), ""),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.value: str = options["value"]
        self.indexed = True

    @classmethod
    def from_mapping(cls, name: str, definition: JsonObject, context: MappingContext) -> Self:
        leaf = name.rpartition(".")[2]
        if definition.get("value") is None:
            raise ParseException(f"Field [{leaf}] is missing required parameter [value]")
        rest = {key: value for key, value in definition.items() if key not in ("type", "value")}
        refuse_rest(f"Mapping definition for [{leaf}] has unsupported parameters: ", rest)
        return super().from_mapping(name, definition, context)

    def parse(self, value: Json) -> IndexValue | None:
        """Checks only: the value is there already."""
        if value is None or text_of(value) != self.value:
            raise IllegalArgumentException(f"constant keyword field [{self.name}] must have a value of [{self.value}]")
        return None
