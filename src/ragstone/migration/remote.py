"""What a cluster keeps beside documents and our own records: its pipelines and templates."""

from __future__ import annotations

from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalStateException, OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.engine.api import ClusterApi
from ragstone.engine.values import ClusterAnswer


def decoded(answer: ClusterAnswer) -> Any:
    """The answer's JSON. Raises the error that it is."""
    try:
        body = json.decode(answer.body)
    except OpenSearchException:
        raise IllegalStateException(f"the cluster answered {answer.status} with something that is no JSON") from None
    if answer.status < 300:
        return body
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        error = {"reason": str(error)}
    raised = _error(error)
    raised.status = answer.status
    raise raised


def _error(error: JsonObject) -> OpenSearchException:
    cause = error.get("caused_by")
    return OpenSearchException(error.get("reason"), cause=_error(cause) if isinstance(cause, dict) else None)


async def pipelines(api: ClusterApi, path: str) -> dict[str, JsonObject]:
    """The cluster's own pipelines by id; none where it has no such API."""
    answer = await api.ask("GET", path, as_service=True)
    if answer.status in (400, 404, 405):
        return {}
    found: dict[str, JsonObject] = decoded(answer)
    return found


async def templates(api: ClusterApi) -> list[str]:
    """Names of the index templates and component templates of a cluster."""
    found = []
    for path, key in (("/_index_template", "index_templates"), ("/_component_template", "component_templates")):
        answer = await api.ask("GET", path, as_service=True)
        if answer.status == 200:
            found += [str(template["name"]) for template in decoded(answer)[key]]
    return sorted(found)
