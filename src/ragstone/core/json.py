"""JSON in and out: msgspec decodes, orjson encodes. The only importers of either.

Documents travel as the bytes they came in: `Raw` embeds stored bytes in a response without parsing them.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import orjson

from ragstone.core.errors import (
    IllegalArgumentException,
    JavaException,
    JsonEOFException,
    JsonParseException,
    NotXContentException,
)

Json = Any
JsonObject = dict[str, Any]

_decoder = msgspec.json.Decoder()
_BYTE = re.compile(r"\(byte (\d+)\)")


def Raw(data: bytes) -> orjson.Fragment:
    """Already encoded JSON, to be embedded as it is."""
    return orjson.Fragment(data)


def encode(value: Any, *, pretty: bool = False) -> bytes:
    """Compact JSON, or OpenSearch's pretty form (two spaces, `"key" : value`, final newline).

    Keys must be str. Floats are written in their shortest form; numpy scalars and arrays are accepted.
    """
    compact = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    if not pretty:
        return compact
    return _pretty(orjson.loads(compact), 0).encode() + b"\n"


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

    Raises NotXContentException (not JSON at all), JsonEOFException (cut off), JsonParseException (wrong at some
    byte), IllegalArgumentException (something after the value).
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(data if isinstance(data, bytes) else data.encode(), error) from None


def malformed(data: bytes, error: Exception) -> JavaException:
    """OpenSearch's error for bytes that are no JSON: its type by what went wrong, its text with line and column."""
    text = str(error)
    if isinstance(error, RecursionError) or "recursion" in text.lower():
        return JsonParseException("Document nesting depth exceeds the maximum allowed (1000)")
    stripped = data.lstrip()
    if not stripped or stripped[:1] not in b'{["-0123456789tfn':
        return NotXContentException(
            "Compressor detection can only be called on some xcontent bytes or compressed xcontent bytes"
        )
    found = _BYTE.search(text)
    at = min(int(found[1]), len(data)) if found else len(data)
    line = data.count(b"\n", 0, at) + 1
    column = at - (data.rfind(b"\n", 0, at) + 1) + 1
    where = " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
    where += f"line: {line}, column: {column}]"
    if "truncated" in text:
        return JsonEOFException("Unexpected end-of-input" + where)
    if "trailing characters" in text:
        return IllegalArgumentException("Malformed content, found extra data after parsing: START_OBJECT")
    return JsonParseException("Unexpected character or token" + where)
