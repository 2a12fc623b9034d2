"""Dynamic templates: rules that say how a new field is mapped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ragstone.core.errors import IllegalArgumentException, MapperParsingException
from ragstone.core.json import JsonObject
from ragstone.core.xcontent import java_text

MATCH_TYPES = ("object", "string", "long", "double", "boolean", "date", "binary")
_DEFAULT_TYPES = {"string": "text", "double": "float"}
"""The field type of a JSON kind, where it is not the kind's own name."""
_KEYS = ("match", "path_match", "unmatch", "path_unmatch", "match_mapping_type", "match_pattern", "mapping")


def default_type(kind: str) -> str:
    """The field type that dynamic mapping gives to a kind of JSON value."""
    return _DEFAULT_TYPES.get(kind, kind)


@dataclass(frozen=True)
class DynamicTemplate:
    """One rule. Patterns are simple (`*`) or, with `regex`, regular expressions on the name only."""

    name: str
    definition: JsonObject
    """As it is echoed: all but `mapping` as texts."""

    def matches(self, path: str, kind: str) -> bool:
        """Whether a field at the full `path`, with a value of a kind from MATCH_TYPES, is this rule's."""
        wanted = self.definition.get("match_mapping_type")
        if wanted not in (None, "*", kind):
            return False
        name = path.rpartition(".")[2]
        regex = java_text(self.definition.get("match_pattern", "simple")) == "regex"
        for key, text, sign in (
            ("path_match", path, True),
            ("path_unmatch", path, False),
            ("match", name, True),
            ("unmatch", name, False),
        ):
            pattern = self.definition.get(key)
            if pattern is not None and (_matcher(java_text(pattern), regex).fullmatch(text) is not None) != sign:
                return False
        return True

    def mapping_for(self, name: str, kind: str) -> JsonObject:
        """The field's definition, with `{name}` and `{dynamic_type}` filled in and a type."""
        dynamic_type = default_type(kind)
        mapping = _fill(self.definition["mapping"], name, dynamic_type)
        assert isinstance(mapping, dict)
        return {"type": dynamic_type, **mapping}

    def to_json(self) -> JsonObject:
        return {self.name: self.definition}


@lru_cache(1024)
def _matcher(pattern: str, regex: bool) -> re.Pattern[str]:
    return re.compile(pattern if regex else ".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _fill(value: Any, name: str, dynamic_type: str) -> Any:
    if isinstance(value, dict):
        return {_fill(k, name, dynamic_type): _fill(v, name, dynamic_type) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(item, name, dynamic_type) for item in value]
    if isinstance(value, str):
        filled = value.replace("{name}", name)
        return filled.replace("{dynamic_type}", dynamic_type).replace("{dynamicType}", dynamic_type)
    return value


def parse_templates(value: Any) -> tuple[DynamicTemplate, ...]:
    """`[{"name": {...}}, ...]`. Raises MapperParsingException, IllegalArgumentException."""
    if not isinstance(value, list):
        raise MapperParsingException("Dynamic template syntax error. An array of named objects is expected.")
    templates = []
    for entry in value:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise MapperParsingException("A dynamic template must be defined with a name")
        [(name, definition)] = entry.items()
        templates.append(_parse_template(name, definition))
    return tuple(templates)


def _parse_template(name: str, definition: Any) -> DynamicTemplate:
    if not isinstance(definition, dict):
        raise MapperParsingException("Dynamic template syntax error. An array of named objects is expected.")
    for key in definition:
        if key not in _KEYS:
            raise IllegalArgumentException(f"Illegal dynamic template parameter: [{key}]")
    if not any(key in definition for key in ("match", "path_match", "match_mapping_type")):
        raise MapperParsingException(
            f"template must have match, path_match or match_mapping_type set {java_text(definition)}"
        )
    if not isinstance(definition.get("mapping"), dict):
        raise MapperParsingException("template must have mapping set")
    kind = definition.get("match_mapping_type")
    if kind is not None and kind != "*" and kind not in MATCH_TYPES:
        raise IllegalArgumentException(
            f"No field type matched on [{java_text(kind)}], possible values are [{', '.join(MATCH_TYPES)}]"
        )
    style = java_text(definition.get("match_pattern", "simple"))
    if style not in ("simple", "regex"):
        raise IllegalArgumentException(f"No matching pattern matched on [{style}]")
    for key in ("path_match", "match", "path_unmatch", "unmatch"):
        if key in definition and style == "regex":
            _check_regex(name, java_text(definition[key]))
    shown = {key: value if key == "mapping" else java_text(value) for key, value in definition.items()}
    return DynamicTemplate(name, shown)


def _check_regex(name: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise IllegalArgumentException(
            f"Pattern [{pattern}] of type [regex] is invalid. Cannot create dynamic template [{name}].",
            cause=IllegalArgumentException(str(error)),
        ) from None
