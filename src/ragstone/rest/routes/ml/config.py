"""`/_plugins/_ml/config`: OpenSearch keeps its master key behind this path; here there is nothing to read."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException, StatusException
from ragstone.ml.rights import require
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /_plugins/_ml/config/{config_id}")
async def get(services: Services, request: Request) -> Response:
    id = request.required("config_id")
    require("config/get")
    if id == "master_key":
        raise IllegalArgumentException("You are not allowed to access this config doc")
    raise StatusException(404, f"Failed to find config with the provided config id: {id}")
