"""How many words a text has."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ragstone.core.errors import MapperParsingException
from ragstone.core.json import Json, JsonObject
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types
from ragstone.engine.embedded.mapper.number import whole_bound, whole_term
from ragstone.engine.embedded.mapper.parameter import (
    DOC_VALUES,
    INDEX,
    STORE,
    MappingContext,
    Parameter,
    any_value,
    flag,
    meta,
)
from ragstone.engine.embedded.mapper.text import analyzer_parameter, text_of


@field_types.register("token_count")
class TokenCountField(FieldType):
    """Index form: the number of positions that the analyzer fills, or of tokens without position increments."""

    wire_type = "token_count"
    storage = "i64"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        analyzer_parameter("analyzer"),
        any_value("null_value"),
        flag("enable_position_increments"),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self._analyzer = context.analyzers.required(options["analyzer"] or "default")
        self._counts_gaps: bool = self.option("enable_position_increments")
        null = self.option("null_value")
        self.null_value: IndexValue | None = None if null is None else whole_term(null)

    @classmethod
    def from_mapping(cls, name: str, definition: JsonObject, context: MappingContext) -> Self:
        if definition.get("analyzer") is None:
            raise MapperParsingException(f"Analyzer must be set for field [{name.rpartition('.')[2]}] but wasn't.")
        return super().from_mapping(name, definition, context)

    def parse(self, value: Json) -> IndexValue | None:
        if value is None:
            return self.null_value
        terms = self._analyzer.terms(text_of(value))
        return terms[-1][1] + 1 if terms and self._counts_gaps else len(terms)

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return whole_term(value)

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        return whole_bound(value, round_up)
