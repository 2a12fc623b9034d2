"""Number types: whole numbers, fractions of three widths, scaled fractions, unsigned 64-bit."""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_double as java_double_text
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.field_type import (
    FieldType,
    IndexValue,
    NumberRangeException,
    field_types,
    not_numeric,
)
from ragstone.engine.embedded.mapper.parameter import (
    DOC_VALUES,
    IGNORE_MALFORMED,
    INDEX,
    STORE,
    MappingContext,
    Parameter,
    any_value,
    boost,
    flag,
    meta,
)

_JAVA_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?")


def java_double(text: str) -> float:
    """`Double.parseDouble`: decimal forms, a trailing `d` or `f`, `NaN`, `Infinity`. Raises NumberFormatException."""
    stripped = text.strip()
    if _JAVA_NUMBER.fullmatch(stripped):
        return float(stripped.rstrip("dDfF"))
    if stripped.lstrip("+-") in ("NaN", "Infinity"):
        return float(stripped.replace("Infinity", "inf"))
    raise NumberFormatException("empty String") if not stripped else NumberFormatException.of(text)


def java_long(text: str, *, coerce: bool = True) -> int:
    """A 64-bit whole number from a text that may have a fraction, which is cut if `coerce`."""
    try:
        number = Decimal(text)
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise IllegalArgumentException(f'For input string: "{text}"') from None
    if not -(2**63) - 1 < number < 2**63:
        raise IllegalArgumentException(f"Value [{text}] is out of range for a long")
    if not coerce and number != number.to_integral_value():
        raise IllegalArgumentException(f"Value [{text}] has a decimal part")
    return int(number)


def to_float32(value: float) -> float:
    """The nearest 32-bit float; infinite when out of its range."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def to_float16(value: float) -> float:
    """The nearest 16-bit float; infinite when out of its range."""
    try:
        return float(struct.unpack("e", struct.pack("e", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


class NumberField(FieldType):
    """What all number types share: parameters, null_value, empty texts, ignore_malformed."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        flag("skip_list", False, updatable=True),
        IGNORE_MALFORMED,
        flag("coerce", lambda c: c.settings.flag("index.mapping.coerce"), updatable=True, explicit=True),
        any_value("null_value"),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        self.coerce: bool = self.option("coerce")
        null = self.option("null_value")
        self.null_value: IndexValue | None = None if null is None else self.exact(null)

    def parse(self, value: Json) -> IndexValue | None:
        if value is None or (value == "" and self.coerce):
            return self.null_value
        return self.number(value, self.coerce)

    def number(self, value: Json, coerce: bool) -> IndexValue:
        """One JSON number, or its text, as this type stores it."""
        raise NotImplementedError

    def exact(self, value: Json) -> IndexValue:
        """A number of the mapping itself, without coercion but for texts."""
        return self.number(java_text(value), True)


_INTEGER_LIMITS = {
    "long": ("Long", -(2**63), 2**63 - 1, "out of range of long (-9223372036854775808 - 9223372036854775807)"),
    "integer": ("Integer", -(2**31), 2**31 - 1, "out of range of int (-2147483648 - 2147483647)"),
    "short": ("Short", -(2**15), 2**15 - 1, "out of range of Java short"),
    "byte": ("Integer", -(2**7), 2**7 - 1, ""),
}
_ARTICLE = {"long": "a long", "integer": "an integer", "short": "a short", "byte": "a byte"}


class IntegerField(NumberField):
    """`long`, `integer`, `short`, `byte`: index form int."""

    storage = "i64"

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        self._java_name, self._low, self._high, self._out_of_range = _INTEGER_LIMITS[self.wire_type]
        super().__init__(name, options, context, **more)

    def number(self, value: Json, coerce: bool) -> int:
        kind = value.__class__
        if kind is int:
            number = value
        elif kind is float:
            number = self._whole(value)
            if not coerce and number != value:
                raise IllegalArgumentException(
                    f"{java_double_text(value)} cannot be converted to {self._java_name} without data loss"
                )
        elif kind is str:
            return self._from_text(value, coerce)
        else:
            raise not_numeric(value)
        if self._low <= number <= self._high:
            return int(number)
        if self.wire_type == "byte" and -(2**31) <= number < 2**31:
            raise IllegalArgumentException(f"Value [{number}] is out of range for a byte")
        text = self._out_of_range or _INTEGER_LIMITS["integer"][3]
        raise NumberRangeException(f"Numeric value ({value}) {text}")

    def _whole(self, value: float) -> int:
        return int(value) if math.isfinite(value) else 2**64

    def _from_text(self, text: str, coerce: bool) -> int:
        if not coerce:
            raise IllegalArgumentException(f"{self._java_name} value passed as String")
        if self.wire_type == "long":
            return java_long(text)
        number = java_double(text)
        if not self._low <= number <= self._high:
            raise IllegalArgumentException(f"Value [{text}] is out of range for {_ARTICLE[self.wire_type]}")
        return int(number)

    def exact(self, value: Json) -> IndexValue:
        text = java_text(value)
        number = java_double(text)
        if number % 1:
            raise IllegalArgumentException(f"Value [{text}] has a decimal part")
        return self._from_text(text, True)

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


@field_types.register("long")
class LongField(IntegerField):
    wire_type = "long"


@field_types.register("integer")
class IntField(IntegerField):
    wire_type = "integer"


@field_types.register("short")
class ShortField(IntegerField):
    wire_type = "short"


@field_types.register("byte")
class ByteField(IntegerField):
    wire_type = "byte"


