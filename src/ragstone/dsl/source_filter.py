"""`_source`: which parts of a document are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ragstone.core import json
from ragstone.core.errors import ParsingException
from ragstone.core.xcontent import JsonObject, Place, token

_INCLUDES = ("includes", "include")
_EXCLUDES = ("excludes", "exclude")


@dataclass(frozen=True)
class SourceFilter:
    """`_source`: whether at all, and which paths (wildcards allowed). Excludes win."""

    enabled: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


def parse_source_filter(value: Any) -> SourceFilter:
    """From `_source`: a boolean, a path, a list of paths, or an object of `includes` and `excludes` (or singular).

    Raises ParsingException.
    """
    if isinstance(value, bool):
        return SourceFilter(enabled=value)
    if isinstance(value, str):
        return SourceFilter(includes=(value,))
    if isinstance(value, list):
        return SourceFilter(includes=_paths(value))
    if not isinstance(value, dict):
        raise ParsingException(
            f"Expected one of [VALUE_BOOLEAN, VALUE_STRING, START_ARRAY, START_OBJECT] but found [{token(value)}]"
        )
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    for key, given in value.items():
        if key in _INCLUDES + _EXCLUDES:
            paths = _texts(key, value)
        if key in _INCLUDES:
            includes = paths
        elif key in _EXCLUDES:
            excludes = paths
        else:
            raise ParsingException(f"Unknown key for a {token(given)} in [{key}].", place=Place(value, key, "value"))
    return SourceFilter(includes=includes, excludes=excludes)


def _texts(key: str, filters: JsonObject) -> tuple[str, ...]:
    """Paths below `includes` or `excludes`, where nothing but texts will do."""
    given = filters[key]
    places = [Place(given, position, "value") for position in range(len(given))] if isinstance(given, list) else []
    paths = given if isinstance(given, list) else [given]
    for path, place in zip(paths, places or [Place(filters, key, "value")], strict=False):
        if not isinstance(path, str):
            raise ParsingException(f"Unknown key for a {token(path)} in [{key}].", place=place)
    return tuple(paths)


def _paths(values: list[Any]) -> tuple[str, ...]:
    for position, value in enumerate(values):
        if isinstance(value, (dict, list)) or value is None:
            raise ParsingException(
                f"Unknown key for a {token(value)} in [_source].", place=Place(values, position, "value")
            )
    return tuple(str(value) for value in values)


def source_filter_from_query(query: Mapping[str, str]) -> SourceFilter | None:
    """From `_source`, `_source_includes` and `_source_excludes` of a query string (singular forms too); None when
    nothing is said."""
    whole = query.get("_source")
    includes = query.get("_source_includes", query.get("_source_include"))
    excludes = query.get("_source_excludes", query.get("_source_exclude"))
    if whole is None and includes is None and excludes is None:
        return None
    named: tuple[str, ...] = ()
    if whole not in ("true", "false", ""):
        named = tuple(part for part in (whole or "").split(",") if part)
    more = tuple(part for part in (includes or "").split(",") if part)
    less = tuple(part for part in (excludes or "").split(",") if part)
    return SourceFilter(enabled=whole != "false", includes=named + more, excludes=less)


def filter_source(source: bytes, wanted: SourceFilter | None) -> bytes:
    """The document with only the wanted parts; the very bytes when nothing is to be left out."""
    if wanted is None or not (wanted.includes or wanted.excludes):
        return source
    return json.encode(filter_tree(json.decode(source), wanted))


def filter_tree(tree: JsonObject, wanted: SourceFilter) -> JsonObject:
    """The same over a decoded document.

    An included path brings everything below it. An object left without members is kept when it was included itself,
    and dropped when only something below it might have been.
    """
    includes, excludes = _matcher(wanted.includes), _matcher(wanted.excludes)
    return _object(tree, "", includes is None, includes, excludes)


def _object(
    tree: JsonObject,
    prefix: str,
    inside: bool,
    includes: re.Pattern[str] | None,
    excludes: re.Pattern[str] | None,
) -> JsonObject:
    result: JsonObject = {}
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if excludes is not None and excludes.fullmatch(path):
            continue
        included = inside or (includes is not None and includes.fullmatch(path) is not None)
        if isinstance(value, dict):
            below = _object(value, path + ".", included, includes, excludes)
            if below or included:
                result[key] = below
        elif isinstance(value, list):
            kept = _list(value, path, included, includes, excludes)
            if kept or included:
                result[key] = kept
        elif included:
            result[key] = value
    return result


def _list(
    values: list[Any],
    path: str,
    included: bool,
    includes: re.Pattern[str] | None,
    excludes: re.Pattern[str] | None,
) -> list[Any]:
    result: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            below = _object(value, path + ".", included, includes, excludes)
            if below or included:
                result.append(below)
        elif isinstance(value, list):
            inner = _list(value, path, included, includes, excludes)
            if inner or included:
                result.append(inner)
        elif included:
            result.append(value)
    return result


@lru_cache(maxsize=256)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """`*` stands for any text, dots included; a path means everything below it too, also inside a dotted key."""
    if not patterns:
        return None
    whole = "|".join(".*".join(re.escape(part) for part in pattern.split("*")) for pattern in patterns)
    return re.compile(rf"(?:{whole})(?:\..*)?", re.DOTALL)
