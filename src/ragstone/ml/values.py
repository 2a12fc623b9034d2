"""How a parameter's JSON value becomes text: in a stored connector, in a URL, a header or a payload."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ragstone.core import json
from ragstone.core.errors import JavaException


def text_of(value: Any) -> str:
    """A text is itself; anything else its compact JSON (`null`, `5`, `[1,null]`), floats as Java prints them."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _java_double(value)
    return json.encode(value).decode()


def escaped(text: str) -> str:
    """The inside of a JSON string that reads as `text`."""
    return json.encode(text)[1:-1].decode()


def is_json_tree(text: str) -> bool:
    """Whether a text reads as a JSON object or array."""
    return text.lstrip()[:1] in ("{", "[") and is_json(text)


def is_json(text: str) -> bool:
    try:
        json.decode(text)
    except JavaException:
        return False
    return True


def _java_double(value: float) -> str:
    # Double.toString: plain from 1e-3 up to 1e7, else one digit before the point and an exponent.
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    parts = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, parts.digits))
    exponent = len(digits) - 1 + int(parts.exponent)
    return f"{'-' if parts.sign else ''}{digits[0]}.{digits[1:] or '0'}E{exponent}"
