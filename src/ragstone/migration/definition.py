"""An index as the target is asked to make it: what the source has, without what only the source can have."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from ragstone.core.errors import OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.core.names import matches
from ragstone.engine.values import IndexMetadata

_OWN = (
    "index.uuid", "index.provided_name", "index.creation_date", "index.version.*", "index.history.uuid",
    "index.verified_before_close", "index.resize.*", "index.routing.allocation.initial_recovery.*",
    "index.shrink.*", "index.remote_store.*",
)  # fmt: skip
"""Settings that an engine gives an index itself, and that mean nothing elsewhere."""
_LATER = ("index.blocks.*", "index.final_pipeline")
"""Settings that would stand in the documents' way."""
_UNKNOWN_SETTING = re.compile(r"unknown setting \[([^\]]+)\]")
_PRIVATE_SETTING = re.compile(r"private index setting \[([^\]]+)\] can not be set explicitly")
_UNKNOWN_TYPE = re.compile(r"No handler for type \[([^\]]+)\] declared on field \[([^\]]+)\]")
_UNKNOWN_ANALYZER = re.compile(r"analyzer \[([^\]]+)\] has not been configured in mappings")
_REFUSED_ENGINE = re.compile(r"\b(nmslib|faiss|lucene)\b", re.IGNORECASE)
_ANALYZERS = ("analyzer", "search_analyzer", "search_quote_analyzer")
_MOST_FAULTS = 100

Attempt = Callable[["Definition"], Awaitable[None]]
"""Has a target make an index, or only say whether it would. Raises its error."""


@dataclass(frozen=True)
class Definition:
    name: str
    settings: Mapping[str, Any]
    """Flat, full keys."""
    mappings: JsonObject
    aliases: Mapping[str, JsonObject]
    later: Mapping[str, Any]
    """Settings to be put when all documents are there."""

    @classmethod
    def of(cls, index: IndexMetadata) -> Self:
        given = {key: value for key, value in index.settings.items() if not _fits(key, _OWN)}
        return cls(
            index.name,
            {key: value for key, value in given.items() if not _fits(key, _LATER)},
            index.mappings,
            index.aliases,
            {key: value for key, value in given.items() if _fits(key, _LATER)},
        )

    def without(self, setting: str) -> Definition:
        return replace(self, settings={key: value for key, value in self.settings.items() if key != setting})


async def fit(definition: Definition, attempt: Attempt) -> tuple[Definition, list[str]]:
    """Try until the target takes it, each time without a setting that it does not know.

    Answers what was taken, and the settings left out. Raises every other error of the target.
    """
    left_out: list[str] = []
    while True:
        try:
            await attempt(definition)
        except OpenSearchException as error:
            setting = _refused_setting(error)
            if setting is None or setting not in definition.settings:
                raise
            definition = definition.without(setting)
            left_out.append(setting)
        else:
            return definition, left_out


async def faults(definition: Definition, attempt: Attempt) -> tuple[list[str], list[str]]:
    """Everything the target would refuse, in its own words, and the settings that would be left out.

    An engine stops at the first fault; so each one that can be recognised is mended, and the rest tried again.
    """
    refused: list[str] = []
    left_out: list[str] = []
    for _ in range(_MOST_FAULTS):
        try:
            definition, unknown = await fit(definition, attempt)
        except OpenSearchException as error:
            reason = innermost(error)
            refused.append(reason)
            mended = _mended(definition, reason)
            if mended == definition:
                break
            definition = mended
        else:
            left_out += unknown
            break
    return refused, left_out


def innermost(error: OpenSearchException) -> str:
    """The reason that all others are about."""
    while error.cause is not None and error.cause.reason:
        error = error.cause
    return error.reason or error.type_name()


def _fits(key: str, patterns: tuple[str, ...]) -> bool:
    return any(matches(pattern, key) for pattern in patterns)


def _refused_setting(error: OpenSearchException) -> str | None:
    reason = innermost(error)
    found = _UNKNOWN_SETTING.search(reason) or _PRIVATE_SETTING.search(reason)
    return found[1] if found else None


def _mended(definition: Definition, reason: str) -> Definition:
    """The definition without the fault, if it is known how; only to look for the next one."""
    unknown = _UNKNOWN_TYPE.search(reason)
    if unknown is not None:
        change = _opaque(unknown[1])
        return replace(definition, mappings=_each_field(definition.mappings, change))
    analyzer = _UNKNOWN_ANALYZER.search(reason)
    if analyzer is not None:
        return replace(definition, mappings=_each_field(definition.mappings, _without_analyzer(analyzer[1])))
    engine = _REFUSED_ENGINE.search(reason)
    if engine is not None:
        return replace(definition, mappings=_each_field(definition.mappings, _without_engine(engine[1].lower())))
    return definition


_Change = Callable[[JsonObject], JsonObject]


def _each_field(mappings: JsonObject, change: _Change) -> JsonObject:
    changed = dict(mappings)
    for key in ("properties", "fields"):
        if isinstance(mappings.get(key), dict):
            changed[key] = {name: _each_field(change(field), change) for name, field in mappings[key].items()}
    return changed


def _opaque(type: str) -> _Change:
    return lambda field: {"type": "object", "enabled": False} if field.get("type") == type else field


def _without_analyzer(name: str) -> _Change:
    return lambda field: {key: value for key, value in field.items() if key not in _ANALYZERS or value != name}


def _without_engine(name: str) -> _Change:
    def change(field: JsonObject) -> JsonObject:
        if field.get("type") != "knn_vector" or (field.get("method") or {}).get("engine") != name:
            return field
        return {"type": "object", "enabled": False}

    return change


__all__ = ["Attempt", "Definition", "faults", "fit", "innermost"]
