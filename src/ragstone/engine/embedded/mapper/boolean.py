"""True or false."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json import Json
from ragstone.core.xcontent import as_bool, java_text
from ragstone.engine.embedded.mapper.field_type import (
    FieldType,
    IndexValue,
    TokenException,
    field_types,
    jackson_token,
)
from ragstone.engine.embedded.mapper.parameter import (
    DOC_VALUES,
    INDEX,
    STORE,
    MappingContext,
    Parameter,
    boost,
    meta,
)


@field_types.register("boolean")
class BooleanField(FieldType):
    """JSON booleans and the texts `true`, `false` and the empty one, which is false."""

    wire_type = "boolean"
    storage = "bool"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        Parameter(
            "null_value",
            lambda value, field, context: None if value is None else as_bool(value),
            nullable=True,
        ),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.null_value: bool | None = self.option("null_value")

    def parse(self, value: Json) -> IndexValue | None:
        if value is None:
            return self.null_value
        if value.__class__ is bool:
            return value
        if value.__class__ is str:
            if value in ("true", "false", ""):
                return bool(value == "true")
            raise IllegalArgumentException(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        raise TokenException(f"Current token ({jackson_token(value)}) not of boolean type")

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        if value is None or value == "":
            return False
        if value is True or value is False:
            return bool(value)
        text = java_text(value)
        if text not in ("true", "false"):
            raise IllegalArgumentException(f"Can't parse boolean value [{text}], expected [true] or [false]")
        return text == "true"

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        return self.term(value)

    def sort_value(self, value: IndexValue) -> Json:
        return 1 if value else 0
