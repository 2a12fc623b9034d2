"""Names of indices and aliases, and patterns of names: `*` stands for any text, everything else for itself."""

from __future__ import annotations

import re
from functools import lru_cache

_MAX_BYTES = 255
"""Longest name of an index or alias, in UTF-8."""
_FORBIDDEN = ' "*\\<|,>/?'
_FORBIDDEN_SHOWN = '[ , ", *, \\, <, |, ,, >, /, ?]'


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def matches(pattern: str, name: str) -> bool:
    """Whether `name` is what `pattern` describes; a pattern without `*` describes only itself."""
    return _compiled(pattern).fullmatch(name) is not None


def name_fault(name: str) -> str | None:
    """Why neither an index nor an alias may be called so, in OpenSearch's order of asking; None is fine."""
    if any(character in _FORBIDDEN for character in name):
        return f"must not contain the following characters {_FORBIDDEN_SHOWN}"
    if not name:
        return "must not be empty"
    for character in "#:":
        if character in name:
            return f"must not contain '{character}'"
    if name[0] in "_-+":
        return "must not start with '_', '-', or '+'"
    length = len(name.encode("utf-8", "surrogatepass"))
    if length > _MAX_BYTES:
        return f"index name is too long, ({length} > {_MAX_BYTES})"
    if name in (".", ".."):
        return "must not be '.' or '..'"
    return None
