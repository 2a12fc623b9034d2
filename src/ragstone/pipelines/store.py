"""Named pipeline definitions in the engine's records, and their compiled form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ragstone.core.errors import ResourceNotFoundException
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import RecordStore

P = TypeVar("P")


class PipelineStore(Generic[P]):
    """Pipelines of one kind. The stored body is what the client sent, word for word.

    Compiled pipelines are cached by the record's version, so a replaced one is compiled anew at its next use.
    """

    def __init__(self, engine: RecordStore, kind: str, compile: Callable[[str, JsonObject], P]) -> None:
        self._engine = engine
        self._kind = kind
        self._compile = compile
        self._cache: dict[str, tuple[int, P]] = {}

    async def put(self, id: str, body: JsonObject) -> None:
        """Store or replace. Raises the definition's first fault, and stores nothing then."""
        self._compile(id, body)
        await self._engine.put_record(self._kind, id, body)

    async def bodies(self, patterns: Sequence[str]) -> dict[str, JsonObject]:
        """Definitions whose id one of the patterns describes, by id; no patterns means all."""
        found = await self._engine.list_records(self._kind)
        return {
            record.name: record.value
            for record in found
            if not patterns or any(pattern == "_all" or matches(pattern, record.name) for pattern in patterns)
        }

    async def names(self) -> frozenset[str]:
        return frozenset(record.name for record in await self._engine.list_records(self._kind))

    async def delete(self, pattern: str) -> None:
        """Remove what one id or pattern describes. Raises ResourceNotFoundException when that is nothing, but for `*`.

        `Differs:` 404 also while no pipeline has ever been stored.
        """
        found = [r.name for r in await self._engine.list_records(self._kind) if matches(pattern, r.name)]
        if not found and pattern != "*":
            raise ResourceNotFoundException(f"pipeline [{pattern}] is missing")
        for name in found:
            await self._engine.delete_record(self._kind, name)
            self._cache.pop(name, None)

    async def get(self, id: str) -> P | None:
        """The compiled pipeline, or None when there is none of that id."""
        record = await self._engine.get_record(self._kind, id)
        if record is None:
            self._cache.pop(id, None)
            return None
        cached = self._cache.get(id)
        if cached is None or cached[0] != record.version:
            cached = (record.version, self._compile(id, record.value))
            self._cache[id] = cached
        return cached[1]
