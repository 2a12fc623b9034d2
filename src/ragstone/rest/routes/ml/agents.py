"""`/_plugins/_ml/agents` and `/_plugins/_ml/tools`."""

from __future__ import annotations

from collections.abc import Awaitable

from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import JsonObject, require_object
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.ml.excludes import search_excludes
from ragstone.rest.services import Services

routes = Routes()

_ONE = "/_plugins/_ml/agents/{agent_id}"
_SEARCH = "/_plugins/_ml/agents/_search"
_TOOLS = "/_plugins/_ml/tools"
_NAMED_OPENSEARCH = ("StatusException", "SecurityException", "TimeoutException")


@routes.add("POST /_plugins/_ml/agents/_register")
async def register(services: Services, request: Request) -> Response:
    return Response({"agent_id": await services.agents.register(request.json())})


@routes.add(f"GET {_ONE}")
async def get(services: Services, request: Request) -> Response:
    return Response(await services.agents.get(request.required("agent_id")))


@routes.add(f"PUT {_ONE}")
async def update(services: Services, request: Request) -> Response:
    return Response(await services.agents.update(request.required("agent_id"), request.json()))


@routes.add(f"DELETE {_ONE}")
async def delete(services: Services, request: Request) -> Response:
    return Response(await services.agents.delete(request.required("agent_id")))


@routes.add(f"GET {_SEARCH}", f"POST {_SEARCH}")
async def search(services: Services, request: Request) -> Response:
    return Response(await services.agents.search(request.content(), search_excludes(request)))


@routes.add(f"POST {_ONE}/_execute")
async def execute(services: Services, request: Request) -> Response:
    body = require_object(request.json())
    return await _run(services.agents.execute(request.required("agent_id"), body))


# ── tools ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add(f"GET {_TOOLS}")
async def list_tools(services: Services, request: Request) -> Response:
    return Response(await services.agents.list_tools())


@routes.add(f"GET {_TOOLS}/{{name}}")
async def get_tool(services: Services, request: Request) -> Response:
    return Response(await services.agents.get_tool(request.required("name")))


@routes.add(f"POST {_TOOLS}/_execute/{{name}}")
async def execute_tool(services: Services, request: Request) -> Response:
    body = require_object(request.json())
    return await _run(services.agents.execute_tool(request.required("name"), body))


async def _run(outputs: Awaitable[list[JsonObject]]) -> Response:
    """What a run gave, or why it failed: in the shape that only executions have."""
    try:
        return Response({"inference_results": [{"output": await outputs}]})
    except OpenSearchException as error:
        cause = error
        while cause.cause is not None:
            cause = cause.cause
        reason = "Invalid Request" if error.status == 400 else "System Error"
        shown = {"type": _java_name(cause), "reason": reason, "details": cause.reason}
        return Response({"status": error.status, "error": shown}, error.status)


def _java_name(error: OpenSearchException) -> str:
    name = type(error).__name__
    return f"OpenSearch{name}" if name in _NAMED_OPENSEARCH else name
