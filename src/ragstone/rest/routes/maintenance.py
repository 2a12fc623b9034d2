"""`_forcemerge` and `_cache/clear`."""

from __future__ import annotations

from ragstone.cluster.tasks import Work
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.indices.service import Shards
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.services import Services

routes = Routes()


@routes.add(
    "POST /_forcemerge",
    "POST /{index}/_forcemerge",
    parameters=[
        *TARGETS, "flush", "max_num_segments", "only_expunge_deletes", "primary_only", "wait_for_completion",
    ],
    outlives_client=True,
)  # fmt: skip
async def force_merge(services: Services, request: Request) -> Response:
    index, options = request.path_params.get("index"), indices_options(request)
    if request.flag("only_expunge_deletes") and "max_num_segments" in request.query:
        raise IllegalArgumentException("cannot set only_expunge_deletes and max_num_segments at the same time")
    request.integer("max_num_segments")  # raises
    work = Work(
        "indices:admin/forcemerge",
        f"Force-merge indices [{index or ''}], maxSegments[{request.query.get('max_num_segments', '-1')}]",
        lambda: services.indices.force_merge(index, options),
        _shards,
        dict,
        _go_on,
    )
    if not request.flag("wait_for_completion", True):
        return Response({"task": services.task_manager.start(work)})
    return Response(_shards(await services.task_manager.run(work)))


def _shards(shards: Shards) -> JsonObject:
    return {"_shards": shards.to_json()}


def _go_on(reason: str) -> None:
    """It is over in a moment: nothing is stopped."""


@routes.add(
    "POST /_cache/clear",
    "POST /{index}/_cache/clear",
    parameters=[*TARGETS, "query", "fielddata", "fields", "request", "file"],
)
async def clear_cache(services: Services, request: Request) -> Response:
    shards = await services.indices.clear_cache(request.path_params.get("index"), indices_options(request))
    return Response(_shards(shards))
