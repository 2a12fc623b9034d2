"""Moments: texts in a format, or numbers."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.date_format import DEFAULT_FORMAT, DateFormat, parse_zone
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types
from ragstone.engine.embedded.mapper.parameter import (
    DOC_VALUES,
    INDEX,
    STORE,
    MappingContext,
    Parameter,
    any_value,
    boost,
    flag,
    meta,
)
from ragstone.engine.embedded.mapper.text import text_of


@field_types.register("date")
class DateField(FieldType):
    """Index form: epoch milliseconds, UTC."""

    wire_type = "date"
    storage = "i64"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        Parameter("format", lambda value, field, context: java_text(value), DEFAULT_FORMAT),
        any_value("print_format"),
        any_value("locale", ""),
        any_value("null_value"),
        flag("ignore_malformed", lambda c: c.settings.flag("index.mapping.ignore_malformed"), explicit=True),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.format = DateFormat(self.option("format"))
        null = self.option("null_value")
        self.null_value = None if null is None else self.format.parse(java_text(null))

    def parse(self, value: Json) -> IndexValue | None:
        if value is None:
            return self.null_value
        return self.format.parse(value if value.__class__ is str else text_of(value))

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return self.bound(value, round_up=False, now_millis=now_millis)

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        reader = DateFormat(format) if format else self.format
        zone = parse_zone(time_zone or "Z")
        return reader.parse(text_of(value), round_up=round_up, zone=zone)


@field_types.register("date_nanos")
class DateNanosField(DateField):
    """`Differs:` kept in milliseconds."""

    wire_type = "date_nanos"
