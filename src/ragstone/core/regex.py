"""Regular expressions of users, judged before they are run."""

from __future__ import annotations

import re

# A group that ends with a quantifier and is repeated itself, or a backreference: both may take exponential time. An
# optional group (`(:\d+)?`) is harmless, and common for ports.
_EXPLOSIVE = re.compile(r"\([^()]*[*+?}]\)[*+{]|\\[1-9]")


def may_explode(pattern: str) -> bool:
    """Whether matching may take exponential time. Python's `re` lets no other thread run meanwhile."""
    return _EXPLOSIVE.search(pattern) is not None