@field_types.register("unsigned_long")
class UnsignedLongField(NumberField):
    """0 to 2^64 - 1. Index form: the number less 2^63, which keeps the order and fits a signed 64-bit column."""

    wire_type = "unsigned_long"
    storage = "i64"
    OFFSET: ClassVar[int] = 2**63

    def number(self, value: Json, coerce: bool) -> int:
        if isinstance(value, str):
            if not coerce:
                raise IllegalArgumentException("BigInteger value passed as String")
            try:
                number = int(Decimal(value))
            except (InvalidOperation, ValueError, OverflowError):
                raise IllegalArgumentException(f'For input string: "{value}"') from None
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            number = int(value)
            if not coerce and number != value:
                raise IllegalArgumentException(f"{value} cannot be converted to BigInteger without data loss")
        else:
            raise not_numeric(value)
        if not 0 <= number < 2**64:
            raise IllegalArgumentException(f"Value [{number}] is out of range for an unsigned long")
        return number - self.OFFSET

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        number = whole_term(value)
        return number - self.OFFSET if isinstance(number, int) else number

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        return whole_bound(value, round_up) - self.OFFSET

    def sort_value(self, value: IndexValue) -> Json:
        return int(value) + self.OFFSET


class FractionField(NumberField):
    """`double`, `float`, `half_float`: index form float, already rounded to the type's width."""

    storage = "f64"

    def width(self, value: float) -> float:
        return value

    def number(self, value: Json, coerce: bool) -> float:
        kind = value.__class__
        if kind is str:
            if not coerce:
                name = "Double" if self.wire_type == "double" else "Float"
                raise IllegalArgumentException(f"{name} value passed as String")
            number = java_double(value)
        elif kind is float or kind is int:
            try:
                number = float(value)
            except OverflowError:
                number = math.copysign(math.inf, value)
        else:
            raise not_numeric(value)
        rounded = self.width(number)
        if not math.isfinite(rounded):
            shown = number if self.wire_type == "half_float" else rounded
            raise IllegalArgumentException(
                f"[{self.wire_type}] supports only finite values, but got [{java_double_text(shown)}]"
            )
        return rounded

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        number = self.width(float(query_number(value)))
        if not math.isfinite(number):
            raise IllegalArgumentException(
                f"[{self.wire_type}] supports only finite values, but got [{java_double_text(number)}]"
            )
        return number

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


@field_types.register("double")
class DoubleField(FractionField):
    wire_type = "double"


@field_types.register("float")
class FloatField(FractionField):
    wire_type = "float"

    def width(self, value: float) -> float:
        return to_float32(value)

    def sort_value(self, value: IndexValue) -> Json:
        return shortest_float32(float(value))


@field_types.register("half_float")
class HalfFloatField(FractionField):
    wire_type = "half_float"

    def width(self, value: float) -> float:
        return to_float16(value)

    def sort_value(self, value: IndexValue) -> Json:
        return shortest_float32(float(value))


@field_types.register("scaled_float")
class ScaledFloatField(NumberField):
    """A fraction kept as a whole number of `1 / scaling_factor`. Index form: that number divided again."""

    wire_type = "scaled_float"
    storage = "f64"
    parameters = (
        *NumberField.parameters,
        Parameter("scaling_factor", lambda value, field, context: _scaling_factor(value), required=True),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        self._factor: float = options["scaling_factor"]
        super().__init__(name, options, context, **more)

    def number(self, value: Json, coerce: bool) -> float:
        if isinstance(value, str):
            if not coerce:
                raise IllegalArgumentException("Double value passed as String")
            number = java_double(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            number = float(value)
        else:
            raise not_numeric(value)
        if not math.isfinite(number):
            raise IllegalArgumentException(
                f"[scaled_float] only supports finite values, but got [{java_double_text(number)}]"
            )
        return self._scaled(number)

    def _scaled(self, number: float) -> float:
        return math.floor(number * self._factor + 0.5) / self._factor

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return self._scaled(float(query_number(value)))

    def bound(
        self,
        value: Json,
        *,
        round_up: bool,
        format: str | None = None,
        time_zone: str | None = None,
        now_millis: int = 0,
    ) -> IndexValue:
        scaled = float(query_number(value)) * self._factor
        return (math.floor(scaled) if round_up else math.ceil(scaled)) / self._factor


def shortest_float32(value: float) -> float:
    """The double with the fewest digits that is still this 32-bit float: 0.10000000149011612 shows as 0.1."""
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if to_float32(short) == value:
            return short
    return value


def _scaling_factor(value: Any) -> float:
    factor = float(value) if isinstance(value, (int, float)) else java_double(java_text(value))
    if not math.isfinite(factor) or factor <= 0:
        raise IllegalArgumentException(f"[scaling_factor] must be a positive number, got [{java_double_text(factor)}]")
    return factor


def whole_term(value: Json) -> int | float:
    """A query's whole number; a fraction stays one, and no document has it.

    The number may be out of the type's range, and is found nowhere then.
    """
    number = query_number(value)
    return int(number) if number == int(number) else float(number)


def whole_bound(value: Json, round_up: bool) -> int:
    """`gte 2.5` and `lt 2.5` mean 3, `gt 2.5` and `lte 2.5` mean 2."""
    number = query_number(value)
    return math.floor(number) if round_up else math.ceil(number)


def query_number(value: Json) -> int | float:
    """A query's number: whole numbers keep every digit. Raises NumberFormatException for other texts."""
    number: int | float
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
    else:
        text = java_text(value)
        try:
            return int(text)
        except ValueError:
            number = java_double(text)
    if not math.isfinite(number):
        raise IllegalArgumentException(f'For input string: "{java_double_text(number)}"')
    return number
