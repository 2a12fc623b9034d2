"""What the caller sees of indices, for services that read documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from ragstone.core.caller import NamedIndex, subject
from ragstone.core.xcontent import JsonObject
from ragstone.engine.values import IndexMetadata
from ragstone.engine.visibility import FieldFilter, Views, Visibility, visibility

_ALL: Final[Views] = MappingProxyType({})


def views_of(indices: Iterable[IndexMetadata]) -> Views:
    """The views through which the caller sees these indices; nothing for those that are wholly visible."""
    who = subject.get()
    if who is None:
        return _ALL
    found = ((index.name, who.view(NamedIndex(index.name, tuple(index.aliases)))) for index in indices)
    views = {name: visibility(view) for name, view in found if view is not None}
    return {name: view for name, view in views.items() if not view.is_whole}


def shown(index: IndexMetadata) -> IndexMetadata:
    """An index whose mapping has only those fields that the caller sees, if only masked."""
    view = view_of(index)
    if view is None or view.fields is None or "properties" not in index.mappings:
        return index
    properties = _shown(index.mappings["properties"], "", view.fields)
    return replace(index, mappings={**index.mappings, "properties": properties})


def _shown(properties: JsonObject, prefix: str, fields: FieldFilter) -> JsonObject:
    kept: JsonObject = {}
    for name, definition in properties.items():
        path = prefix + name
        if definition.get("type", "object") in ("object", "nested"):
            if fields.opens(path):
                kept[name] = definition
                if "properties" in definition:
                    kept[name] = {**definition, "properties": _shown(definition["properties"], f"{path}.", fields)}
        elif fields.shows(definition["path"] if definition["type"] == "alias" else path):
            kept[name] = definition
            if "fields" in definition:
                below = definition["fields"]
                visible = {sub: below[sub] for sub in below if fields.shows_sub_field(f"{path}.{sub}", path)}
                kept[name] = {**definition, "fields": visible}
    return kept


def view_of(index: IndexMetadata) -> Visibility | None:
    """The same for one; None: all of it is visible."""
    return views_of([index]).get(index.name)


__all__ = ["shown", "view_of", "views_of"]
