"""Several templates and a request as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.index_settings import SettingValue
from ragstone.indices.templates.model import Template


@dataclass(frozen=True)
class Composed:
    """What templates say of a new index, before the request for it has been heard."""

    settings: Mapping[str, SettingValue | None] = field(default_factory=dict)
    mappings: Sequence[JsonObject] = ()
    """Weakest first."""
    aliases: Mapping[str, JsonObject] = field(default_factory=dict)
    legacy: bool = False

    def with_mappings(self, requested: JsonObject) -> JsonObject:
        """The mapping of an index that is requested so.

        Composable templates are merged as mappings are: objects grow together, a field is as its last definition says.
        Legacy ones are mere defaults: what a definition does not say is taken from the weaker one.
        Raises IllegalArgumentException where an object meets a field.
        """
        merged: JsonObject = {}
        for mapping in (*self.mappings, requested):
            merged = _with_defaults(mapping, merged) if self.legacy else merge_mappings(merged, mapping)
        return merged

    def aliases_for(self, index: str) -> dict[str, JsonObject]:
        return {name.replace("{index}", index): body for name, body in self.aliases.items()}


def compose(templates: Iterable[Template], *, legacy: bool = False) -> Composed:
    """Templates from the weakest to the strongest."""
    settings: dict[str, SettingValue | None] = {}
    mappings: list[JsonObject] = []
    aliases: dict[str, JsonObject] = {}
    for template in templates:
        settings.update(template.settings or {})
        if template.mappings:
            mappings.append(template.mappings)
        aliases.update(template.aliases or {})
    return Composed(settings, mappings, aliases, legacy)


# ── mappings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def merge_mappings(weaker: JsonObject, stronger: JsonObject) -> JsonObject:
    merged = {**weaker, **stronger}
    if "properties" in weaker or "properties" in stronger:
        merged["properties"] = _merge_properties(weaker.get("properties"), stronger.get("properties"), "")
    if isinstance(weaker.get("_meta"), dict) and isinstance(stronger.get("_meta"), dict):
        merged["_meta"] = _with_defaults(stronger["_meta"], weaker["_meta"])
    earlier, later = weaker.get("dynamic_templates"), stronger.get("dynamic_templates")
    if _named(earlier) and _named(later):
        templates = {name: body for template in [*earlier, *later] for name, body in template.items()}
        merged["dynamic_templates"] = [{name: body} for name, body in templates.items()]
    return merged


def _merge_properties(weaker: Any, stronger: Any, path: str) -> Any:
    if weaker is None or not isinstance(stronger, dict):
        return weaker if stronger is None else stronger  # what is no mapping is told when it is parsed
    merged = _without_dots(weaker)
    for name, definition in _without_dots(stronger).items():
        merged[name] = _merge_field(merged[name], definition, f"{path}{name}") if name in merged else definition
    return merged


def _merge_field(weaker: Any, stronger: Any, path: str) -> Any:
    if not isinstance(weaker, dict) or not isinstance(stronger, dict):
        return stronger
    if _is_object(weaker) != _is_object(stronger):
        raise IllegalArgumentException(f"can't merge a non object mapping [{path}] with an object mapping")
    if not _is_object(weaker):
        return stronger
    nested = [definition.get("type") == "nested" for definition in (weaker, stronger)]
    if nested[0] != nested[1]:
        kinds = ("nested", "non-nested") if nested[0] else ("non-nested", "nested")
        raise IllegalArgumentException(f"cannot change object mapping from {kinds[0]} to {kinds[1]}")
    merged = {**weaker, **stronger}
    if "properties" in merged:
        merged["properties"] = _merge_properties(weaker.get("properties"), stronger.get("properties"), f"{path}.")
    return merged


def _is_object(definition: JsonObject) -> bool:
    return definition.get("type", "object") in ("object", "nested")


def _without_dots(properties: JsonObject) -> JsonObject:
    """`{"a.b": field}` as `{"a": {"properties": {"b": field}}}`."""
    plain: JsonObject = {}
    for name, definition in properties.items():
        first, _, rest = name.partition(".")
        if first and rest:
            name, definition = first, {"properties": _without_dots({rest: definition})}
        plain[name] = _merge_field(plain[name], definition, name) if name in plain else definition
    return plain


def _named(value: Any) -> TypeGuard[list[JsonObject]]:
    return isinstance(value, list) and all(isinstance(item, dict) and len(item) == 1 for item in value)


def _with_defaults(content: JsonObject, defaults: JsonObject) -> JsonObject:
    """`content`, and what only `defaults` has, all the way down. Lists of named things are merged by name, others are
    joined."""
    merged = dict(content)
    for key, default in defaults.items():
        value = merged.get(key)
        if key not in merged:
            merged[key] = default
        elif isinstance(value, dict) and isinstance(default, dict):
            merged[key] = _with_defaults(value, default)
        elif _named(value) and _named(default):
            names = {name: body for template in value for name, body in template.items()}
            for template in default:
                for name, body in template.items():
                    names[name] = _with_defaults(names[name], body) if name in names else body
            merged[key] = [{name: body} for name, body in names.items()]
        elif isinstance(value, list) and isinstance(default, list):
            merged[key] = [*default, *(item for item in value if item not in default)]
    return merged
