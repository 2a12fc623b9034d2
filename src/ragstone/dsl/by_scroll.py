"""What `_delete_by_query`, `_update_by_query` and `_reindex` have in common: a search, and how to work on its hits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from ragstone.core.errors import IllegalArgumentException, NumberFormatException, ParsingException
from ragstone.core.xcontent import JsonObject, java_text, token
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.unsupported import unsupported

Conflicts = Literal["abort", "proceed"]
DEFAULT_SCROLL_SIZE = 1000


@dataclass(frozen=True, kw_only=True)
class ByScroll:
    """One request that works on all hits of a search, batch by batch."""

    search: SearchBody = field(default_factory=SearchBody)
    """Its `size` is the size of a batch."""
    conflicts: Conflicts = "abort"
    max_docs: int | None = None
    """At least 1."""
    refresh: bool = False

    @property
    def scroll_size(self) -> int:
        return self.search.size if self.search.size is not None else DEFAULT_SCROLL_SIZE

    def faults(self) -> list[str]:
        """What is wrong with the search, in OpenSearch's words; [] when nothing is."""
        search, faults = self.search, []
        if search.track_total_hits is False:
            faults.append("disabling [track_total_hits] is not allowed in a scroll context")
        if search.from_ is not None and search.from_ > 0:
            faults.append("using [from] is not allowed in a scroll context")
        if search.size == 0:
            faults.append("[size] cannot be [0] in a scroll context")
        if search.from_ is not None:
            faults.append("from is not supported in this context")
        if search.search_after is not None:
            # Differs: OpenSearch lets every shard fail.
            faults.append("search_after is not supported in this context")
        if search.stored_fields is not None:
            faults.append("stored_fields is not supported in this context")
        return faults


@dataclass(frozen=True)
class ByQueryBody:
    """The body of a by-query request, taken apart; `search` is what is left for the search."""

    search: JsonObject
    conflicts: Conflicts | None = None
    max_docs: int | None = None


def split_by_query(body: Any, *, script: bool) -> ByQueryBody:
    """Take a decoded body apart. `script`: the request may have one, which is refused by name.

    Raises ParsingException for what is no object, IllegalArgumentException.
    """
    if not isinstance(body, dict):
        raise ParsingException(f"Expected [START_OBJECT] but found [{token(body)}]")
    if script and body.get("script") is not None:
        raise IllegalArgumentException("updates with a [script] are not supported by Ragstone yet")
    refuse_slice(body)
    own = ("conflicts", "max_docs", "script") if script else ("conflicts", "max_docs")
    conflicts, limit = body.get("conflicts"), body.get("max_docs")
    # Differs: 400, where OpenSearch fails with a ClassCastException.
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, (int, float))):
        raise IllegalArgumentException(f"[max_docs] must be a number, but was [{java_text(limit)}]")
    return ByQueryBody(
        {key: value for key, value in body.items() if key not in own},
        None if conflicts is None else read_conflicts(java_text(conflicts)),
        None if limit is None else read_max_docs(int(limit)),
    )


def read_conflicts(text: str) -> Conflicts:
    """Raises IllegalArgumentException."""
    if text not in ("abort", "proceed"):
        raise IllegalArgumentException(f'conflicts may only be "proceed" or "abort" but was [{text}]')
    return cast(Conflicts, text)


def read_max_docs(number: int, slices: int = 1) -> int:
    """Raises IllegalArgumentException."""
    if number < 0:
        raise IllegalArgumentException(f"[max_docs] parameter cannot be negative, found [{number}]")
    if number < slices:
        raise IllegalArgumentException("[max_docs] should be >= [slices]")
    return number


def one_max_docs(body: int | None, parameter: int | None) -> int | None:
    """The limit that body and query string agree on. Raises IllegalArgumentException when they do not."""
    if body is not None and parameter is not None and body != parameter:
        raise IllegalArgumentException(f"[max_docs] set to two different values [{body}] and [{parameter}]")
    return parameter if body is None else body


def read_slices(text: str) -> int:
    """`auto` is one slice here, as for an index of one shard. Raises IllegalArgumentException."""
    if text == "auto":
        return 1
    cause = None
    try:
        if (number := int(text)) >= 1:
            return number
    except ValueError:
        cause = NumberFormatException.of(text)
    raise IllegalArgumentException(
        f'[slices] must be a positive integer or the string "auto", but was [{text}]', cause=cause
    )


def read_requests_per_second(text: str) -> float:
    """Infinity for `-1`. Raises IllegalArgumentException."""
    cause = None
    try:
        number = float(text)
    except ValueError:
        number, cause = math.nan, NumberFormatException.of(text)
    if number == -1:
        return math.inf
    if not number > 0:
        raise IllegalArgumentException(
            "[requests_per_second] must be a float greater than 0. Use -1 to disable throttling.", cause=cause
        )
    return number


def refuse_slice(body: JsonObject) -> None:
    """Half of the hits are not all of them. Raises IllegalArgumentException."""
    if body.get("slice"):
        raise unsupported("slice")
