"""`_plugins/_knn`."""

from __future__ import annotations

from ragstone.core import caller
from ragstone.core.errors import IndexNotFoundException, ResourceNotFoundException, UnsupportedOperationException
from ragstone.indices.knn import CLUSTER_STATS, NODE_STATS, KnnService
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes, unrecognized
from ragstone.rest.routes.nodes import is_meant
from ragstone.rest.services import Services

routes = Routes()

_KNN = "/_plugins/_knn"
_MODELS = ".opensearch-knn-models"


def _service(services: Services) -> KnnService:
    assert services.knn is not None, "these routes exist on the embedded engine only"
    return services.knn


@routes.add(
    f"GET {_KNN}/stats",
    f"GET {_KNN}/stats/{{stat}}",
    f"GET {_KNN}/{{node}}/stats",
    f"GET {_KNN}/{{node}}/stats/{{stat}}",
    parameters=["timeout"],
)
async def stats(services: Services, request: Request) -> Response:
    names = request.names("stat")
    if names == ["_all"]:
        names = []
    unknown = [name for name in names if name not in CLUSTER_STATS and name not in NODE_STATS]
    if unknown:
        raise unrecognized(request.path, "stat", unknown, ())
    of_cluster, of_node = await _service(services).stats(names)
    nodes = {services.node.node_id: of_node} if is_meant(services.node, request.path_params.get("node")) else {}
    counts = {"total": len(nodes), "successful": len(nodes), "failed": 0}
    shown = {"_nodes": counts, "cluster_name": services.node.cluster_name}
    return Response({**shown, **of_cluster, "nodes": nodes})


@routes.add(f"GET {_KNN}/warmup/{{index}}")
async def warm_up(services: Services, request: Request) -> Response:
    shards = await _service(services).warm_up(request.required("index"))
    return Response({"_shards": shards.to_json()})


@routes.add(f"POST {_KNN}/clear_cache/{{index}}")
async def clear_cache(services: Services, request: Request) -> Response:
    shards = await _service(services).clear_cache(request.required("index"))
    return Response({"_shards": shards.to_json()})


# ── models: none is ever trained here ────────────────────────────────────────────────────────────────────────────────


@routes.add(f"GET {_KNN}/models/{{id}}")
async def get_model(services: Services, request: Request) -> Response:
    caller.require("cluster:admin/knn_get_model_action")
    raise IndexNotFoundException(_MODELS, resource_type="index_expression")


@routes.add(f"GET {_KNN}/models/_search", f"POST {_KNN}/models/_search")
async def search_models(services: Services, request: Request) -> Response:
    caller.require("cluster:admin/knn_search_model_action")
    raise IndexNotFoundException(_MODELS)


@routes.add(f"DELETE {_KNN}/models/{{id}}")
async def delete_model(services: Services, request: Request) -> Response:
    caller.require("cluster:admin/knn_delete_model_action")
    raise ResourceNotFoundException(
        f"Cannot delete model [{request.required('id')}]. Model index [{_MODELS}] does not exist"
    )


@routes.add(f"POST {_KNN}/models/_train", f"POST {_KNN}/models/{{id}}/_train")
async def train(services: Services, request: Request) -> Response:
    caller.require("cluster:admin/knn_training_model_action")
    raise UnsupportedOperationException("Training is not supported: no method here needs a trained model")
