"""`/_search/pipeline`."""

from __future__ import annotations

from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_TIMES = ("cluster_manager_timeout", "master_timeout", "timeout")
_ONE = "/_search/pipeline/{id}"


@routes.add(f"PUT {_ONE}", parameters=_TIMES)
async def put(services: Services, request: Request) -> Response:
    await services.search_pipelines.put(request.required("id"), request.object())
    return acknowledged()


@routes.add("GET /_search/pipeline", f"GET {_ONE}", parameters=_TIMES, head=False)
async def get(services: Services, request: Request) -> Response:
    found = await services.search_pipelines.get(request.names("id"))
    return Response(found, 200 if found else 404)


@routes.add(f"DELETE {_ONE}", parameters=_TIMES)
async def delete(services: Services, request: Request) -> Response:
    await services.search_pipelines.delete(request.required("id"))
    return acknowledged()
