"""The body of `_termvectors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ragstone.core.errors import ParseException
from ragstone.core.xcontent import as_bool, java_text, token
from ragstone.dsl.unsupported import unsupported

_FLAGS = ("offsets", "positions", "payloads", "term_statistics", "field_statistics")
_UNSUPPORTED = ("doc", "filter", "per_field_analyzer")


@dataclass(frozen=True)
class TermVectorsRequest:
    """Which terms of a document are told, and what of them."""

    fields: Sequence[str] = ()
    """Names and patterns; none means fields whose mapping keeps term vectors."""
    offsets: bool = True
    positions: bool = True
    term_statistics: bool = False
    field_statistics: bool = True
    realtime: bool = True

    @classmethod
    def parse(cls, body: Any, given: TermVectorsRequest) -> TermVectorsRequest:
        """From a decoded body, over what the query string says.

        Raises ParseException for what is unknown, IllegalArgumentException for what is not supported.
        """
        if not isinstance(body, dict):
            raise ParseException(f"failed to parse term vectors request. expected an object but found [{token(body)}]")
        wanted: dict[str, Any] = {}
        for key, value in body.items():
            if key == "fields" and isinstance(value, list):
                wanted["fields"] = tuple(map(java_text, value))
            elif key in _FLAGS:
                wanted[key] = as_bool(value)
            elif key in _UNSUPPORTED:
                raise unsupported(f"{key} of _termvectors")
            elif key not in ("routing", "_routing", "version", "version_type"):
                raise ParseException(f"failed to parse term vectors request. unknown field [{key}]")
        wanted.pop("payloads", None)  # there are none to show
        return replace(given, **wanted)
