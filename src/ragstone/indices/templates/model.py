"""What a template is, and how its JSON is read and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    NumberFormatException,
    ParseException,
    XContentParseException,
)
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.index_settings import SettingValue, flatten_settings, nest
from ragstone.dsl.object_parser import INT, OBJECT, STRING_ARRAY, Declared, parse_object

HIDDEN = "index.hidden"
Settings = Mapping[str, SettingValue | None]
"""Full keys to texts; None takes an earlier template's value back."""


@dataclass(frozen=True)
class Template:
    """What a new index gets. None is a part that was not given."""

    settings: Settings | None = None
    mappings: JsonObject | None = None
    aliases: Mapping[str, JsonObject] | None = None

    @classmethod
    def parse(cls, body: JsonObject) -> Self:
        return cls(**parse_object("template", body, _TEMPLATE))

    def to_json(self, *, flat: bool) -> JsonObject:
        shown: JsonObject = {}
        if self.settings is not None:
            shown["settings"] = dict(self.settings) if flat else nest(self.settings)
        if self.mappings is not None:
            shown["mappings"] = self.mappings
        if self.aliases is not None:
            shown["aliases"] = dict(self.aliases)
        return shown


@dataclass(frozen=True)
class ComponentTemplate:
    template: Template
    version: int | None = None
    meta: JsonObject | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises XContentParseException, IllegalArgumentException (no `template`)."""
        found = parse_object("component_template", _object("component_template", body), _COMPONENT)
        if "template" not in found:
            raise IllegalArgumentException("Required [template]")
        return cls(found["template"], found.get("version"), found.get("_meta"))

    def to_json(self, *, flat: bool = False) -> JsonObject:
        return {"template": self.template.to_json(flat=flat), **_known(version=self.version, _meta=self.meta)}


@dataclass(frozen=True)
class IndexTemplate:
    """A composable template. `composed_of` names its components, the later ones stronger, itself the strongest."""

    patterns: Sequence[str]
    template: Template | None = None
    composed_of: Sequence[str] = ()
    priority: int | None = None
    version: int | None = None
    meta: JsonObject | None = None
    names_components: bool = field(default=False, compare=False)
    """Whether `composed_of` was given, be it empty."""

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises XContentParseException, IllegalArgumentException, ActionRequestValidationException."""
        found = parse_object("index_template", _object("index_template", body), _INDEX)
        if "index_patterns" not in found:
            raise IllegalArgumentException("Required [index_patterns]")
        if not found["index_patterns"]:
            raise IllegalArgumentException("There must be at least one pattern, zero given")
        if "data_stream" in found:
            raise IllegalArgumentException("[data_stream] is not supported: there are no data streams here")
        template = cls(
            found["index_patterns"],
            found.get("template"),
            found.get("composed_of", ()),
            found.get("priority"),
            found.get("version"),
            found.get("_meta"),
            "composed_of" in found,
        )
        template._validate()
        return template

    def _validate(self) -> None:
        faults = []
        settings = self.template.settings if self.template is not None else None
        if "*" in self.patterns and settings is not None and HIDDEN in settings:
            faults.append("global composable templates may not specify the setting index.hidden")
        if self.order < 0:
            faults.append("index template priority must be >= 0")
        if faults:
            raise ActionRequestValidationException.of(faults)

    @property
    def order(self) -> int:
        """The priority; the highest of all templates that match wins."""
        return self.priority or 0

    def applies(self, name: str, *, hidden: bool) -> bool:
        return _applies(self.patterns, name, hidden)

    def to_json(self, *, flat: bool = False) -> JsonObject:
        shown: JsonObject = {"index_patterns": list(self.patterns)}
        if self.template is not None:
            shown["template"] = self.template.to_json(flat=flat)
        if self.template is not None or self.names_components:
            shown["composed_of"] = list(self.composed_of)
        return {**shown, **_known(priority=self.priority, version=self.version, _meta=self.meta)}


@dataclass(frozen=True)
class LegacyTemplate:
    """A template of `/_template`: all that match are merged, those of higher `order` over the others."""

    patterns: Sequence[str]
    template: Template = field(default_factory=Template)
    order: int = 0
    version: int | None = None

    @classmethod
    def parse(cls, body: JsonObject, order: int = 0) -> Self:
        """`order` is the request's, for a body without one. Raises ParseException, IllegalArgumentException,
        ActionRequestValidationException."""
        patterns: Sequence[str] = ()
        version: int | None = None
        parts: dict[str, JsonObject] = {}
        for key, value in body.items():
            if key in ("index_patterns", "template"):
                patterns = _names(value)
            elif key == "order":
                order = _whole(value, NumberFormatException)
            elif key == "version":
                if not isinstance(value, int) or isinstance(value, bool):
                    raise IllegalArgumentException("Malformed [version] value, should be an integer")
                version = value
            elif key in ("settings", "mappings", "aliases"):
                # Differs: 400, where OpenSearch has a bare 500 for mappings and aliases.
                if not isinstance(value, dict):
                    raise IllegalArgumentException(f"Malformed [{key}] section, should include an inner object")
                parts[key] = value
            else:
                raise ParseException(f"unknown key [{key}] in the template ")
        if not patterns:
            raise ActionRequestValidationException.of(["index patterns are missing"])
        settings = flatten_settings(parts.get("settings", {}))
        template = Template(settings, parts.get("mappings", {}), _aliases(parts.get("aliases", {})))
        return cls(patterns, template, order, version)

    def applies(self, name: str, *, hidden: bool) -> bool:
        return _applies(self.patterns, name, hidden)

    def to_json(self, *, flat: bool = False) -> JsonObject:
        shown = {"order": self.order, **_known(version=self.version), "index_patterns": list(self.patterns)}
        return {**shown, **self.template.to_json(flat=flat)}


def _applies(patterns: Sequence[str], name: str, hidden: bool) -> bool:
    """A template for everything is not for indices that are hidden from everything."""
    if hidden and "*" in patterns:
        return False
    return any(matches(pattern, name) for pattern in patterns)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _object(what: str, body: Any) -> JsonObject:
    if not isinstance(body, dict):
        raise XContentParseException(f"[{what}] Expected START_OBJECT but was: {token(body)}", place=Place(body, None))
    return body


def _known(**values: Any) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}


def _names(value: Any) -> list[str]:
    return [java_text(item) for item in value] if isinstance(value, list) else [java_text(value)]


def _whole(value: Any, error: type[IllegalArgumentException] = IllegalArgumentException) -> int:
    try:
        return int(java_text(value))
    except ValueError:
        raise error(f'For input string: "{java_text(value)}"') from None


def _aliases(value: JsonObject) -> dict[str, JsonObject]:
    for name, body in value.items():
        if not isinstance(body, dict):
            raise IllegalArgumentException(f"alias [{name}]: expected START_OBJECT but was {token(body)}")
    return dict(value)


def _same(value: Any) -> Any:
    return value


_TEMPLATE = {
    "settings": Declared(OBJECT, flatten_settings),
    "mappings": Declared(OBJECT, _same),
    "aliases": Declared(OBJECT, _aliases),
}
_COMPONENT = {
    "template": Declared(OBJECT, Template.parse),
    "version": Declared(INT, _whole),
    "_meta": Declared(OBJECT, _same),
}
_INDEX = {
    **_COMPONENT,
    "index_patterns": Declared(STRING_ARRAY, _names),
    "composed_of": Declared(STRING_ARRAY, _names),
    "priority": Declared(INT, _whole),
    "data_stream": Declared(OBJECT, _same),
}
