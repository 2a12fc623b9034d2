"""JSONPath as OpenSearch's library (Jayway's) answers it. The only importer of python-jsonpath.

A definite path (names and indices only) stands for one value and is an error where there is none. Any other path
stands for the list of all matches, which may be empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ragstone.core.errors import IllegalArgumentException, PathNotFoundException

if TYPE_CHECKING:  # loaded with the first path: every start would wait for it
    import jsonpath

# A bracket as a whole, or a name after one or two dots. Jayway takes any name there; our library keeps some for itself
# (`none`, `true`) and wants others in brackets (`x-y`).
_NAME = re.compile(
    r"""\[(?:[^\[\]'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[[^\[\]]*\])*\]|(?P<dots>\.{1,2})(?P<name>[^.\[\]\s*()|]+)"""
)


def read(path: str, data: Any) -> Any:
    """What `path` stands for in `data`.

    Raises PathNotFoundException (nothing there, with Jayway's text), IllegalArgumentException (no JSONPath).
    """
    compiled = _compile(path)
    matches = compiled.findall(data)
    steps = _steps(compiled)
    # A missing object on the way to an indefinite part is an error too: `$.data[*].x` needs `data`.
    _walk(steps, data, whole=len(steps) == len(compiled.segments))
    return matches[0] if len(steps) == len(compiled.segments) else matches


@lru_cache(maxsize=256)
def _compile(path: str) -> jsonpath.JSONPath:
    import jsonpath

    if not path.strip():
        raise IllegalArgumentException("Invalid JSONPath []: it is empty")
    rooted = path if path.lstrip().startswith(("$", "@")) else "$." + path.lstrip()
    try:
        compiled = jsonpath.compile(_NAME.sub(_bracketed, rooted))
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise IllegalArgumentException(f"Invalid JSONPath [{path}]: {str(error).splitlines()[0]}") from None
    if not isinstance(compiled, jsonpath.JSONPath):
        raise IllegalArgumentException(f"Invalid JSONPath [{path}]: only a single path is supported")
    return compiled


def _bracketed(found: re.Match[str]) -> str:
    if found["name"] is None:
        return found[0]
    name = found["name"].replace("\\", "\\\\").replace("'", "\\'")
    return ("..[" if found["dots"] == ".." else "[") + f"'{name}']"


def _steps(path: jsonpath.JSONPath) -> Sequence[str | int]:
    """The names and indices the path begins with."""
    from jsonpath.segments import JSONPathChildSegment
    from jsonpath.selectors import IndexSelector, NameSelector

    steps: list[str | int] = []
    for segment in path.segments:
        selectors = segment.selectors if isinstance(segment, JSONPathChildSegment) else ()
        match tuple(selectors):
            case (NameSelector(name=name),):
                steps.append(name)
            case (IndexSelector(index=index),):
                steps.append(index)
            case _:
                break
    return steps


def _walk(steps: Sequence[str | int], data: Any, *, whole: bool) -> None:
    """Raise Jayway's error for the first step that leads nowhere. `whole`: the steps are the whole path."""
    shown = "$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in steps)
    at = "$"
    for number, step in enumerate(steps):
        last = whole and number == len(steps) - 1
        if isinstance(step, str):
            if not isinstance(data, dict):
                raise PathNotFoundException(
                    f"Expected to find an object with property ['{step}'] in path {at} but found something else."
                )
            at += f"['{step}']"
            if step not in data:
                raise PathNotFoundException(
                    f"No results for path: {shown}" if last else f"Missing property in path {at}"
                )
            data = data[step]
        else:
            if not isinstance(data, list):
                raise PathNotFoundException(f"Filter: [{step}] can only be applied to arrays at path {at}.")
            at += f"[{step}]"
            if not -len(data) <= step < len(data):
                if not whole:
                    return
                raise PathNotFoundException(f"No results for path: {shown}")
            data = data[step]
