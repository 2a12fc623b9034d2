"""A model's `rate_limiter`: a token bucket that starts full."""

from __future__ import annotations

from typing import Any

from ragstone.core.clock import Clock
from ragstone.core.errors import IllegalArgumentException, ParseException, StatusException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields

_SECONDS = {
    "DAYS": 86_400.0,
    "HOURS": 3600.0,
    "MINUTES": 60.0,
    "SECONDS": 1.0,
    "MILLISECONDS": 1e-3,
    "MICROSECONDS": 1e-6,
    "NANOSECONDS": 1e-9,
}


def parse_rate_limiter(body: Any) -> JsonObject:
    """`{"limit": "<number>", "unit": "DAYS"}` as it is stored; either may be missing.

    Raises ParseException (limit), IllegalArgumentException (unit), ParsingException.
    """
    fields = Fields(body)
    limit, unit = fields.text("limit"), fields.text("unit")
    parsed: JsonObject = {}
    if limit is not None:
        try:
            positive = float(limit) > 0
        except ValueError:
            positive = False
        if not positive:
            raise ParseException("Limit field must be a positive number.")
        parsed["limit"] = limit
    if unit is not None:
        if unit not in _SECONDS:
            raise IllegalArgumentException(f"No enum constant java.util.concurrent.TimeUnit.{unit}")
        parsed["unit"] = unit
    return parsed


class RateLimiters:
    """One bucket per model, kept while its limit stays the same. A bucket holds the limit's number, at least 1."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, model_id: str, limiter: JsonObject | None) -> None:
        """Take one token. Raises StatusException 429 when there is none; does nothing without limit and unit."""
        if not limiter or "limit" not in limiter or "unit" not in limiter:
            return
        limit, unit = float(limiter["limit"]), str(limiter["unit"])
        now = self._clock.monotonic()
        bucket = self._buckets.get(model_id)
        if bucket is None or (bucket.limit, bucket.unit) != (limit, unit):
            bucket = self._buckets[model_id] = _Bucket(limit, unit, now)
        if not bucket.take(now):
            raise StatusException(429, "Request is throttled at model level.")

    def forget(self, model_id: str) -> None:
        self._buckets.pop(model_id, None)


class _Bucket:
    def __init__(self, limit: float, unit: str, now: float) -> None:
        self.limit = limit
        self.unit = unit
        self._capacity = max(1.0, limit)
        self._tokens = self._capacity
        self._filled = now

    def take(self, now: float) -> bool:
        grown = (now - self._filled) * self.limit / _SECONDS[self.unit]
        self._tokens, self._filled = min(self._capacity, self._tokens + grown), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
