"""`_resolve/index`."""

from __future__ import annotations

from ragstone.indices.resolver import IndicesOptions
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /_resolve/index/{index}", parameters=["expand_wildcards"])
async def resolve_index(services: Services, request: Request) -> Response:
    options = IndicesOptions().with_expansion(request.query.get("expand_wildcards"))
    return Response(await services.indices.resolve_index(request.required("index"), options))
