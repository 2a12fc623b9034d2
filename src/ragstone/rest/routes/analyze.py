"""`_analyze`."""

from __future__ import annotations

from ragstone.dsl.analyze import AnalyzeRequest
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /_analyze", "POST /_analyze", "GET /{index}/_analyze", "POST /{index}/_analyze", parameters=["index"])
async def analyze(services: Services, request: Request) -> Response:
    assert services.analyze is not None, "this route exists on the embedded engine only"
    index = request.param("index")
    asked = AnalyzeRequest.parse(request.object(), index)
    return Response(await services.analyze.analyze(index, asked))
