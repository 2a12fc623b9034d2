"""`_scripts`: stored scripts and search templates."""

from __future__ import annotations

from ragstone.cluster.stored_scripts import parse_stored_script
from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_TIMEOUTS = ("timeout", "cluster_manager_timeout", "master_timeout")


@routes.add(
    "PUT /_scripts/{id}",
    "POST /_scripts/{id}",
    "PUT /_scripts/{id}/{context}",
    "POST /_scripts/{id}/{context}",
    parameters=[*_TIMEOUTS, "context"],
    suggested=(),
    outlives_client=True,
)
async def put(services: Services, request: Request) -> Response:
    script = parse_stored_script(request.json())
    size = len(request.content())
    await services.scripts.put(request.required("id"), script, size, context=request.param("context"))
    return acknowledged()


@routes.add("GET /_scripts/{id}", parameters=_TIMEOUTS, suggested=())
async def get(services: Services, request: Request) -> Response:
    id = request.required("id")
    script = await services.scripts.get(id)
    if script is None:
        return Response({"_id": id, "found": False}, status=404)
    return Response({"_id": id, "found": True, "script": script.to_json()})


@routes.add("DELETE /_scripts/{id}", parameters=_TIMEOUTS, suggested=(), outlives_client=True)
async def delete(services: Services, request: Request) -> Response:
    await services.scripts.delete(request.required("id"))
    return acknowledged()
