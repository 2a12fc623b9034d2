"""`rank_constant` of reciprocal rank fusion."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject

DEFAULT_RANK_CONSTANT = 60
_LEAST, _MOST = 1, 10_000


def read_rank_constant(given: JsonObject) -> int:
    """A whole number from 1 to 10000, or its text; 60 where there is none. Raises IllegalArgumentException."""
    value = given.get("rank_constant", DEFAULT_RANK_CONSTANT)
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        constant = int(value)
    except (ValueError, TypeError):
        raise IllegalArgumentException("parameter [rank_constant] must be an integer") from None
    if not _LEAST <= constant <= _MOST:
        raise IllegalArgumentException(
            f"rank constant must be in the interval between {_LEAST} and {_MOST}, submitted rank constant: {constant}"
        )
    return constant
