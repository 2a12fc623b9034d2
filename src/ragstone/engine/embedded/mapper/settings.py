"""Index settings: from a request's JSON to flat texts, their changes, and reading them with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ragstone.core.errors import (
    IllegalArgumentException,
    SettingsException,
    ValidationException,
)
from ragstone.core.json import JsonObject
from ragstone.core.names import matches
from ragstone.core.units import parse_time
from ragstone.core.xcontent import java_text
from ragstone.dsl.index_settings import SettingValue, flatten_settings
from ragstone.engine.embedded.mapper import settings_catalogue
from ragstone.engine.embedded.mapper.similarity import check_similarities
from ragstone.engine.values import INDEX_VERSION_CREATED, IndexMetadata

FlatSettings = dict[str, SettingValue]
"""Full keys (`index.number_of_shards`) to texts or lists of texts, as `IndexMetadata.settings` has them."""


class IndexSettings:
    """An index's settings, flat, with defaults behind them. Immutable."""

    def __init__(self, flat: Mapping[str, Any]) -> None:
        self.flat = flat
        """FlatSettings, to be stored and shown."""

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, key: str) -> str:
        """The setting's text by full key, or its default."""
        value = self.flat.get(key)
        if value is None:
            return settings_catalogue.SETTINGS[key].default
        return value if isinstance(value, str) else ",".join(value)

    def flag(self, key: str) -> bool:
        return self.text(key) == "true"

    def number(self, key: str) -> int:
        return int(self.text(key))

    def seconds(self, key: str) -> float:
        """A time in seconds; -1 and 0 as they are."""
        return parse_time(self.text(key), key)

    def texts(self, key: str) -> list[str]:
        """A list, or a text with commas."""
        value = self.flat.get(key)
        if isinstance(value, list):
            return value
        text = self.text(key)
        return [part.strip() for part in text.split(",")] if text else []

    # ── making and changing ──────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def of_new_index(cls, body: JsonObject, *, name: str, uuid: str, creation_date: int) -> IndexSettings:
        """A new index's settings from the request: nested, dotted or mixed keys, with or without `index.`.

        Adds what every index shows (shards, replicas, replication type, identity; derived source beside `index.knn`).
        Raises SettingsException for unknown settings, IllegalArgumentException for bad values, ValidationException
        for private ones.
        """
        given = flatten_settings(body)
        for key in sorted(given):
            setting = _known(key)
            value = given[key]
            if setting.scope == "private":
                raise ValidationException.of([f"private index setting [{key}] can not be set explicitly"])
            needed = settings_catalogue.DEPENDENCIES.get(key)
            if needed is not None and given.get(needed) is None:
                raise SettingsException(f"missing required setting [{needed}] for setting [{key}]")
            if value is not None:
                setting.check(key, value if isinstance(value, str) else java_text(value))
        settings: FlatSettings = {
            "index.number_of_shards": "1",
            "index.number_of_replicas": "1",
            "index.replication.type": "DOCUMENT",
            "index.creation_date": str(creation_date),
        }
        settings.update({key: value for key, value in given.items() if value is not None})
        if settings.get("index.knn") == "true":
            settings.setdefault("index.knn.derived_source.enabled", "true")
        _check_routing_shards(settings)
        check_similarities(settings)
        settings |= {
            "index.provided_name": name,
            "index.uuid": uuid,
            "index.version.created": INDEX_VERSION_CREATED,
        }
        return cls(dict(sorted(settings.items())))

    def updated(self, body: JsonObject, *, index: IndexMetadata, preserve_existing: bool = False) -> IndexSettings:
        """The settings after a change; null (also for a pattern, `index.blocks.*`) takes one back to its default.

        `index` is the one that has these settings. With `preserve_existing` only settings that are not there yet are
        set. Static ones change only while the index is closed, final ones never. Raises SettingsException,
        IllegalArgumentException.
        """
        inner = body.get("settings")
        given = flatten_settings(inner if isinstance(inner, dict) else body)
        for pattern in [key for key in given if "*" in key]:
            del given[pattern]
            given.update({key: None for key in self.flat if matches(pattern, key) and key not in given})
        found = {key: _known(key) for key in sorted(given)}
        for key, setting in found.items():
            if setting.scope == "private":
                raise SettingsException(
                    f"can not update private setting [{key}]; this setting is managed by OpenSearch"
                )
        fixed = [key for key, setting in found.items() if setting.scope != "dynamic"]
        if fixed and index.open:
            raise IllegalArgumentException(
                f"Can't update non dynamic settings [[{', '.join(fixed)}]] "
                f"for open indices [[{index.name}/{index.uuid}]]"
            )
        for key in fixed:
            if found[key].scope == "final":
                raise SettingsException(f"final {index.name} setting [{key}], not updateable")
        settings = dict(self.flat)
        for key, setting in found.items():
            value = given[key]
            if preserve_existing and key in self.flat:
                continue
            if value is not None:
                setting.check(key, value if isinstance(value, str) else java_text(value))
                settings[key] = value
            elif key == "index.number_of_replicas":
                settings[key] = setting.default
            else:
                settings.pop(key, None)
        check_similarities(settings)
        return IndexSettings(dict(sorted(settings.items())))


def _check_routing_shards(settings: FlatSettings) -> None:
    shards = int(str(settings["index.number_of_shards"]))
    routing_shards = int(str(settings.get("index.number_of_routing_shards", shards)))
    if routing_shards % shards:
        raise IllegalArgumentException(f"the number of source shards [{shards}] must be a factor of [{routing_shards}]")


def _known(key: str) -> settings_catalogue.Setting:
    setting = settings_catalogue.find(key)
    if setting is None:
        raise SettingsException(settings_catalogue.unknown_text(key))
    return setting
