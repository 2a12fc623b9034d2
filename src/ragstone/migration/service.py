"""A migration as a whole: which indices, in which order, and what is told in the end.

Records first, then each index: made, copied, counted and compared, and only then given its aliases and blocks. What
stops one index stops no other. Killed at any moment, the next run finds in the state file what is acknowledged, and
goes on behind it.
"""

from __future__ import annotations

import asyncio

from ragstone.core.clock import Clock
from ragstone.core.errors import NoNodeAvailableException, OpenSearchException
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.values import IndexMetadata
from ragstone.migration.definition import Attempt, Definition, faults, innermost
from ragstone.migration.fields import Fields
from ragstone.migration.index import IndexMigration
from ragstone.migration.records import move_records
from ragstone.migration.report import IndexPlan, IndexReport, Refused, Report
from ragstone.migration.scripts import move_scripts
from ragstone.migration.sides import Progress, Side, Silent
from ragstone.migration.state import MigrationState
from ragstone.migration.templates import move_templates
from ragstone.migration.writing import DocumentRefused, Limits, Sleep, Writer
from ragstone.ml.memory.model import MEMORY_MESSAGE, MEMORY_META
from ragstone.ml.system_indices import CONNECTOR, MODEL, MODEL_GROUP, TASK

_SYSTEM = frozenset(index.name for index in (CONNECTOR, MODEL_GROUP, MODEL, TASK, MEMORY_META, MEMORY_MESSAGE))


class Migration:
    """Moves everything from `source` to `target`; the source stays as it is. `state` is for this one alone."""

    def __init__(
        self,
        source: Side,
        target: Side,
        state: MigrationState,
        pools: ThreadPools,
        clock: Clock,
        *,
        progress: Progress | None = None,
        sleep: Sleep = asyncio.sleep,
        limits: Limits | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._state = state
        self._pools = pools
        self._clock = clock
        self._progress = progress or Silent()
        self._limits = limits or Limits()
        self._writer = Writer(target.engine, self._limits, sleep)

    async def run(self) -> Report:
        """Do it, or go on with it. Raises NoNodeAvailableException when an end is gone: start again then."""
        started = self._clock.monotonic()
        report = Report(self._source.name, self._target.name, resumed=self._state.resumed)
        indices, report.notes = await self._chosen()
        if self._state.resumed:
            self._progress.say(self._how_far(indices))
        done = sum(state.copied.documents for state in self._state.indices.values())
        self._progress.planned(sum([await self._documents(index) for index in indices]), done)
        report.records = await move_records(self._source, self._target)
        report.records += await move_scripts(self._source, self._target)
        for index in indices:
            report.indices.append(await self._index(index, report))
        templates, notes = await move_templates(self._source, self._target)
        report.records += templates
        report.notes += notes
        report.seconds = self._clock.monotonic() - started
        if not report.problems:
            await self._pools.run("write", self._state.remove)
        return report

    async def plan(self, attempt: Attempt) -> Report:
        """What `run` would do, and what would differ. Writes nothing to either end."""
        report = Report(self._source.name, self._target.name, resumed=self._state.resumed, plans=[])
        indices, report.notes = await self._chosen()
        report.records = await move_records(self._source, self._target, dry_run=True)
        report.records += await move_scripts(self._source, self._target, dry_run=True)
        templates, notes = await move_templates(self._source, self._target, dry_run=True)
        report.records += templates
        report.notes += notes
        assert report.plans is not None
        for index in indices:
            report.plans.append(await self._plan(index, attempt))
        return report

    # ── which ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _chosen(self) -> tuple[list[IndexMetadata], list[str]]:
        """The indices to be moved, by name, and notes about what stays."""
        every = sorted((await self._source.engine.metadata()).indices.values(), key=lambda index: index.name)
        notes = []
        chosen = every
        if self._source.api is not None:
            # A cluster keeps its own business (security, tasks, dashboards) in indices with a dot.
            chosen = [index for index in every if not index.name.startswith(".") or index.name in _SYSTEM]
            left = [index.name for index in every if index not in chosen]
            if left:
                notes.append(f"indices of the cluster itself stay where they are: {', '.join(left)}")
        return chosen, notes

    async def _documents(self, index: IndexMetadata) -> int:
        if not index.open:
            return 0
        try:
            await self._source.engine.refresh([index.name])  # so that all are counted
            return (await self._source.engine.stats(index.name)).documents
        except OpenSearchException:
            return 0  # it is told when its turn comes

    def _how_far(self, indices: list[IndexMetadata]) -> str:
        known = [state for index in indices if (state := self._state.indices.get(index.name)) is not None]
        arrived = sum(state.report is not None for state in known)
        copied = sum(state.copied.documents for state in known)
        return f"going on: {arrived} of {len(indices)} indices and {copied} documents were moved before"

    # ── one index ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _index(self, index: IndexMetadata, report: Report) -> IndexReport | Refused:
        one = IndexMigration(
            index, self._source, self._target, self._state, self._pools, self._writer, self._limits, self._progress
        )
        try:
            found = await one.run()
        except NoNodeAvailableException:
            raise
        except DocumentRefused as refusal:
            cause = f"document [{refusal.id}]: {innermost(refusal.error)}"
            return self._stopped(Refused(index.name, refusal.error.type_name(), cause))
        except OpenSearchException as error:
            return self._stopped(Refused.of(index.name, error))
        finally:
            report.moved += one.moved
        return found

    def _stopped(self, refused: Refused) -> Refused:
        self._progress.say(f"{refused.name}: stopped, {refused.reason}")
        return refused

    async def _plan(self, index: IndexMetadata, attempt: Attempt) -> IndexPlan:
        definition = Definition.of(index)
        refused: list[str] = []
        notes: list[str] = []
        documents, size = await self._documents(index), 0
        try:
            stats = await self._source.engine.stats(index.name)
            size = stats.size
        except OpenSearchException as error:
            refused.append(innermost(error))
        if not index.open:
            refused.append("it is closed: open it at the source first")
        there = await self._target.index(index.name)
        if there is not None and index.name in self._state.indices:
            notes.append("begun by an unfinished migration, which would go on")
        elif there is not None:
            refused.append("it exists at the target, and was not begun by this migration")
        names = (await self._target.engine.metadata()).indices
        refused += [f"alias [{alias}] is the name of an index there" for alias in definition.aliases if alias in names]
        unfit, left_out = await faults(definition, attempt)
        notes += [f"setting [{key}] is not known there and would be left out" for key in left_out]
        notes += await self._notes(definition)
        return IndexPlan(index.name, documents, size, refused + unfit, notes)

    async def _notes(self, definition: Definition) -> list[str]:
        vectors = Fields.of(definition.mappings).vectors
        notes = [f"vectors of [{name}] are searched by [{engine}] there, too" for name, engine in vectors.items()]
        others = (await self._target.engine.metadata()).indices
        for alias in definition.aliases:
            also = [name for name, other in others.items() if alias in other.aliases and name != definition.name]
            if also:
                notes.append(f"alias [{alias}] leads to {', '.join(f'[{name}]' for name in also)} there already")
        return notes


__all__ = ["Migration"]
