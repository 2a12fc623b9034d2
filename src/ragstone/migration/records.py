"""Named state that is no document: pipelines, persistent settings, users and their rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ragstone.pipelines.ingest.processors
import ragstone.pipelines.search.phase_results
import ragstone.pipelines.search.request
import ragstone.pipelines.search.response  # noqa: F401  (registers them, as do the others)
from ragstone.core.errors import VersionConflictEngineException
from ragstone.core.json import JsonObject
from ragstone.engine.api import RecordStore
from ragstone.engine.values import Record
from ragstone.migration import remote
from ragstone.migration.report import RecordReport
from ragstone.migration.sides import Side
from ragstone.pipelines.processor import (
    ingest_processors,
    phase_results_processors,
    request_processors,
    response_processors,
)
from ragstone.security.store import RECORDS as SECURITY

_SETTINGS = "cluster_settings"
KINDS = ("ingest_pipeline", "search_pipeline", _SETTINGS, SECURITY)
"""Every kind of record that services keep."""
_OF_MANY = (_SETTINGS, SECURITY)
"""Those whose records hold many things by name."""
_OWN_PIPELINES = {"ingest_pipeline": "/_ingest/pipeline", "search_pipeline": "/_search/pipeline"}
"""Where a cluster shows those that it runs itself."""
_PROCESSORS: Mapping[str, Sequence[tuple[str, Any]]] = {
    "ingest_pipeline": [("processors", ingest_processors), ("on_failure", ingest_processors)],
    "search_pipeline": [
        ("request_processors", request_processors),
        ("phase_results_processors", phase_results_processors),
        ("response_processors", response_processors),
    ],
}
"""Members of a pipeline's definition, and who knows the processors in them."""


async def move_records(source: Side, target: Side, *, dry_run: bool = False) -> list[RecordReport]:
    """Bring every record over; one that is there with another value stays, and is told. Repeatable."""
    moved = []
    for kind in KINDS:
        for record in await source.engine.list_records(kind):
            moved.append(await _move(record, target.engine, dry_run))
    if source.api is not None and target.api is None:
        moved += await _adopt_pipelines(source, target, {(report.kind, report.name) for report in moved}, dry_run)
    return moved


async def _adopt_pipelines(
    source: Side, target: Side, known: set[tuple[str, str]], dry_run: bool
) -> list[RecordReport]:
    """Those that the cluster itself runs, where our processors can do the same."""
    assert source.api is not None
    adopted = []
    for kind, path in _OWN_PIPELINES.items():
        for name, body in sorted((await remote.pipelines(source.api, path)).items()):
            if (kind, name) in known:
                continue
            missing = sorted(set(_unknown_processors(kind, body)))
            if missing:
                reason = f"there is no processor {', '.join(f'[{type}]' for type in missing)} here"
                adopted.append(RecordReport(kind, name, "refused", reason))
            else:
                adopted.append(await _move(Record(kind, name, body, 1), target.engine, dry_run))
    return adopted


def _unknown_processors(kind: str, body: JsonObject) -> Iterator[str]:
    for member, registry in _PROCESSORS[kind]:
        for processor in body.get(member) or ():
            for type, options in processor.items():
                if type not in registry:
                    yield type
                if isinstance(options, dict):
                    yield from _unknown_processors(kind, {"on_failure": options.get("on_failure")})


async def _move(record: Record, target: RecordStore, dry_run: bool) -> RecordReport:
    kind, name = record.kind, record.name
    there = await target.get_record(kind, name)
    value, version, reason = record.value, 0, ""
    if there is not None:
        if there.value == value:
            return RecordReport(kind, name, "same")
        if kind not in _OF_MANY:
            return RecordReport(kind, name, "refused", "the target has another one of this name")
        # Those that nobody has set there come, the others stay as they are.
        differing = sorted(key for key in value if key in there.value and there.value[key] != value[key])
        if differing:
            reason = f"the target keeps its own values of {', '.join(f'[{key}]' for key in differing)}"
        value, version = {**value, **there.value}, there.version
        if value == there.value:
            return RecordReport(kind, name, "refused" if reason else "same", reason)
    if not dry_run:
        try:
            await target.put_record(kind, name, value, if_version=version)
        except VersionConflictEngineException:
            return RecordReport(kind, name, "refused", "somebody else changed it just now: start again")
    return RecordReport(kind, name, "moved", reason)


__all__ = ["KINDS", "move_records"]
