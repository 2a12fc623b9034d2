"""`/_plugins/_ml/model_groups`."""

from __future__ import annotations

from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.ml.excludes import search_excludes
from ragstone.rest.services import Services

routes = Routes()

_ONE = "/_plugins/_ml/model_groups/{model_group_id}"
_SEARCH = "/_plugins/_ml/model_groups/_search"
_EMPTY = "Model group request has empty body"


@routes.add("POST /_plugins/_ml/model_groups/_register")
async def register(services: Services, request: Request) -> Response:
    id = await services.model_groups.register(request.json(_EMPTY))
    return Response({"model_group_id": id, "status": "CREATED"})


@routes.add(f"GET {_ONE}")
async def get(services: Services, request: Request) -> Response:
    return Response(await services.model_groups.get(request.required("model_group_id")))


@routes.add(f"PUT {_ONE}")
async def update(services: Services, request: Request) -> Response:
    # Differs: an absent body is a 400, where OpenSearch answers 500 with an i_o_exception.
    await services.model_groups.update(request.required("model_group_id"), request.json(_EMPTY))
    return Response({"status": "Updated"})


@routes.add(f"DELETE {_ONE}")
async def delete(services: Services, request: Request) -> Response:
    return Response(await services.model_groups.delete(request.required("model_group_id")))


@routes.add(f"GET {_SEARCH}", f"POST {_SEARCH}")
async def search(services: Services, request: Request) -> Response:
    return Response(await services.model_groups.search(request.content(), search_excludes(request)))
