"""`_alias` and `_aliases`."""

from __future__ import annotations

from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.indices.access import require_on
from ragstone.indices.aliases import AliasAction, alias_body, parse_alias_actions
from ragstone.indices.service import ADMIN
from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.routes.indices import TARGETS, TIMEOUTS, indices_options
from ragstone.rest.services import Services

routes = Routes()


@routes.add("POST /_aliases", parameters=TIMEOUTS)
async def update_aliases(services: Services, request: Request) -> Response:
    await services.indices.update_aliases(parse_alias_actions(request.json()))
    return acknowledged()


@routes.add(
    "PUT /{index}/_alias/{name}",
    "POST /{index}/_alias/{name}",
    "PUT /{index}/_aliases/{name}",
    "POST /{index}/_aliases/{name}",
    parameters=TIMEOUTS,
)
async def put_alias(services: Services, request: Request) -> Response:
    body = alias_body(request.json_or({}))
    action = AliasAction("add", (request.required("index"),), (request.required("name"),), body)
    await services.indices.update_aliases([action])
    return acknowledged()


@routes.add("DELETE /{index}/_alias/{name}", "DELETE /{index}/_aliases/{name}", parameters=TIMEOUTS)
async def delete_alias(services: Services, request: Request) -> Response:
    names = tuple(request.names("name"))
    await services.indices.update_aliases([AliasAction("remove", (request.required("index"),), names, {})])
    return acknowledged()


@routes.add(
    "GET /_alias",
    "GET /_aliases",
    "GET /_alias/{name}",
    "GET /{index}/_alias",
    "GET /{index}/_alias/{name}",
    parameters=[*TARGETS, "local"],
)
async def get_alias(services: Services, request: Request) -> Response:
    options = indices_options(request, ADMIN)
    if request.param("index") is None:
        require_on(["*"], "indices:admin/aliases/get")
    found = await services.indices.show(request.param("index"), options, action="indices:admin/aliases/get")
    names = [] if request.param("name") in (None, "_all", "*") else request.names("name")
    shown: JsonObject = {}
    seen: set[str] = set()
    for index in found:
        aliases = {
            alias: body
            for alias, body in sorted(index.aliases.items())
            if not names or any(matches(name, alias) for name in names)
        }
        seen.update(aliases)
        if aliases or not names:
            shown[index.name] = {"aliases": aliases}
    missing = [name for name in names if "*" not in name and name not in seen]
    if missing:
        kind = "alias" if len(missing) == 1 else "aliases"
        error = {"error": f"{kind} [{','.join(missing)}] missing", "status": 404}
        return Response({**error, **shown}, status=404)
    return Response(shown)
