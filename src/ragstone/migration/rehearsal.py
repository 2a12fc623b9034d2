"""Asking a target whether it would make an index, without making it."""

from __future__ import annotations

from ragstone.engine.api import ClusterApi, Engine
from ragstone.migration.definition import Attempt, Definition

_NO_INDEX = "ragstone-migration-rehearsal"
_PRIORITY = 2_000_000_000
"""Above every real template, so that none of them mixes in."""


def on_cluster(api: ClusterApi) -> Attempt:
    """A cluster compiles a template that it is asked to simulate, with mappings and analysis, and keeps nothing."""

    async def attempt(definition: Definition) -> None:
        body = {
            "index_patterns": [_NO_INDEX],
            "priority": _PRIORITY,
            "template": {"settings": dict(definition.settings), "mappings": definition.mappings},
        }
        await api.call("POST", "/_index_template/_simulate", body, as_service=True)

    return attempt


def on_scratch(engine: Engine) -> Attempt:
    """`engine` is one of the target's kind that holds nothing anybody needs."""

    async def attempt(definition: Definition) -> None:
        await engine.create_index(_NO_INDEX, dict(definition.settings), definition.mappings, {})
        await engine.delete_index(_NO_INDEX)

    return attempt


__all__ = ["on_cluster", "on_scratch"]
