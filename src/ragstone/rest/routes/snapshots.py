"""`_snapshot`: no repository can be registered, so there is none to be shown."""

from __future__ import annotations

from ragstone.core import caller
from ragstone.core.errors import OpenSearchException
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


class RepositoryMissingException(OpenSearchException):
    status = 404


@routes.add(
    "GET /_snapshot", "GET /_snapshot/{repository}", parameters=["cluster_manager_timeout", "master_timeout", "local"]
)
async def get_repositories(services: Services, request: Request) -> Response:
    caller.require("cluster:admin/repository/get")
    missing = [name for name in request.names("repository") if name != "_all" and "*" not in name]
    if missing:
        raise RepositoryMissingException(f"[{missing[0]}] missing")
    return Response({})
