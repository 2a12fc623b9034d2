"""Templates of indices. They come last: an index that is moved is as it was, whatever templates there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ragstone.core.errors import OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.indices.templates.model import ComponentTemplate, IndexTemplate, LegacyTemplate
from ragstone.indices.templates.service import COMPONENT, INDEX, LEGACY
from ragstone.migration import remote
from ragstone.migration.report import RecordReport
from ragstone.migration.sides import Side

_PATHS = {COMPONENT: "/_component_template", INDEX: "/_index_template", LEGACY: "/_template"}
"""Components come before the templates that use them."""
_PARSE: Mapping[str, Callable[[Any], ComponentTemplate | IndexTemplate | LegacyTemplate]] = {
    COMPONENT: ComponentTemplate.parse,
    INDEX: IndexTemplate.parse,
    LEGACY: LegacyTemplate.parse,
}


async def move_templates(source: Side, target: Side, *, dry_run: bool = False) -> tuple[list[RecordReport], list[str]]:
    """Bring every template over; one that is there with another value stays, and is told. Repeatable.

    The second list has notes about those that stay at the source: data streams there are none here.
    """
    moved, notes = [], []
    for kind in _PATHS:
        found, unfit = await _templates(source, kind)
        there, others = await _templates(target, kind)
        if unfit:
            notes.append(f"templates stay at the source, they are for data streams: {', '.join(sorted(unfit))}")
        for name, value in sorted(found.items()):
            if name in there or name in others:
                same = there.get(name) == value
                reason = "" if same else "the target has another one of this name"
                moved.append(RecordReport(kind, name, "same" if same else "refused", reason))
            else:
                moved.append(await _put(target, kind, name, value, dry_run=dry_run))
    return moved, notes


async def _templates(side: Side, kind: str) -> tuple[dict[str, JsonObject], list[str]]:
    """Those of a kind, all written in one way; and names of those that nobody here can read."""
    if side.api is None:
        return {record.name: record.value for record in await side.engine.list_records(kind)}, []
    found, unfit = {}, []
    for name, body in (await remote.templates(side.api, _PATHS[kind], kind)).items():
        try:
            found[name] = _PARSE[kind](body).to_json(flat=True)
        except OpenSearchException:
            unfit.append(name)
    return found, unfit


async def _put(target: Side, kind: str, name: str, value: JsonObject, *, dry_run: bool) -> RecordReport:
    if dry_run:
        return RecordReport(kind, name, "moved")
    try:
        if target.api is None:
            await target.engine.put_record(kind, name, value, if_version=0)
        else:
            await target.api.call("PUT", f"{_PATHS[kind]}/{quote(name, safe='')}", value, as_service=True)
    except OpenSearchException as error:
        return RecordReport(kind, name, "refused", str(error.reason))
    return RecordReport(kind, name, "moved")
