"""`convert`: a value to another type."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.xcontent import java_text
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.ingest.processors.base import DocumentProcessor
from ragstone.pipelines.processor import ProcessorServices, ingest_processors


@ingest_processors.register("convert")
@dataclass(frozen=True)
class ConvertProcessor(DocumentProcessor):
    """Lists are converted member by member."""

    field: str
    target: str
    type: str
    ignore_missing: bool

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        field = config.string("field")
        type = config.string("type")
        target = config.target(field)
        if type.lower() not in _CONVERTERS:
            raise config.fault(f"type [{type}] not supported, cannot convert field.", "type")
        return cls(field, target, type.lower(), config.boolean("ignore_missing"))

    def process(self, document: IngestDocument) -> None:
        value = document.get_or_none(self.field, ignore_missing=self.ignore_missing)
        if value is None:
            if self.ignore_missing:
                return
            raise IllegalArgumentException(f"Field [{self.field}] is null, cannot be converted to type [{self.type}]")
        convert = _CONVERTERS[self.type]
        document.set(self.target, [convert(member) for member in value] if isinstance(value, list) else convert(value))


def _whole(name: str, bits: int) -> Callable[[Any], int]:
    limit = 2 ** (bits - 1)

    def convert(value: Any) -> int:
        text = java_text(value)
        hexadecimal = text.removeprefix("-").startswith("0x")
        # Python's int() allows blanks and underscores, Java's parser does not.
        if hexadecimal or text.removeprefix("-").removeprefix("+").isdecimal():
            try:
                number = int(text, 16 if hexadecimal else 10)
            except ValueError:
                number = limit
            if -limit <= number < limit:
                return number
        raise IllegalArgumentException(f"unable to convert [{text}] to {name}", cause=NumberFormatException.of(text))

    return convert


def _fraction(name: str) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        text = java_text(value)
        try:
            number = float(text)
        except ValueError:
            number = float("inf")
        if number in (float("inf"), float("-inf")) or number != number:
            raise IllegalArgumentException(
                f"unable to convert [{text}] to {name}", cause=NumberFormatException.of(text)
            )
        return number

    return convert


def _boolean(value: Any) -> bool:
    text = java_text(value)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise IllegalArgumentException(f"[{text}] is not a boolean value, cannot convert to boolean")


def _ip(value: Any) -> Any:
    try:
        ipaddress.ip_address(java_text(value))
    except ValueError:
        raise IllegalArgumentException(f"[{java_text(value)}] is not a valid ipv4/ipv6 address") from None
    return value


def _auto(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for convert in (_boolean, _whole("long", 64), _fraction("double")):
        try:
            return convert(value)
        except IllegalArgumentException:
            continue
    return value


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "integer": _whole("integer", 32),
    "long": _whole("long", 64),
    "float": _fraction("float"),
    "double": _fraction("double"),
    "boolean": _boolean,
    "string": java_text,
    "ip": _ip,
    "auto": _auto,
}
