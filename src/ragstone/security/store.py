"""Where the configuration of security is kept, and its form in memory.

One record for each kind of entity: what is listed is always one consistent picture, and whoever changes a kind knows
that nobody else has changed it meanwhile. What belongs to the product is not in the records, but in `builtin`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ragstone.core.errors import VersionConflictEngineException
from ragstone.engine.api import RecordStore
from ragstone.engine.values import Record
from ragstone.security.builtin import BUILTIN, first_configuration
from ragstone.security.entities import Entities, Entity, Kind, kept, read
from ragstone.security.model import SecurityConfiguration
from ragstone.security.refusals import refused

RECORDS = "security"
"""The kind of the records; each is named as the kind of entity that it holds, by name."""
_ATTEMPTS = 20
"""How often a change is made anew because others were quicker."""

OnChange = Callable[[Kind, Sequence[str]], None]


class SecurityStore:
    """The configuration, kept in an engine's records. `start` comes first. Belongs to one event loop.

    `on_change` hears of every change that is made here, with the names of what was changed.

    Several nodes may share the records. A node sees its own changes at once, those of others when it calls `refresh`.
    """

    def __init__(self, records: RecordStore, on_change: OnChange | None = None) -> None:
        self._records = records
        self._on_change = on_change
        self._versions: dict[Kind, int] = {}
        self._entities: dict[Kind, Entities] = dict(BUILTIN)
        self._current = _configuration(self._entities, generation=0)
        self._changing = asyncio.Lock()

    @property
    def current(self) -> SecurityConfiguration:
        return self._current

    def entities(self, kind: Kind) -> Entities:
        """All of a kind at this moment, by name."""
        return self._entities[kind]

    async def start(self, initial_admin_hash: str | None) -> bool:
        """Reads what is kept. Where nothing is, writes what everybody begins with; then it is True.

        `initial_admin_hash` is that of the first admin's password; with None nobody can log in with one.
        """
        await self.refresh()
        began = False
        for kind, entities in first_configuration(initial_admin_hash).items():
            if kind not in self._versions:
                written = await self._write(kind, entities, version=0)
                began = began or (written and kind is Kind.USERS)
        await self.refresh()
        return began

    async def refresh(self) -> None:
        """Take what others that share the records have changed."""
        self._take(await self._records.list_records(RECORDS))

    async def change(self, kind: Kind, edit: Callable[[Entities], Entities]) -> None:
        """Put what `edit` makes of all entities of a kind in their place; `current` has it when this returns.

        Several changes are made one after the other, also those of other nodes, so `edit` may be called more than once;
        what it raises is raised, and changes nothing. Entities that belong to the product stay as they are.
        Raises Refusal (409) when others are always quicker.
        """
        async with self._changing:
            for _ in range(_ATTEMPTS):
                before = self._entities[kind]
                if await self._write(kind, edit(before), version=self._versions.get(kind, 0)):
                    self._tell(kind, before, self._entities[kind])
                    return
                await self.refresh()
        raise refused(409, f"[{kind}]: version conflict, too many others are changing it")

    def _tell(self, kind: Kind, before: Entities, after: Entities) -> None:
        if self._on_change is not None:
            self._on_change(kind, sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n)))

    async def _write(self, kind: Kind, entities: Entities, *, version: int) -> bool:
        """Whether they are kept now; False when somebody else has changed the kind since `version`."""
        own = {name: kept(entity) for name, entity in entities.items() if name not in BUILTIN[kind]}
        try:
            self._take([await self._records.put_record(RECORDS, kind, own, if_version=version)])
        except VersionConflictEngineException:
            return False
        return True

    def _take(self, records: Iterable[Record]) -> None:
        """What is newer than what we have. An answer that was overtaken by a later one is passed over."""
        changed = False
        for record in records:
            kind = Kind(record.name)
            if record.version > self._versions.get(kind, 0):
                self._versions[kind] = record.version
                self._entities[kind] = _entities(kind, record.value)
                changed = True
        if changed:
            self._current = _configuration(self._entities, self._current.generation + 1)


def _entities(kind: Kind, value: Mapping[str, Any]) -> Entities:
    own: dict[str, Entity] = {name: read(kind, content) for name, content in value.items()}
    return MappingProxyType({**own, **BUILTIN[kind]})


def _configuration(entities: Mapping[Kind, Any], generation: int) -> SecurityConfiguration:
    return SecurityConfiguration(
        internal_users=entities[Kind.USERS],
        roles=entities[Kind.ROLES],
        roles_mapping=entities[Kind.MAPPINGS],
        action_groups=entities[Kind.ACTION_GROUPS],
        tenants=entities[Kind.TENANTS],
        generation=generation,
    )
