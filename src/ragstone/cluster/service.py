"""Cluster settings: kept, changed, read; and what else is true of the cluster as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ragstone.core import caller
from ragstone.core.cluster_settings import Setting, SettingValue, as_setting_value, declared, find
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    IllegalStateException,
    SettingsException,
    VersionConflictEngineException,
)
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import RecordStore

T = TypeVar("T")

FlatSettings = dict[str, SettingValue]

_KIND, _PERSISTENT, _TRANSIENT = "cluster_settings", "persistent", "transient"
_ATTEMPTS = 10


@dataclass(frozen=True)
class SettingsUpdate:
    """Wanted changes by full key; None resets a setting, or all that a pattern (`a.b.*`) means."""

    persistent: Mapping[str, SettingValue | None] = field(default_factory=dict)
    transient: Mapping[str, SettingValue | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, body: JsonObject) -> SettingsUpdate:
        """Read `{"persistent": {...}, "transient": {...}}`; keys may be nested or dotted, other top keys are ignored.

        Raises ActionRequestValidationException when there is nothing to change, IllegalArgumentException for what is
        no object of settings.
        """
        update = cls(_flat(body, "persistent"), _flat(body, "transient"))
        if not update.persistent and not update.transient:
            raise ActionRequestValidationException.of(["no settings to update"])
        return update


def _flat(body: JsonObject, section: str) -> dict[str, SettingValue | None]:
    given = body.get(section)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise IllegalArgumentException(f"[{section}] must be an object of settings")
    flat: dict[str, SettingValue | None] = {}
    pending: list[tuple[str, Any]] = [(section, given)]
    while pending:  # not recursive: bodies may be nested deeper than the stack is
        path, value = pending.pop()
        if isinstance(value, dict):
            prefix = "" if value is given else path + "."
            pending += [(prefix + key, child) for key, child in reversed(value.items())]
        elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
            raise IllegalStateException("only value lists are allowed in serialized settings")
        else:
            flat[path] = None if value is None else as_setting_value(value)
    return flat


class ClusterService:
    """The cluster's settings. Also the typed view (`core.cluster_settings.ClusterSettings`) other services hold: a
    change is seen by the next `get`.

    Persistent settings are one record. Transient ones last as long as the process or, where several processes are in
    front of one cluster (`shared`), are a record too. `configured` are defaults from the node's configuration.
    """

    def __init__(self, records: RecordStore, configured: Mapping[str, Any], *, shared: bool = False) -> None:
        self._records = records
        self._shared = shared
        self._configured: FlatSettings = {key: as_setting_value(value) for key, value in configured.items()}
        self._persistent: FlatSettings = {}
        self._transient: FlatSettings = {}
        self._parsed: dict[str, Any] = {}
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Load what is kept. Raises IllegalArgumentException when the configuration names an unknown setting or
        gives one a wrong value."""
        for key, value in self._configured.items():
            setting = find(key)
            if setting is None:
                raise IllegalArgumentException(f"unknown cluster setting [{key}] in the configuration")
            setting.parse(key, value)
        await self.renew()

    async def renew(self) -> None:
        """Take what others that share the records have changed."""
        persistent = await self._kept(_PERSISTENT)
        transient = await self._kept(_TRANSIENT) if self._shared else self._transient
        if (persistent, transient) != (self._persistent, self._transient):
            self._persistent, self._transient, self._parsed = persistent, transient, {}

    async def _kept(self, name: str) -> FlatSettings:
        record = await self._records.get_record(_KIND, name)
        return dict(record.value) if record is not None else {}

    @property
    def persistent(self) -> FlatSettings:
        return dict(sorted(self._persistent.items()))

    @property
    def transient(self) -> FlatSettings:
        return dict(sorted(self._transient.items()))

    def defaults(self) -> FlatSettings:
        """Dynamic settings that nobody has set, with their defaults or configured values."""
        changeable = {key: s for key, s in declared.items() if s.dynamic and not key.endswith("*")}
        values = {key: as_setting_value(s.default) for key, s in changeable.items()}
        values.update(self._configured)
        return {k: v for k, v in sorted(values.items()) if k not in self._persistent and k not in self._transient}

    def get(self, setting: Setting[T]) -> T:
        """The value in force: transient beats persistent beats the node's configuration beats the default."""
        key = setting.key
        if key in self._parsed:
            value: T = self._parsed[key]
            return value
        for layer in (self._transient, self._persistent, self._configured):
            if key in layer:
                value = setting.parse(key, layer[key])
                break
        else:
            value = setting.default
        self._parsed[key] = value
        return value

    def check(self, update: SettingsUpdate) -> None:
        """Raises what `update` would raise for a setting or its value."""
        _check("persistent", update.persistent)
        _check("transient", update.transient)

    async def update(self, update: SettingsUpdate) -> tuple[FlatSettings, FlatSettings]:
        """Apply all of the changes or none; they are in force, and durable, when this returns.

        Answers the persistent and transient settings that were given a value. Raises SettingsException (unknown,
        not dynamic), IllegalArgumentException (wrong value).
        """
        caller.require("cluster:admin/settings/update")
        self.check(update)
        async with self._changing:
            if update.persistent:
                self._persistent = await self._store(_PERSISTENT, update.persistent)
            if update.transient and self._shared:
                self._transient = await self._store(_TRANSIENT, update.transient)
            else:
                self._transient = _changed(self._transient, update.transient)
            self._parsed = {}
        return _given(update.persistent), _given(update.transient)

    async def _store(self, name: str, changes: Mapping[str, SettingValue | None]) -> FlatSettings:
        """Read, change, write; again when another process that shares the engine was faster."""
        for _ in range(_ATTEMPTS):
            record = await self._records.get_record(_KIND, name)
            settings = _changed(record.value if record is not None else {}, changes)
            try:
                await self._records.put_record(
                    _KIND, name, settings, if_version=record.version if record is not None else 0
                )
            except VersionConflictEngineException:
                continue
            return settings
        raise SettingsException("cluster settings are being changed by others all the time, nothing was changed")


def _check(section: str, changes: Mapping[str, SettingValue | None]) -> None:
    for key, value in changes.items():
        if value is None and key.endswith("*"):
            continue
        setting = find(key)
        if setting is None:
            raise SettingsException(f"{section} setting [{key}], not recognized")
        if not setting.dynamic:
            raise SettingsException(f"{section} setting [{key}], not dynamically updateable")
        if value is not None:
            setting.parse(key, value)


def _changed(settings: Mapping[str, SettingValue], changes: Mapping[str, SettingValue | None]) -> FlatSettings:
    result = dict(settings)
    for key, value in changes.items():
        if value is not None:
            result[key] = value
        else:
            for name in [name for name in result if matches(key, name)]:
                del result[name]
    return result


def _given(changes: Mapping[str, SettingValue | None]) -> FlatSettings:
    return {key: value for key, value in sorted(changes.items()) if value is not None}
