"""`/_plugins/_ml/tasks`."""

from __future__ import annotations

from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.ml.excludes import search_excludes
from ragstone.rest.services import Services

routes = Routes()

_ONE = "/_plugins/_ml/tasks/{task_id}"
_SEARCH = "/_plugins/_ml/tasks/_search"


@routes.add(f"GET {_ONE}")
async def get(services: Services, request: Request) -> Response:
    return Response(await services.tasks.get(request.required("task_id")))


@routes.add(f"DELETE {_ONE}")
async def delete(services: Services, request: Request) -> Response:
    return Response(await services.tasks.delete(request.required("task_id")))


@routes.add(f"POST {_ONE}/_cancel")
async def cancel(services: Services, request: Request) -> Response:
    return Response(await services.tasks.cancel(request.required("task_id")))


@routes.add(f"GET {_SEARCH}", f"POST {_SEARCH}")
async def search(services: Services, request: Request) -> Response:
    return Response(await services.tasks.search(request.content(), search_excludes(request)))
