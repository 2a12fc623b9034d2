"""`/_plugins/_ml/connectors`."""

from __future__ import annotations

from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.ml.excludes import search_excludes
from ragstone.rest.services import Services

routes = Routes()

_ONE = "/_plugins/_ml/connectors/{connector_id}"
_SEARCH = "/_plugins/_ml/connectors/_search"


@routes.add("POST /_plugins/_ml/connectors/_create")
async def create(services: Services, request: Request) -> Response:
    # Differs: an absent body is a 400, where OpenSearch answers 500 with an i_o_exception.
    body = request.json("Create Connector request has empty body")
    return Response({"connector_id": await services.connectors.create(body)})


@routes.add(f"GET {_ONE}", parameters=["return_content"])
async def get(services: Services, request: Request) -> Response:
    request.flag("return_content")
    return Response((await services.connectors.get(request.required("connector_id"))).to_json())


@routes.add(f"PUT {_ONE}")
async def update(services: Services, request: Request) -> Response:
    body = request.json("Failed to update connector: Request body is empty")
    return Response(await services.connectors.update(request.required("connector_id"), body))


@routes.add(f"DELETE {_ONE}")
async def delete(services: Services, request: Request) -> Response:
    return Response(await services.connectors.delete(request.required("connector_id")))


@routes.add(f"GET {_SEARCH}", f"POST {_SEARCH}")
async def search(services: Services, request: Request) -> Response:
    return Response(await services.connectors.search(request.content(), search_excludes(request)))
