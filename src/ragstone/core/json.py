"""JSON in and out: msgspec decodes, orjson encodes. The only importers of either.

Documents travel as the bytes they came in: `Raw` embeds stored bytes in a response without parsing them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import orjson

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.json_diagnosis import diagnose, duplicate_field, too_deep

Json = Any
JsonObject = dict[str, Any]
T = TypeVar("T")

Unparsed = msgspec.Raw
"""The type of a member that `reader` leaves as it is written: `bytes(value)` is its JSON."""

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"[ \t\r\n]*(:)?')
"""A text, and the colon that makes it a name."""
_decoder = msgspec.json.Decoder()


def Raw(data: bytes) -> orjson.Fragment:
    """Already encoded JSON, to be embedded as it is."""
    return orjson.Fragment(data)


def encode(value: Any, *, pretty: bool = False) -> bytes:
    """Compact JSON, or OpenSearch's pretty form (two spaces, `"key" : value`, final newline).

    Keys must be str. Floats are written in their shortest form; numpy scalars and arrays are accepted.
    Raises IllegalArgumentException for what is nested more than 254 levels deep.
    """
    try:
        compact = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        if "Recursion" in str(error):
            raise IllegalArgumentException("JSON that is nested more than 254 levels deep can not be kept") from None
        if "64-bit" not in str(error):
            raise
        compact = orjson.dumps(_with_long_numbers(value), option=_OPTIONS)
    if not pretty:
        return compact
    return _pretty(orjson.loads(compact), 0).encode() + b"\n"


def canonical(value: Any) -> bytes:
    """Compact JSON with the names of every object in order: equal values give equal bytes.

    Raises IllegalArgumentException as `encode` does.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # What orjson refuses is rare; `encode` knows which of it can be written.
        return encode(_in_order(value))


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _with_long_numbers(value: Any) -> Any:
    """The value with every whole number beyond 64 bits, which orjson refuses, as ready JSON."""
    if isinstance(value, dict):
        return {key: _with_long_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_long_numbers(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return Raw(str(value).encode())
    return value


def _pretty(value: Any, depth: int) -> str:
    # OpenSearch (Jackson) writes a space before the colon, keeps empty containers on one line as `{ }` and `[ ]`,
    # and puts arrays' items on lines of their own.
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        if not value:
            return "{ }"
        items = (f"{pad}{orjson.dumps(k).decode()} : {_pretty(v, depth + 1)}" for k, v in value.items())
        return "{\n" + ",\n".join(items) + f"\n{end}}}"
    if isinstance(value, list):
        if not value:
            return "[ ]"
        return "[\n" + ",\n".join(f"{pad}{_pretty(v, depth + 1)}" for v in value) + f"\n{end}]"
    return orjson.dumps(value).decode()


def decode(data: bytes | str) -> Json:
    """Any JSON value. Whole numbers keep every digit.

    Raises JsonEOFException (cut off), JsonParseException (wrong at some place), IllegalArgumentException (a second
    value after the first).
    """
    try:
        return _decoder.decode(data)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise diagnose(data if isinstance(data, bytes) else data.encode()) from None


def reader(shape: type[T]) -> Callable[[bytes], T]:
    """Decodes JSON of a known shape, a TypedDict for example; members that it does not name are passed over.

    Raises as `decode`, and IllegalArgumentException for another shape.
    """
    decoder = msgspec.json.Decoder(shape)

    def read(data: bytes) -> T:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError as error:
            raise IllegalArgumentException(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise diagnose(data) from None

    return read


def decode_strict(data: bytes) -> Json:
    """As `decode`, but a name that an object has twice is an error too, as it is to OpenSearch's parser.

    Counts names in the value and in the text, which costs about as much as decoding; only when the numbers differ does
    the slow scanner look closer.
    """
    value = decode(data)
    names = _count_names(value)
    if data.count(b'":') != names and sum(map(bool, _STRING.findall(data))) != names:
        fault = duplicate_field(data)
        if fault is not None:
            raise fault
    return value


def _count_names(value: Json) -> int:
    """Names in all objects, except those in lists that begin with a number: vectors are long, and have none."""
    count = 0
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            count += len(current)
            pending += current.values()
        elif isinstance(current, list) and current and not isinstance(current[0], (int, float)):
            pending += current
    return count
