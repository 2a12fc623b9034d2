"""Moments: texts in a format, or numbers."""

from __future__ import annotations

from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.calendar import parse_zone
from ragstone.engine.embedded.mapper.date_format import DEFAULT_FORMAT, DateFormat
from ragstone.engine.embedded.mapper.date_math import parse_date
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types
from ragstone.engine.embedded.mapper.parameter import (
    DOC_VALUES,
    IGNORE_MALFORMED,
    INDEX,
    STORE,
    MappingContext,
    Parameter,
    any_value,
    boost,
    meta,
)
from ragstone.engine.embedded.mapper.text import text_of

_LAST_NANOS = (2**63 - 1) // 1_000_000
"""The last millisecond that 64 bits of nanoseconds can say."""


def _read_format(value: Any, field: str, context: MappingContext) -> str:
    pattern = java_text(value)
    try:
        DateFormat.of(pattern)
    except IllegalArgumentException as error:
        raise IllegalArgumentException(
            f"Error parsing [format] on field [{field}]: {error.reason}", cause=error
        ) from None
    return pattern


@field_types.register("date")
class DateField(FieldType):
    """Index form: epoch milliseconds, UTC."""

    wire_type = "date"
    storage = "i64"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        Parameter("format", _read_format, DEFAULT_FORMAT),
        any_value("print_format"),
        any_value("locale", ""),
        any_value("null_value"),
        IGNORE_MALFORMED,
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.format = DateFormat.of(self.option("format"))
        print_format = self.option("print_format")
        self._printer = self.format if print_format is None else DateFormat.of(print_format)
        null = self.option("null_value")
        self.null_value = self._read_null(null) if null is not None else None

    def _read_null(self, null: Json) -> int | None:
        # OpenSearch takes any `null_value`, and uses none that is no date
        text = java_text(null)
        return self.format.parse(text) if self.format.matches(text) else None

    def parse(self, value: Json) -> IndexValue | None:
        if value is None:
            return self.null_value
        return self.format.parse(value if value.__class__ is str else text_of(value))

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return self.bound(value, round_up=False, now_millis=now_millis)

    def term_range(self, value: Json, *, now_millis: int = 0) -> tuple[IndexValue, IndexValue]:
        """A date without its time means its whole day."""
        return (
            self.bound(value, round_up=False, now_millis=now_millis),
            self.bound(value, round_up=True, now_millis=now_millis),
        )

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        reader = self.format if format is None else DateFormat.of(format)
        zone = parse_zone(time_zone or "Z")
        return parse_date(text_of(value), reader, now_millis=now_millis, round_up=round_up, zone=zone)

    def shown(self, value: IndexValue, *, format: str | None = None, time_zone: str | None = None) -> Json:
        reader = self._printer if format is None else DateFormat.of(format)
        return reader.format(int(value), parse_zone(time_zone or "Z"))


@field_types.register("date_nanos")
class DateNanosField(DateField):
    """`Differs:` kept in milliseconds."""

    wire_type = "date_nanos"

    def parse(self, value: Json) -> IndexValue | None:
        millis = super().parse(value)
        if isinstance(millis, int) and not 0 <= millis <= _LAST_NANOS:
            moment = DateFormat.of("strict_date_optional_time").format(millis).replace(".000Z", "Z")
            when = (
                "is before the epoch in 1970 and cannot be stored in nanosecond resolution"
                if millis < 0
                else "is after 2262-04-11T23:47:16.854775807 and cannot be stored in nanosecond resolution"
            )
            raise IllegalArgumentException(f"date[{moment}] {when}")
        return millis
