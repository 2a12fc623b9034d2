"""Says what is wrong with bytes that are no JSON, in the words and positions of OpenSearch's parser (Jackson).

The fast decoder only tells that it failed; this slow scanner walks the text again to tell where and why.
"""

from __future__ import annotations

import re
from json import JSONDecoder

from ragstone.core.errors import (
    IllegalArgumentException,
    JavaException,
    JsonEOFException,
    JsonParseException,
    NotXContentException,
)

MAX_DEPTH = 1000
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_WORD = re.compile(r"[A-Za-z0-9_$]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACE = re.compile(r"[ \t\r\n]*")
_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "


class _Fault(Exception):
    def __init__(self, offset: int, reason: str, *, cut: bool = False) -> None:
        self.offset = offset
        self.reason = reason
        self.cut = cut


def diagnose(data: bytes) -> JavaException:
    """The error for `data`, which does not decode: JsonParseException, JsonEOFException when it is cut off,
    IllegalArgumentException when a second value follows the first."""
    text = data.decode("utf-8", "replace")
    try:
        end = _space(text, _value(text, _space(text, 0), 0))
        if end < len(text):
            if text[end] in "{[":
                kind = "OBJECT" if text[end] == "{" else "ARRAY"
                return IllegalArgumentException(f"Malformed content, found extra data after parsing: START_{kind}")
            _value(text, end, 0)
        if not text.strip():
            raise _Fault(len(text), "Unexpected end-of-input", cut=True)
    except _Fault as fault:
        reason = f"{fault.reason}\n at {_at(text, fault.offset)}"
        return JsonEOFException(reason) if fault.cut else JsonParseException(reason)
    except RecursionError:
        return too_deep()
    return JsonParseException(f"Invalid UTF-8 or number\n at {_at(text, 0)}")


def duplicate_field(data: bytes) -> JsonParseException | None:
    """The error for well-formed JSON in which an object has the same name twice; None when there is no such object."""
    text = data.decode("utf-8", "replace")
    try:
        _value(text, _space(text, 0), 0)
    except _Fault as fault:
        return JsonParseException(f"{fault.reason}\n at {_at(text, fault.offset)}")
    return None


def too_deep() -> JsonParseException:
    return JsonParseException(
        f"Document nesting depth ({MAX_DEPTH + 1}) exceeds the maximum allowed ({MAX_DEPTH}, from "
        "`StreamReadConstraints.getMaxNestingDepth()`)"
    )


def not_json_at_all() -> NotXContentException:
    """What a document is told that does not even begin like an object."""
    return NotXContentException(
        "Compressor detection can only be called on some xcontent bytes or compressed xcontent bytes"
    )


def _at(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"{_SOURCE}line: {line}, column: {column}]"


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int, depth: int) -> int:
    """Offset after the value that begins at `at`."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if at >= len(text):
        raise _Fault(at, "Unexpected end-of-input", cut=True)
    first = text[at]
    if first == "{":
        return _object(text, at, depth)
    if first == "[":
        return _array(text, at, depth)
    if first == '"':
        return _string(text, at, "VALUE_STRING")
    if first.isdigit() or first == "-":
        return _number(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise _Fault(at, f"Unexpected character {_shown(first)}: expected a valid value {_VALUES}")
    if word[0] not in ("null", "true", "false"):
        raise _Fault(word.end(), f"Unrecognized token '{word[0]}': was expecting {_VALUES}")
    return word.end()


def _object(text: str, at: int, depth: int) -> int:
    start, at = at, _space(text, at + 1)
    names: set[str] = set()
    if text[at : at + 1] == "}":
        return at + 1
    while True:
        if at >= len(text):
            raise _unclosed(text, start, "Object")
        if text[at] != '"':
            raise _Fault(at, f"Unexpected character {_shown(text[at])}: was expecting double-quote to start field name")
        end = _string(text, at, "field name")
        name = text[at + 1 : end - 1]
        if name in names:
            raise _Fault(end, f"Duplicate field '{name}'")
        names.add(name)
        at = _space(text, end)
        if at < len(text) and text[at] != ":":
            wanted = "was expecting a colon to separate field name and value"
            raise _Fault(at, f"Unexpected character {_shown(text[at])}: {wanted}")
        at = _space(text, at + 1)
        if at >= len(text):
            raise _Fault(len(text), "Unexpected end-of-input within/between Object entries", cut=True)
        at = _space(text, _value(text, at, depth + 1))
        if at >= len(text):
            raise _unclosed(text, start, "Object")
        if text[at] == "}":
            return at + 1
        if text[at] != ",":
            wanted = "was expecting comma to separate Object entries"
            raise _Fault(at, f"Unexpected character {_shown(text[at])}: {wanted}")
        at = _space(text, at + 1)
        if at >= len(text):
            raise _Fault(len(text), "Unexpected end-of-input within/between Object entries", cut=True)


def _array(text: str, at: int, depth: int) -> int:
    start, at = at, _space(text, at + 1)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        if at >= len(text):
            raise _unclosed(text, start, "Array")
        at = _space(text, _value(text, at, depth + 1))
        if at >= len(text):
            raise _unclosed(text, start, "Array")
        if text[at] == "]":
            return at + 1
        if text[at] != ",":
            wanted = "was expecting comma to separate Array entries"
            raise _Fault(at, f"Unexpected character {_shown(text[at])}: {wanted}")
        at = _space(text, at + 1)
        if at >= len(text):
            raise _Fault(len(text), "Unexpected end-of-input within/between Array entries", cut=True)


def _unclosed(text: str, start: int, kind: str) -> _Fault:
    where = _at(text, start)
    reason = f"Unexpected end-of-input: expected close marker for {kind} (start marker at {where})"
    return _Fault(len(text), reason, cut=True)


def _string(text: str, at: int, what: str) -> int:
    try:
        end: int = JSONDecoder().raw_decode(text, at)[1]
    except ValueError as error:
        offset = getattr(error, "pos", at)
        if "Unterminated" in str(error) or offset >= len(text):
            raise _Fault(len(text), f"Unexpected end-of-input in {what}", cut=True) from None
        if "control character" in str(error):
            code = f"CTRL-CHAR, code {ord(text[offset])}"
            wanted = "has to be escaped using backslash to be included in string value"
            raise _Fault(offset, f"Illegal unquoted character (({code})): {wanted}") from None
        raise _Fault(offset, f"Unrecognized character escape {_shown(text[min(offset, len(text) - 1)])}") from None
    return end


def _number(text: str, at: int) -> int:
    match = _NUMBER.match(text, at)
    if match is None:
        raise _Fault(at + 1, f"Unexpected character {_shown(text[at])}: no digit following minus sign")
    end = match.end()
    after = text[end : end + 1]
    if after and after not in " \t\r\n,]}":
        if match[0] in ("0", "-0") and after.isdigit():
            raise _Fault(end, "Invalid numeric value: Leading zeroes not allowed")
        raise _Fault(
            end,
            f"Unexpected character {_shown(after)}: Expected space separating root-level values"
            if _WORD.match(after) is None
            else f"Unexpected character {_shown(after)}: was expecting comma to separate entries",
        )
    return end


def _shown(character: str) -> str:
    code = ord(character)
    return f"((CTRL-CHAR, code {code}))" if code < 32 else f"('{character}' (code {code}))"
