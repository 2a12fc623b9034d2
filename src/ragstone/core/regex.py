"""Regular expressions of users: Java's read as Python's, and judged before they are run."""

from __future__ import annotations

import re

# A group that ends with a quantifier and is repeated itself, or a backreference: both may take exponential time. An
# optional group (`(:\d+)?`) is harmless, and common for ports.
_EXPLOSIVE = re.compile(r"\([^()]*[*+?}]\)[*+{]|\\[1-9]")


def may_explode(pattern: str) -> bool:
    """Whether matching may take exponential time. Python's `re` lets no other thread run meanwhile."""
    return _EXPLOSIVE.search(pattern) is not None


def java_pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern in Java's syntax, as far as Python's says the same. Raises `re.error`."""
    return re.compile(text.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"), flags)


def java_replacement(text: str) -> str:
    """Java's `$1` and `\\x` as Python's replacement syntax."""
    parts = re.split(r"\$(\d|\{\w+\})|\\(.)", text)
    out = []
    for position in range(0, len(parts), 3):
        out.append(parts[position].replace("\\", r"\\"))
        if position + 1 < len(parts):
            group, escaped = parts[position + 1], parts[position + 2]
            out.append(rf"\g<{group.strip('{}')}>" if group else escaped.replace("\\", r"\\"))
    return "".join(out)
