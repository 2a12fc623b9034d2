"""Users, roles, mappings, action groups, tenants: `/_plugins/_security/api/<kind>[/{name}]`."""

from __future__ import annotations

from collections.abc import Iterable

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.security.access import for_administrators
from ragstone.security import content
from ragstone.security.administration import Done
from ragstone.security.entities import Kind
from ragstone.security.refusals import not_found, refused
from ragstone.security.service import SecurityService

routes = Routes()

PREFIXES = ("/_plugins/_security/api", "/_opendistro/_security/api")
_ALIASES = {Kind.USERS: "user", Kind.ACTION_GROUPS: "actiongroup"}
"""Older names, which have no PATCH."""


_SUGGESTED = ("filter_path",)


def done(what: Done) -> Response:
    if what.created:
        return Response({"status": "CREATED", "message": what.message}, 201)
    return Response({"status": "OK", "message": what.message})


def _targets(kind: Kind, methods: Iterable[str], rest: str) -> list[str]:
    names = [kind.value]
    if kind in _ALIASES and "PATCH" not in methods:
        names.append(_ALIASES[kind])
    return [f"{method} {prefix}/{name}{rest}" for method in methods for prefix in PREFIXES for name in names]


def _add(kind: Kind) -> None:
    filters = ("filterBy",) if kind is Kind.USERS else ()

    @routes.add(*_targets(kind, ["GET"], ""), parameters=filters, suggested=_SUGGESTED, head=False)
    @for_administrators
    async def list_all(security: SecurityService, request: Request) -> Response:
        if request.query.get("filterBy", "").lower() == "service":
            return Response({})  # accounts of services are not made here
        return Response(security.administration.shown(kind))

    @routes.add(*_targets(kind, ["GET"], "/{name}"), parameters=filters, suggested=_SUGGESTED, head=False)
    @for_administrators
    async def get(security: SecurityService, request: Request) -> Response:
        return Response(security.administration.shown(kind, request.required("name")))

    @routes.add(*_targets(kind, ["PUT"], "/{name}"))
    @for_administrators
    async def put(security: SecurityService, request: Request) -> Response:
        given = content.parse(request.body)
        return done(await security.administration.put(kind, request.required("name"), given))

    @routes.add(*_targets(kind, ["DELETE"], "/{name}"))
    @for_administrators
    async def delete(security: SecurityService, request: Request) -> Response:
        return done(await security.administration.delete(kind, request.required("name")))

    @routes.add(*_targets(kind, ["PATCH"], "/{name}"))
    @for_administrators
    async def patch(security: SecurityService, request: Request) -> Response:
        return done(await security.administration.patch(kind, request.required("name"), _patch_of(request)))

    @routes.add(*_targets(kind, ["PATCH"], ""))
    @for_administrators
    async def patch_all(security: SecurityService, request: Request) -> Response:
        return done(await security.administration.patch_all(kind, _patch_of(request)))


for _kind in Kind:
    _add(_kind)


@routes.add(*_targets(Kind.USERS, ["POST"], "/{name}/authtoken"))
@for_administrators
async def authtoken(security: SecurityService, request: Request) -> Response:
    """Tokens are for accounts of services, of which there are none."""
    name = request.required("name")
    if name not in security.configuration.internal_users:
        raise not_found(Kind.USERS.singular, name)
    raise refused(400, "An auth token could not be generated for the specified account.")


def _patch_of(request: Request) -> object:
    if not request.body.strip():
        raise refused(400, "Wrong request body")
    try:
        return json.decode_strict(request.body)
    except OpenSearchException as error:
        raise refused(400, f"Error in JSON patch: {error.reason}") from None
