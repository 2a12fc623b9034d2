"""`_msearch`: NDJSON lines to searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ragstone.core.errors import ActionRequestValidationException, IllegalArgumentException
from ragstone.core.xcontent import as_bool, java_text

B = TypeVar("B")

_WITHOUT_EFFECT = frozenset(
    {
        "allow_partial_search_results",
        "cancel_after_time_interval",
        "ccs_minimize_roundtrips",
        "ignore_throttled",
        "max_concurrent_shard_requests",
        "preference",
        "request_cache",
        "requestCache",
        "routing",
    }
)


@dataclass(frozen=True)
class SearchItem(Generic[B]):
    """One search of several. None in the options means what the request's path and parameters say."""

    body: B
    index: str | None = None
    search_type: str | None = None
    ignore_unavailable: bool | None = None
    allow_no_indices: bool | None = None
    expand_wildcards: str | None = None


def parse_msearch(content: bytes, decode: Callable[[bytes], Any], read: Callable[[Any], B]) -> list[SearchItem[B]]:
    """Header and body lines in turn; `decode` is `Request.decode`, so that errors find their place. `read` takes a
    body, which is `{}` where the line is empty.

    Raises IllegalArgumentException, ActionRequestValidationException when there is nothing, and the errors of search
    bodies, for the whole request.
    """
    if not content.endswith(b"\n"):
        raise IllegalArgumentException("The msearch request must be terminated by a newline [\n]")
    lines = content.split(b"\n")[:-1]
    while lines and not lines[0].strip():
        lines.pop(0)
    items = []
    for position in range(0, len(lines) - 1, 2):
        header, body = (line.strip() for line in lines[position : position + 2])
        options = _header(decode(header)) if header else {}
        items.append(SearchItem(read(decode(body) if body else {}), **options))
    if not items:
        raise ActionRequestValidationException.of(["no requests added"])
    return items


def _header(header: Any) -> dict[str, Any]:
    if not isinstance(header, dict):
        raise IllegalArgumentException("The header of a search must be an object")
    options: dict[str, Any] = {}
    for key, value in header.items():
        if key in ("index", "indices"):
            options["index"] = _names(value)
        elif key in ("search_type", "searchType"):
            options["search_type"] = java_text(value)
        elif key in ("ignore_unavailable", "ignoreUnavailable"):
            options["ignore_unavailable"] = as_bool(value)
        elif key in ("allow_no_indices", "allowNoIndices"):
            options["allow_no_indices"] = as_bool(value)
        elif key in ("expand_wildcards", "expandWildcards"):
            options["expand_wildcards"] = _names(value)
        elif key not in _WITHOUT_EFFECT:
            raise IllegalArgumentException(f"key [{key}] is not supported in the metadata section")
    return options


def _names(value: Any) -> str:
    return ",".join(java_text(name) for name in value) if isinstance(value, list) else java_text(value)
