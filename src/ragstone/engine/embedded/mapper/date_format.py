"""Date formats: from a text to epoch milliseconds and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from ragstone.core.errors import DateTimeParseException, IllegalArgumentException

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"

_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?"
    r"(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DateFormat:
    """One or more alternatives, `a||b`: the first that fits reads a text, the first prints."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    @classmethod
    def of(cls, pattern: str) -> DateFormat:
        return cls(pattern)

    def matches(self, text: str) -> bool:
        try:
            self.parse(text)
        except IllegalArgumentException:
            return False
        return True

    def parse(self, text: str, *, round_up: bool = False, zone: tzinfo = UTC) -> int:
        """Epoch milliseconds. What the text leaves open is the earliest or, with `round_up`, the latest it can be."""
        for name in self.pattern.split("||"):
            if name in ("epoch_millis", "epoch_second"):
                if re.fullmatch(r"-?\d+(\.\d+)?", text):
                    return int(float(text) * 1000) if name == "epoch_second" else int(float(text))
                continue
            found = _ISO.fullmatch(text)
            if found is not None:
                try:
                    return _iso(found, round_up, zone)
                except ValueError:
                    continue
        raise IllegalArgumentException(
            f"failed to parse date field [{text}] with format [{self.pattern}]",
            cause=DateTimeParseException("Failed to parse with all enclosed parsers"),
        )

    def format(self, millis: int) -> str:
        moment = _EPOCH + timedelta(milliseconds=millis)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"


def _iso(found: re.Match[str], round_up: bool, zone: tzinfo) -> int:
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if offset:
        zone = parse_zone(offset)
    moment = datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or (23 if round_up else 0)),
        int(minute or (59 if round_up else 0)),
        int(second or (59 if round_up else 0)),
        tzinfo=zone,
    )
    millis = int((fraction + "00")[:3]) if fraction else 999 if round_up else 0
    return (moment - _EPOCH) // timedelta(milliseconds=1) + millis


@lru_cache(256)
def parse_zone(text: str) -> tzinfo:
    """`Z`, `+01:00`, `+0100`, `+01`, or a region such as `Europe/Berlin`."""
    if text in ("Z", "UTC", "GMT"):
        return UTC
    if text[0] in "+-":
        digits = text[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return timezone(-offset if text[0] == "-" else offset)
    return ZoneInfo(text)
