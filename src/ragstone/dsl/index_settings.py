"""Index settings as requests write them (nested, dotted or mixed, with or without `index.`), and as answers do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalStateException, SettingsException
from ragstone.core.json import JsonObject
from ragstone.core.xcontent import java_text

SettingValue = str | list[str]


def flatten_settings(body: JsonObject) -> dict[str, SettingValue | None]:
    """Full keys to texts, lists of texts, or None. Later keys win, as they do in OpenSearch.

    Raises SettingsException for a list of anything but scalars.
    """
    flat: dict[str, SettingValue | None] = {}
    for key, value in _leaves("", body, body):
        flat[key if key.startswith("index.") else f"index.{key}"] = value
    return flat


def _leaves(prefix: str, node: JsonObject, body: JsonObject) -> Iterator[tuple[str, SettingValue | None]]:
    for key, value in node.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            yield from _leaves(path, value, body)
        elif isinstance(value, list):
            if any(isinstance(item, (dict, list)) for item in value):
                raise SettingsException(
                    f"Failed to load settings from [{json.encode(body).decode()}]",
                    cause=IllegalStateException("only value lists are allowed in serialized settings"),
                )
            yield path, [java_text(item) for item in value if item is not None]
        else:
            yield path, None if value is None else java_text(value)


def nest(flat: Mapping[str, Any]) -> JsonObject:
    """`{"a.b": 1}` to `{"a": {"b": 1}}`; a key that is both a value and a prefix stays dotted."""
    nested: JsonObject = {}
    for key in sorted(flat):
        *parents, leaf = key.split(".")
        node = nested
        for depth, parent in enumerate(parents):
            below = node.setdefault(parent, {})
            if not isinstance(below, dict):
                leaf = ".".join([*parents[depth:], leaf])
                break
            node = below
        node[leaf] = flat[key]
    return nested
