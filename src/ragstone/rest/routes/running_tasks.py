"""`_tasks`: what is at work, what became of it, and stopping it."""

from __future__ import annotations

from collections.abc import Callable

from ragstone.cluster.tasks import NoSuchNodeException, Task
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ResourceNotFoundException, error_cause
from ragstone.core.xcontent import JsonObject
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.nodes import identity, is_meant
from ragstone.rest.services import Services

routes = Routes()

_LONGEST_WAIT = 30.0
"""Seconds, where the request does not say."""
_FILTERS = ("nodes", "actions", "parent_task_id", "group_by", "detailed", "wait_for_completion", "timeout")


class FailedNodeException(OpenSearchException):
    """What a node of the cluster could not do."""

    status = 500


@routes.add("GET /_tasks", parameters=_FILTERS)
async def list_tasks(services: Services, request: Request) -> Response:
    group_by = request.query.get("group_by", "nodes")
    if group_by not in ("nodes", "parents", "none"):
        raise IllegalArgumentException(f"[group_by] must be one of [nodes], [parents] or [none] but was [{group_by}]")
    tasks = services.task_manager.running(request.names("actions"))
    if request.query.get("parent_task_id") or not is_meant(services.node, request.query.get("nodes")):
        tasks = []  # no task here has another for its parent
    return Response(_listed(services, tasks, group_by, detailed=request.flag("detailed")))


@routes.add("GET /_tasks/{task_id}", parameters=("wait_for_completion", "timeout"))
async def get_task(services: Services, request: Request) -> Response:
    wait = request.seconds("timeout", _LONGEST_WAIT) if request.flag("wait_for_completion") else None
    return Response(await services.task_manager.get(request.required("task_id"), wait=wait))


@routes.add(
    "POST /_tasks/_cancel",
    "POST /_tasks/{task_id}/_cancel",
    parameters=("nodes", "actions", "parent_task_id", "wait_for_completion", "group_by"),
)
async def cancel_tasks(services: Services, request: Request) -> Response:
    id, here = request.param("task_id"), is_meant(services.node, request.query.get("nodes"))
    if id is not None:
        return told(services, request, id, lambda: [services.task_manager.cancel_one(id)])
    tasks = services.task_manager.cancel(request.names("actions")) if here else []
    return Response(_listed(services, tasks, request.query.get("group_by", "nodes"), detailed=False))


def told(services: Services, request: Request, id: str, ask: Callable[[], list[Task]]) -> Response:
    """The tasks that were asked for something; that one is not at work here is what a node failed at."""
    try:
        tasks = ask()
    except (NoSuchNodeException, ResourceNotFoundException) as why:
        metadata = {"node_id": id.rpartition(":")[0]}
        failed = FailedNodeException(f"Failed node [{metadata['node_id']}]", metadata=metadata, cause=why)
        return Response({"node_failures": [error_cause(failed)], "nodes": {}})
    return Response(_listed(services, tasks, request.query.get("group_by", "nodes"), detailed=False))


def _listed(services: Services, tasks: list[Task], group_by: str, *, detailed: bool) -> JsonObject:
    shown = {task.id: task.to_json(detailed=detailed) for task in tasks}
    if group_by == "none":
        return {"tasks": list(shown.values())}
    if group_by == "parents":
        return {"tasks": shown}
    if not shown:
        return {"nodes": {}}
    return {"nodes": {services.node.node_id: {**identity(services.node), "tasks": shown}}}
