"""Internet addresses."""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json import Json
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types, no_text
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

_MAPPED = 0xFFFF << 32
"""Where IPv4 lies among IPv6 addresses."""


@field_types.register("ip")
class IpField(FieldType):
    """IPv4 and IPv6. Index form: 32 hexadecimal digits of the IPv6 address, so that text order is address order."""

    wire_type = "ip"
    storage = "keyword"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        INDEX,
        DOC_VALUES,
        STORE,
        flag("skip_list", False, updatable=True),
        IGNORE_MALFORMED,
        any_value("null_value"),
        boost(),
        meta(),
    )

    def __init__(self, name: str, options: Any, context: MappingContext, **more: Any) -> None:
        super().__init__(name, options, context, **more)
        null = self.option("null_value")
        self.null_value: str | None = None if null is None else _digits(java_text(null))

    def parse(self, value: Json) -> IndexValue | None:
        if isinstance(value, (dict, list)):
            raise no_text(value)
        return self.null_value if value is None else _digits(java_text(value))

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        return _digits(java_text(value))

    def term_range(self, value: Json, *, now_millis: int = 0) -> tuple[IndexValue, IndexValue] | None:
        """A CIDR block, `10.0.0.0/8`."""
        text = java_text(value)
        if "/" not in text:
            return None
        address, _, length = text.partition("/")
        first = int(_digits(address), 16)
        v4 = ":" not in address
        longest = 32 if v4 else 128
        if not length.isdigit() or int(length) > longest:
            raise IllegalArgumentException(
                f"Illegal prefix length [{length}] in [{text}]. Must be 0-32 for IPv4 ranges, 0-128 for IPv6 ranges"
                if length.isdigit()
                else f"Expected [ip/prefix] but was [{text}]"
            )
        mask = (1 << (longest - int(length))) - 1
        return f"{first & ~mask:032x}", f"{first | mask:032x}"

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
        number = int(str(value), 16)
        return str(ipaddress.IPv4Address(number - _MAPPED) if number >> 32 == 0xFFFF else ipaddress.IPv6Address(number))


def _digits(text: str) -> str:
    """Raises IllegalArgumentException for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise IllegalArgumentException(f"'{text}' is not an IP string literal.") from None
    return f"{int(address) + (_MAPPED if address.version == 4 else 0):032x}"
