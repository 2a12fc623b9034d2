"""`_field_caps`."""

from __future__ import annotations

from ragstone.dsl.search_body import parse_query_body
from ragstone.indices.resolver import IndicesOptions
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.services import Services

routes = Routes()

_OPEN_ONLY = IndicesOptions(forbid_closed=False)


@routes.add(
    "GET /_field_caps",
    "POST /_field_caps",
    "GET /{index}/_field_caps",
    "POST /{index}/_field_caps",
    parameters=[*TARGETS, "fields", "include_unmapped"],
)
async def field_caps(services: Services, request: Request) -> Response:
    patterns = request.names("fields")
    content = request.json_or(None) if patterns else None  # that they are missing is told first
    answer = await services.field_caps.field_caps(
        request.param("index"),
        patterns,
        index_filter=parse_query_body(content, "index_filter") if content is not None else None,
        include_unmapped=request.flag("include_unmapped"),
        options=indices_options(request, _OPEN_ONLY),
    )
    return Response(answer)
