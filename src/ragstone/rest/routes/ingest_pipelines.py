"""`/_ingest/pipeline`."""

from __future__ import annotations

from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_TIMES = ("cluster_manager_timeout", "master_timeout", "timeout")
_ONE = "/_ingest/pipeline/{id}"


@routes.add(f"PUT {_ONE}", parameters=_TIMES)
async def put(services: Services, request: Request) -> Response:
    await services.ingest.put(request.required("id"), request.object())
    return acknowledged()


@routes.add("GET /_ingest/pipeline", f"GET {_ONE}", parameters=_TIMES, head=False)
async def get(services: Services, request: Request) -> Response:
    found = await services.ingest.get(request.names("id"))
    return Response(found, 200 if found else 404)


@routes.add(f"DELETE {_ONE}", parameters=_TIMES)
async def delete(services: Services, request: Request) -> Response:
    await services.ingest.delete(request.required("id"))
    return acknowledged()


@routes.add(
    "GET /_ingest/pipeline/_simulate",
    "POST /_ingest/pipeline/_simulate",
    f"GET {_ONE}/_simulate",
    f"POST {_ONE}/_simulate",
    parameters=["verbose"],
)
async def simulate(services: Services, request: Request) -> Response:
    body = request.object()
    return Response(await services.ingest.simulate(request.param("id"), body, verbose=request.flag("verbose")))
