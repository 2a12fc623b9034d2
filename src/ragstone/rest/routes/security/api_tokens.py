"""API keys: `/_plugins/_security/api/apitokens`. There where they are switched on."""

from __future__ import annotations

import re
from typing import Any

from ragstone.core.xcontent import JsonObject
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.security.access import for_administrators, sender
from ragstone.rest.routes.security.entities import PREFIXES
from ragstone.security import content
from ragstone.security.api_keys import ApiKeys, TooManyKeys
from ragstone.security.entities import Kind
from ragstone.security.model import IndexPermission
from ragstone.security.refusals import invalid, not_found
from ragstone.security.service import SecurityService

routes = Routes()

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_RULES = content.Rules(
    {"name": "String", "cluster_permissions": "Array", "index_permissions": "Array"}, mandatory=("name",)
)
_INDEX_PERMISSION = {"index_pattern", "allowed_actions"}


@routes.add(*(f"GET {prefix}/apitokens" for prefix in PREFIXES))
@for_administrators
async def list_all(security: SecurityService, request: Request) -> Response:
    return Response([key.shown() for key in _keys(security).listed()])


@routes.add(*(f"POST {prefix}/apitokens" for prefix in PREFIXES))
@for_administrators
async def create(security: SecurityService, request: Request) -> Response:
    given = content.parse(request.body)
    duration = _duration(given.pop("duration_seconds", None), security) if isinstance(given, dict) else None
    given = content.checked(given, _RULES)
    if not _NAME.fullmatch(given["name"]):
        raise invalid("Invalid configuration", {"name": "Letters, digits, _ and - expected"})
    cluster, indices = _permissions(given)
    try:
        key, text = await _keys(security).create(
            given["name"], cluster, indices, duration=duration, created_by=sender().name
        )
    except TooManyKeys:
        limit = security.settings.api_keys.max_keys
        message = f"The limit of {limit} API tokens is reached. Revoke some, or wait until they expire."
        return Response({"status": "TOO_MANY_REQUESTS", "message": message}, 429)
    _note(security, key.id)
    return Response({"id": key.id, "token": text})


@routes.add(*(f"DELETE {prefix}/apitokens/{{id}}" for prefix in PREFIXES))
@for_administrators
async def revoke(security: SecurityService, request: Request) -> Response:
    id = request.required("id")
    if not await _keys(security).revoke(id):
        raise not_found("token", id)
    _note(security, id)
    return Response({"message": f"Token {id} revoked successfully."})


def _keys(security: SecurityService) -> ApiKeys:
    if security.api_keys is None:
        raise TypeError("routed without API keys")
    return security.api_keys


def _duration(value: Any, security: SecurityService) -> int | None:
    longest = security.settings.api_keys.max_duration
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= longest:
        raise invalid("Invalid configuration", {"duration_seconds": f"Number from 1 to {longest} expected"})
    return value


def _permissions(given: JsonObject) -> tuple[tuple[str, ...], tuple[IndexPermission, ...]]:
    """The permissions of a key, by the rules for those of a role. Raises Refusal."""
    role: JsonObject = {"cluster_permissions": given.get("cluster_permissions", []), "index_permissions": []}
    for each in given.get("index_permissions", []):
        if not isinstance(each, dict):
            raise invalid("Invalid configuration", {"index_permissions": "Array of objects expected"})
        unknown = sorted(each.keys() - _INDEX_PERMISSION)
        if unknown:
            raise invalid("Invalid configuration", {"invalid_keys": {"keys": ",".join(unknown)}})
        role["index_permissions"].append(
            {"index_patterns": each.get("index_pattern", []), "allowed_actions": each.get("allowed_actions", [])}
        )
    checked = content.checked_entity(Kind.ROLES, role)
    return tuple(checked["cluster_permissions"]), tuple(
        IndexPermission(tuple(each["index_patterns"]), tuple(each["allowed_actions"]))
        for each in checked["index_permissions"]
    )


def _note(security: SecurityService, id: str) -> None:
    if security.audit is not None:
        security.audit.record("API_TOKEN_WRITE", user=sender().name, audit_trace_doc_id=[id])
