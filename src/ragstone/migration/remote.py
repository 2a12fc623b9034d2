"""What a cluster keeps beside documents and our own records: its pipelines, templates and scripts."""

from __future__ import annotations

from ragstone.core.errors import OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.engine.api import ClusterApi

_NOT_THERE = (400, 404, 405)
"""Status where a cluster has no such API, or none of what it lists."""


async def pipelines(api: ClusterApi, path: str) -> dict[str, JsonObject]:
    """The cluster's own pipelines by id."""
    found: dict[str, JsonObject] = await _listed(api, path) or {}
    return found


async def templates(api: ClusterApi, path: str, kind: str) -> dict[str, JsonObject]:
    """The cluster's templates of one kind by name. `kind` is what a template stands under where they are listed."""
    listed = await _listed(api, path) or {}
    if f"{kind}s" not in listed:  # the oldest kind is listed by name
        return dict(listed)
    return {str(template["name"]): template[kind] for template in listed[f"{kind}s"]}


async def scripts(api: ClusterApi) -> dict[str, JsonObject]:
    """Stored scripts by id. None where a cluster does not show its state."""
    state = await _listed(api, "/_cluster/state/metadata?filter_path=metadata.stored_scripts") or {}
    found: dict[str, JsonObject] = (state.get("metadata") or {}).get("stored_scripts") or {}
    return found


async def _listed(api: ClusterApi, path: str) -> JsonObject | None:
    try:
        listed: JsonObject = await api.call("GET", path, as_service=True)
    except OpenSearchException as error:
        if error.status not in _NOT_THERE:
            raise
        return None
    return listed
