"""`_resolve/index`: which indices and aliases an expression names. Pure: works on a `Metadata` snapshot."""

from __future__ import annotations

from dataclasses import replace

from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.resolver import IndicesOptions, resolve


def resolved_names(metadata: Metadata, expression: str, options: IndicesOptions) -> JsonObject:
    """The answer of `_resolve/index`. Names that are not there are passed over; an alias stands for itself."""
    lenient = replace(options, ignore_unavailable=True, forbid_closed=False, allow_aliases=False)
    found = [one.index for one in resolve(metadata, expression, lenient)]
    aliases = {alias for index in metadata.indices.values() for alias in index.aliases if _names(expression, alias)}
    return {
        "indices": [_index(index) for index in sorted(found, key=lambda index: index.name)],
        "aliases": [{"name": alias, "indices": _holders(metadata, alias)} for alias in sorted(aliases)],
        "data_streams": [],
    }


def _names(expression: str, alias: str) -> bool:
    named = False
    for part in expression.split(","):
        if part.startswith("-"):
            named = named and not matches(part[1:], alias)
        else:
            named = named or part == "_all" or matches(part, alias)
    return named


def _holders(metadata: Metadata, alias: str) -> list[str]:
    return sorted(index.name for index in metadata.indices.values() if alias in index.aliases)


def _index(index: IndexMetadata) -> JsonObject:
    attributes = ["open" if index.open else "closed", *(["hidden"] if index.hidden else [])]
    aliases = {"aliases": sorted(index.aliases)} if index.aliases else {}
    return {"name": index.name, **aliases, "attributes": sorted(attributes)}
