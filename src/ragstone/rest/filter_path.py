"""`filter_path`: which parts of an answer the client wants.

A filter is names joined by dots; a name may hold `*`, `**` stands for any number of names, `\\.` is a dot inside a
name, a leading `-` takes away instead of keeping. Lists are transparent: a filter goes on inside their items.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ragstone.core.names import matches

_NOTHING = object()
_SEPARATOR = re.compile(r"(?<!\\)\.")

Filter = tuple[str, ...]
"""One pattern per name."""
_ANY_DEPTH = "**"


def apply(value: Any, filters: str) -> Any:
    """The filtered copy of a JSON value. Nothing left of an object is `{}`, of a list `[]`."""
    parts = [part.strip() for part in filters.split(",")]
    kept = [_compile(part) for part in parts if part and not part.startswith("-")]
    dropped = [_compile(part[1:]) for part in parts if part.startswith("-") and len(part) > 1]
    for wanted, keep in ((kept, True), (dropped, False)):
        if wanted and isinstance(value, (dict, list)):
            result = _filter(value, wanted, keep)
            value = type(value)() if result is _NOTHING else result
    return value


def _compile(text: str) -> Filter:
    names = [name.replace("\\.", ".") for name in _SEPARATOR.split(text)]
    return tuple(name for at, name in enumerate(names) if name != _ANY_DEPTH or names[at - 1 : at] != [name])


def _filter(value: Any, filters: Sequence[Filter], keep: bool) -> Any:
    """What is left of a value that no filter has named whole yet.

    Containers that were only passed through disappear when nothing inside them is left; scalars in the way of a
    longer filter are kept only by exclusion.
    """
    if isinstance(value, dict):
        result = {}
        for name, child in value.items():
            # Each once: what remains of a filter is one of its tails, however often it holds `**`.
            longer = list(dict.fromkeys(rest for f in filters for rest in _step(f, name)))
            if any(_complete(rest) for rest in longer):
                left = child if keep else _NOTHING
            elif longer:
                left = _filter(child, longer, keep)
            else:
                left = _NOTHING if keep else child
            if left is not _NOTHING:
                result[name] = left
        return result or _NOTHING
    if isinstance(value, list):
        items = [left for item in value if (left := _filter(item, filters, keep)) is not _NOTHING]
        return items or _NOTHING
    return _NOTHING if keep else value


def _step(pattern: Filter, name: str) -> list[Filter]:
    """What remains of a filter below `name`; () means it has named it."""
    if not pattern:
        return []
    first, rest = pattern[0], pattern[1:]
    if first == _ANY_DEPTH:
        return [pattern, *_step(rest, name)]
    return [rest] if matches(first, name) else []


def _complete(rest: Filter) -> bool:
    return all(name == _ANY_DEPTH for name in rest)
