"""`_search/scroll`."""

from __future__ import annotations

from ragstone.dsl.context_ids import ScrollRequest, parse_ids, parse_scroll
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add(
    "GET /_search/scroll",
    "POST /_search/scroll",
    "GET /_search/scroll/{scroll_id}",
    "POST /_search/scroll/{scroll_id}",
    parameters=["scroll_id", "scroll", "rest_total_hits_as_int"],
    suggested=["scroll_id"],
)
async def next_page(services: Services, request: Request) -> Response:
    content = request.content()
    asked = parse_scroll(content, request.decode) if content.strip() else ScrollRequest()
    keep_alive = asked.keep_alive if asked.keep_alive is not None else request.seconds("scroll")
    answer = await services.search.scrolls.page(
        asked.id or request.param("scroll_id"), keep_alive, total_as_int=request.flag("rest_total_hits_as_int")
    )
    return Response(answer)


@routes.add(
    "DELETE /_search/scroll", "DELETE /_search/scroll/{scroll_id}", parameters=["scroll_id"], suggested=["scroll_id"]
)
async def clear(services: Services, request: Request) -> Response:
    content = request.content()
    ids = parse_ids(content, request.decode, "scroll_id") if content.strip() else request.names("scroll_id")
    freed = await services.search.scrolls.clear(ids)
    return Response({"succeeded": True, "num_freed": freed}, status=200 if freed else 404)
