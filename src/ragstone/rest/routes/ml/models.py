"""`/_plugins/_ml/models`: everything but predictions. The old names (`_upload`, `_load`, `_unload`) answer alike."""

from __future__ import annotations

from ragstone.ml.fields import Fields
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.ml.excludes import search_excludes
from ragstone.rest.services import Services

routes = Routes()

_MODELS = "/_plugins/_ml/models"
_ONE = "/_plugins/_ml/models/{model_id}"


@routes.add(
    f"POST {_MODELS}/_register",
    f"POST {_MODELS}/_upload",
    f"POST {_ONE}/{{version}}/_register",
    f"POST {_ONE}/{{version}}/_upload",
    parameters=["deploy", "load"],
)
async def register(services: Services, request: Request) -> Response:
    deploy = request.flag("deploy") or request.flag("load")
    return Response(await services.models.register(request.json(), deploy=deploy))


@routes.add(f"POST {_ONE}/_deploy", f"POST {_ONE}/_load")
async def deploy(services: Services, request: Request) -> Response:
    nodes = Fields(request.json_or({})).texts("node_ids")
    return Response(await services.models.deploy(request.required("model_id"), nodes))


@routes.add(f"POST {_ONE}/_undeploy", f"POST {_ONE}/_unload")
async def undeploy_one(services: Services, request: Request) -> Response:
    nodes = Fields(request.json_or({})).texts("node_ids")
    return Response(await services.models.undeploy([request.required("model_id")], nodes))


@routes.add(f"POST {_MODELS}/_undeploy", f"POST {_MODELS}/_unload")
async def undeploy_several(services: Services, request: Request) -> Response:
    body = Fields(request.json_or({}))
    return Response(await services.models.undeploy(body.texts("model_ids") or [], body.texts("node_ids")))


@routes.add(f"GET {_ONE}", parameters=["return_content"])
async def get(services: Services, request: Request) -> Response:
    request.flag("return_content")
    return Response((await services.models.get(request.required("model_id"))).to_json())


@routes.add(f"PUT {_ONE}")
async def update(services: Services, request: Request) -> Response:
    body = request.json("Update model request has empty body")
    return Response(await services.models.update(request.required("model_id"), body))


@routes.add(f"DELETE {_ONE}")
async def delete(services: Services, request: Request) -> Response:
    return Response(await services.models.delete(request.required("model_id")))


@routes.add(f"GET {_MODELS}/_search", f"POST {_MODELS}/_search")
async def search(services: Services, request: Request) -> Response:
    return Response(await services.models.search(request.content(), search_excludes(request)))
