"""Patterns of names: `*` stands for any text, everything else for itself."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def matches(pattern: str, name: str) -> bool:
    """Whether `name` is what `pattern` describes; a pattern without `*` describes only itself."""
    return _compiled(pattern).fullmatch(name) is not None
