"""`_mapping`."""

from __future__ import annotations

from typing import Any

from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.indices.service import ADMIN
from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.routes.indices import TARGETS, TIMEOUTS, indices_options
from ragstone.rest.services import Services

routes = Routes()


@routes.add(
    "PUT /{index}/_mapping",
    "POST /{index}/_mapping",
    "PUT /{index}/_mappings",
    "POST /{index}/_mappings",
    parameters=[*TARGETS, *TIMEOUTS, "write_index_only"],
)
async def put_mapping(services: Services, request: Request) -> Response:
    mappings = request.object("request body is required")
    await services.indices.put_mapping(request.required("index"), mappings, indices_options(request, ADMIN))
    return acknowledged()


@routes.add(
    "GET /_mapping",
    "GET /_mappings",
    "GET /{index}/_mapping",
    "GET /{index}/_mappings",
    parameters=[*TARGETS, *TIMEOUTS, "local"],
)
async def get_mapping(services: Services, request: Request) -> Response:
    options = indices_options(request, ADMIN)
    found = await services.indices.show(request.param("index"), options, action="indices:admin/mappings/get")
    return Response({index.name: {"mappings": index.mappings} for index in found})


@routes.add(
    "GET /_mapping/field/{fields}",
    "GET /{index}/_mapping/field/{fields}",
    parameters=[*TARGETS, "local", "include_defaults"],
)
async def get_field_mapping(services: Services, request: Request) -> Response:
    """What the mapping says of single fields; `include_defaults` adds nothing here."""
    patterns = request.names("fields")
    options = indices_options(request, ADMIN)
    found = await services.indices.show(request.param("index"), options, action="indices:admin/mappings/fields/get")
    return Response({index.name: {"mappings": _fields(index.mappings, patterns)} for index in found})


def _fields(mappings: JsonObject, patterns: list[str]) -> JsonObject:
    leaves = _leaves(mappings.get("properties", {}), "")
    return {
        path: {"full_name": path, "mapping": {path.rpartition(".")[2]: mapping}}
        for path, mapping in sorted(leaves.items())
        if any(matches(pattern, path) for pattern in patterns)
    }


def _leaves(properties: JsonObject, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, mapping in properties.items():
        path = prefix + name
        if "properties" in mapping:
            found.update(_leaves(mapping["properties"], path + "."))
        elif mapping.get("type") not in ("object", "nested"):
            found[path] = mapping
            found.update(_leaves(mapping.get("fields", {}), path + "."))
    return found
