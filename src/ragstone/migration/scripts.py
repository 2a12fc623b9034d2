"""Stored scripts and search templates: records here, and part of its own state in a cluster."""

from __future__ import annotations

from urllib.parse import quote

from ragstone.cluster.stored_scripts import RECORDS
from ragstone.core.errors import OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.migration import remote
from ragstone.migration.report import RecordReport
from ragstone.migration.sides import Side


async def move_scripts(source: Side, target: Side, *, dry_run: bool = False) -> list[RecordReport]:
    """Bring every script over; one that is there with other words stays, and is told. Repeatable."""
    there = await _scripts(target)
    return [await _move(name, script, there, target, dry_run) for name, script in (await _scripts(source)).items()]


async def _scripts(side: Side) -> dict[str, JsonObject]:
    if side.api is not None:
        return await remote.scripts(side.api)
    return {record.name: record.value for record in await side.engine.list_records(RECORDS)}


async def _move(
    name: str, script: JsonObject, there: dict[str, JsonObject], target: Side, dry_run: bool
) -> RecordReport:
    if name in there:
        same = there[name] == script
        reason = "" if same else "the target has another one of this name"
        return RecordReport(RECORDS, name, "same" if same else "refused", reason)
    if not dry_run:
        try:
            await _put(name, script, target)
        except OpenSearchException as refusal:
            return RecordReport(RECORDS, name, "refused", refusal.reason or refusal.type_name())
    return RecordReport(RECORDS, name, "moved")


async def _put(name: str, script: JsonObject, target: Side) -> None:
    if target.api is not None:
        await target.api.call("PUT", f"/_scripts/{quote(name, safe='')}", {"script": script}, as_service=True)
    else:
        await target.engine.put_record(RECORDS, name, script, if_version=0)


__all__ = ["move_scripts"]
