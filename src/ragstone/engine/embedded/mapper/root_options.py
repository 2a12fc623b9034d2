"""What a mapping says beside its fields: dynamic templates, detection, `_source`, `_routing`, `_meta`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ragstone.core.errors import IllegalArgumentException, MapperParsingException
from ragstone.core.json import JsonObject
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.date_format import DateFormat
from ragstone.engine.embedded.mapper.dynamic_template import DynamicTemplate, parse_templates
from ragstone.engine.embedded.mapper.object_mapper import refuse_rest
from ragstone.engine.embedded.mapper.parameter import read_bool

DEFAULT_DATE_FORMATS = ("strict_date_optional_time", "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis")
"""What new texts are tried against; OpenSearch writes the second one as `yyyy/MM/dd HH:mm:ss Z||yyyy/MM/dd Z`."""


@dataclass(frozen=True)
class SourceOptions:
    """`_source`: whether it is stored, and which parts (patterns as in source filtering)."""

    enabled: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Everything is stored."""
        return self.enabled and not self.includes and not self.excludes


@dataclass(frozen=True)
class RootOptions:
    """None everywhere means that the mapping does not say."""

    dynamic_templates: tuple[DynamicTemplate, ...] | None = None
    dynamic_date_formats: tuple[str, ...] | None = None
    date_detection: bool | None = None
    numeric_detection: bool | None = None
    meta: JsonObject | None = None
    source: SourceOptions | None = None
    routing_required: bool | None = None
    field_names: JsonObject | None = None
    """`_field_names`: deprecated, without effect, echoed."""

    @classmethod
    def take(cls, rest: JsonObject) -> RootOptions:
        """Reads, and removes from `rest`, the keys that belong here. Raises MapperParsingException."""
        options = cls()
        if "dynamic_templates" in rest:
            options = replace(options, dynamic_templates=parse_templates(rest.pop("dynamic_templates")))
        for key in ("dynamic_date_formats", "date_formats"):
            if key in rest:
                value = rest.pop(key)
                formats: Sequence[Any] = value if isinstance(value, list) else [value]
                patterns = tuple(map(java_text, formats))
                for pattern in patterns:
                    DateFormat.of(pattern)
                options = replace(options, dynamic_date_formats=patterns)
        if "date_detection" in rest:
            options = replace(options, date_detection=read_bool(rest.pop("date_detection"), "date_detection"))
        if "numeric_detection" in rest:
            options = replace(options, numeric_detection=read_bool(rest.pop("numeric_detection"), "numeric_detection"))
        if "_meta" in rest:
            options = replace(options, meta=_object(rest.pop("_meta"), "_meta"))
        if "_source" in rest:
            options = replace(options, source=_source(_object(rest.pop("_source"), "_source")))
        if "_routing" in rest:
            routing = dict(_object(rest.pop("_routing"), "_routing"))
            required = read_bool(routing.pop("required", False), "_routing.required")
            refuse_rest("Mapping definition for [_routing] has unsupported parameters: ", routing)
            options = replace(options, routing_required=required)
        if "_field_names" in rest:
            options = replace(options, field_names=_object(rest.pop("_field_names"), "_field_names"))
        if "_id" in rest:
            raise MapperParsingException("_id is not configurable")
        return options

    def merge(self, new: RootOptions, *, creating: bool = False) -> RootOptions:
        """These options with what `new` says. Raises IllegalArgumentException for what only creation may set."""
        if not creating:
            old_source, source = self.source or SourceOptions(), new.source or self.source or SourceOptions()
            for name in ("enabled", "includes", "excludes"):
                _refuse_change("_source", name, getattr(old_source, name), getattr(source, name))
            if new.routing_required is not None:
                _refuse_change("_routing", "required", bool(self.routing_required), new.routing_required)
        given = {f.name: getattr(new, f.name) for f in fields(new) if getattr(new, f.name) is not None}
        return replace(self, **given)

    def to_json(self) -> JsonObject:
        shown: JsonObject = {}
        if self.meta is not None:
            shown["_meta"] = self.meta
        if self.routing_required:
            shown["_routing"] = {"required": True}
        if self.field_names is not None:
            shown["_field_names"] = self.field_names
        if self.source is not None:
            source: JsonObject = {}
            if not self.source.enabled:
                source["enabled"] = False
            if self.source.includes:
                source["includes"] = list(self.source.includes)
            if self.source.excludes:
                source["excludes"] = list(self.source.excludes)
            if source:
                shown["_source"] = source
        if self.dynamic_date_formats is not None:
            shown["dynamic_date_formats"] = list(self.dynamic_date_formats)
        if self.dynamic_templates is not None:
            shown["dynamic_templates"] = [template.to_json() for template in self.dynamic_templates]
        if self.date_detection is not None:
            shown["date_detection"] = self.date_detection
        if self.numeric_detection is not None:
            shown["numeric_detection"] = self.numeric_detection
        return shown


def _refuse_change(field: str, parameter: str, old: Any, new: Any) -> None:
    if old != new:
        shown = [java_text(list(value) if isinstance(value, tuple) else value) for value in (old, new)]
        raise IllegalArgumentException(
            f"Mapper for [{field}] conflicts with existing mapper:\n\t"
            f"Cannot update parameter [{parameter}] from [{shown[0]}] to [{shown[1]}]"
        )


def _object(value: Any, name: str) -> JsonObject:
    if not isinstance(value, dict):
        raise MapperParsingException(f"[{name}] config must be an object")
    return value


def _source(definition: JsonObject) -> SourceOptions:
    rest = dict(definition)

    def patterns(key: str) -> tuple[str, ...]:
        value = rest.pop(key, None) or ()
        return tuple(map(java_text, value if isinstance(value, (list, tuple)) else [value]))

    options = SourceOptions(
        enabled=read_bool(rest.pop("enabled", True), "_source.enabled"),
        includes=patterns("includes"),
        excludes=patterns("excludes"),
    )
    refuse_rest("Mapping definition for [_source] has unsupported parameters: ", rest)
    return options
