"""Credentials in documents of system indices: opened with one end's master key, sealed with the other's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ragstone.core import json
from ragstone.core.json import JsonObject
from ragstone.engine.values import StoredDocument
from ragstone.migration.tally import Opened
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.system_indices import CONNECTOR, MODEL
from ragstone.providers.api import SealBroken

_WHERE: Mapping[str, tuple[str, ...]] = {CONNECTOR.name: ("credential",), MODEL.name: ("connector", "credential")}
"""Where documents of an index keep what is sealed. The document's id is part of every seal."""


def opened_by(vault: Vault, index: str) -> Opened | None:
    """Shows the documents of an index with what is sealed opened, to be counted; None where nothing is sealed.

    What does not open stays as it is.
    """
    return partial(_opened, vault, _WHERE[index]) if index in _WHERE else None


def _opened(vault: Vault, path: tuple[str, ...], id: str, source: JsonObject) -> JsonObject:
    sealed = _at(source, path)
    return source if sealed is None else _with(source, path, {key: _try(vault, id, key, sealed) for key in sealed})


def _try(vault: Vault, id: str, key: str, sealed: Mapping[str, Any]) -> Any:
    try:
        return vault.open(id, {key: sealed[key]})[key]
    except (SealBroken, AttributeError):
        return sealed[key]


async def resealed(document: StoredDocument, index: str, source: Vault, target: Vault) -> tuple[StoredDocument, str]:
    """The document with its seals made anew by `target`, and why one could not be opened (the empty text: none).

    A document whose seals cannot be opened comes back as it is.
    """
    path = _WHERE.get(index)
    if path is None:
        return document, ""
    value: JsonObject = json.decode(document.source)
    sealed = _at(value, path)
    if not sealed:
        return document, ""
    try:
        clear = source.open(document.id, sealed)
    except (SealBroken, AttributeError) as error:
        why = str(error) if isinstance(error, SealBroken) else "it is no text"
        return document, f"credential of [{index}/{document.id}] cannot be opened: {why}"
    changed = _with(value, path, await target.seal(document.id, clear))
    return document._replace(source=json.encode(changed)), ""


def _at(value: Any, path: tuple[str, ...]) -> dict[str, str] | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def _with(source: JsonObject, path: tuple[str, ...], value: Mapping[str, Any]) -> JsonObject:
    name, *rest = path
    return {**source, name: dict(value) if not rest else _with(source[name], tuple(rest), value)}


__all__ = ["opened_by", "resealed"]
