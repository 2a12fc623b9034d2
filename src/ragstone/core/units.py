"""OpenSearch's texts for times, sizes, booleans and integers, as they come in query strings and settings."""

from __future__ import annotations

import re

from ragstone.core.errors import IllegalArgumentException, NumberFormatException

_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WHOLE = re.compile(r"[+-]?\d+")
_FRACTION = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+)")
_SIZE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb|pb|k|m|g|t|p)$")
_BYTES = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}


def parse_time(text: str, name: str) -> float:
    """Seconds from `30s`, `1m`, `500ms`; `0` and `-1` need no unit, fractions are refused.

    Raises IllegalArgumentException, which names the setting or parameter `name` when the unit is missing.
    """
    normal = text.strip().lower()
    if normal in ("-1", "0"):
        return float(normal)
    unit = next((unit for unit in _SECONDS if normal.endswith(unit)), None)
    if unit is None:
        raise IllegalArgumentException(
            f"failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
        )
    number = normal.removesuffix(unit).strip()
    if _FRACTION.fullmatch(number):
        raise IllegalArgumentException(f"failed to parse [{text}], fractional time values are not supported")
    if not _WHOLE.fullmatch(number) or len(number) > 20 or abs(int(number)) >= 2**63:
        raise IllegalArgumentException(f"failed to parse [{text}]", cause=NumberFormatException.of(number))
    return int(number) * _SECONDS[unit]


def time_text(seconds: float) -> str:
    """`1d`, `2.5h`, `90ms`: the largest unit that the time has one of; of a fraction, one digit, cut off."""
    millis = round(seconds * 1000)
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if millis >= length:
            whole, tenths = divmod(millis * 10 // length, 10)
            return f"{whole}.{tenths}{unit}" if tenths else f"{whole}{unit}"
    return f"{millis}ms" if millis > 0 else f"{millis}"


def parse_size(text: str, name: str) -> int:
    """Bytes from `5gb`, `100mb`, `1k` (1024 each); `0` and `-1` need no unit."""
    normal = text.strip().lower()
    if normal in ("-1", "0"):
        return int(normal)
    match = _SIZE.match(normal)
    if match is None:
        raise IllegalArgumentException(
            f"failed to parse setting [{name}] with value [{text}] as a size in bytes: unit is missing or unrecognized"
        )
    return int(float(match[1]) * _BYTES[match[2][0]])


def parse_bool(text: str) -> bool:
    """`true`, `false`, and the empty text of a bare `?flag`, which is true."""
    if text in ("", "true"):
        return True
    if text == "false":
        return False
    raise IllegalArgumentException(f"Failed to parse value [{text}] as only [true] or [false] are allowed.")


def parse_int(text: str, name: str) -> int:
    """A 32-bit query parameter."""
    try:
        value = int(text)
    except ValueError:
        value = 2**31
    if not -(2**31) <= value < 2**31:
        raise IllegalArgumentException(
            f"Failed to parse int parameter [{name}] with value [{text}]", cause=NumberFormatException.of(text)
        )
    return value
