"""`_plugins/_ml/stats` and `_plugins/_ml/profile`."""

from __future__ import annotations

from collections.abc import Collection

from ragstone.cluster.health import ShardCounts
from ragstone.cluster.model import NodeInfo
from ragstone.cluster.node_stats import machine_memory, peak_memory
from ragstone.core import caller
from ragstone.core.caller import NamedIndex
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import parse_query
from ragstone.engine.api import Engine
from ragstone.ml.activity import Activity
from ragstone.ml.models.deployment import Deployments
from ragstone.ml.rights import require
from ragstone.ml.system_indices import CONNECTOR, MODEL, TASK
from ragstone.ml.tasks import TaskService

_INDICES = {
    "ml_controller_index_status": ".plugins-ml-controller",
    "ml_task_index_status": TASK.name,
    "ml_config_index_status": ".plugins-ml-config",
    "ml_model_index_status": MODEL.name,
    "ml_connector_index_status": CONNECTOR.name,
}
_COUNTS = {"ml_model_count": MODEL.name, "ml_connector_count": CONNECTOR.name}
_OF_NODE = (
    "ml_deployed_model_count",
    "ml_failure_count",
    "ml_executing_task_count",
    "ml_circuit_breaker_trigger_count",
    "ml_request_count",
    "ml_jvm_heap_usage",
)


class StatsService:
    """Figures of one node: what it has done since its start, and what it has deployed."""

    def __init__(
        self, engine: Engine, activity: Activity, deployments: Deployments, tasks: TaskService, node: NodeInfo
    ) -> None:
        self._engine = engine
        self._activity = activity
        self._deployments = deployments
        self._tasks = tasks
        self._node = node

    async def stats(self, names: Collection[str] = (), node_ids: Collection[str] = ()) -> JsonObject:
        """All statistics, or those of `names` (any case). Raises IllegalArgumentException for an unknown one."""
        who = caller.subject.get()
        if who is not None:
            who.require_on(("indices:monitor/stats",), [NamedIndex(name) for name in _INDICES.values()])
        wanted = {name.lower() for name in names}
        if any(name not in _INDICES and name not in _COUNTS and name not in _OF_NODE for name in wanted):
            raise IllegalArgumentException("Wrong ML cluster level stat")
        shown = {name: value for name, value in (await self._of_cluster()).items() if not wanted or name in wanted}
        if not wanted or wanted.intersection(_OF_NODE):
            figures = {name: value for name, value in self._of_node().items() if not wanted or name in wanted}
            done = {"algorithms": self._activity.by_algorithm(), "models": self._activity.by_model()}
            here = not node_ids or self._node.node_id in node_ids
            shown["nodes"] = {self._node.node_id: {**figures, **done}} if here else {}
        return shown

    async def profile(
        self,
        *,
        models: Collection[str] | None,
        tasks: Collection[str] | None,
        node_ids: Collection[str] = (),
        by_model: bool = False,
    ) -> JsonObject:
        """What is deployed and what runs. None shows none of a kind, an empty collection all.

        `by_model` has the node under each model, instead of the models under the node.
        """
        require("profile/nodes")
        if node_ids and self._node.node_id not in node_ids:
            return {}
        profiles = {} if models is None else self._models(models)
        if by_model:
            shown = {id: self._turned(profile) for id, profile in profiles.items()}
            return {"models": shown} if shown else {}
        running = {} if tasks is None else await self._tasks.unfinished(tasks)
        here = {kind: found for kind, found in (("models", profiles), ("tasks", running)) if found}
        return {"nodes": {self._node.node_id: here}} if here else {}

    def _models(self, wanted: Collection[str]) -> dict[str, JsonObject]:
        workers = [self._node.node_id]
        return {
            live.id: {
                "model_state": live.model.model_state,
                "predictor": "connector" if live.model.is_remote else "embedding runtime",
                "target_worker_nodes": workers,
                "worker_nodes": workers,
                **self._activity.latencies(live.id),
            }
            for live in self._deployments.all()
            if not wanted or live.id in wanted
        }

    def _turned(self, profile: JsonObject) -> JsonObject:
        of_all = {name: profile.pop(name) for name in ("target_worker_nodes", "worker_nodes")}
        return {**of_all, "nodes": {self._node.node_id: profile}}

    async def _of_cluster(self) -> JsonObject:
        indices, lost = (await self._engine.metadata()).indices, self._engine.unavailable()
        shown: JsonObject = {
            name: ShardCounts.of([indices[index]], lost).status if index in indices else "non-existent"
            for name, index in _INDICES.items()
        }
        for name, index in _COUNTS.items():
            usable = index in indices and index not in lost
            shown[name] = await self._engine.count([index], parse_query({"match_all": {}})) if usable else 0
        return shown

    def _of_node(self) -> JsonObject:
        """`Differs:` there is no JVM: its share is that of this process in the machine's memory, at its highest."""
        memory = machine_memory()
        return {
            "ml_deployed_model_count": len(self._deployments.all()),
            "ml_failure_count": self._activity.failures,
            "ml_executing_task_count": self._activity.running,
            "ml_circuit_breaker_trigger_count": 0,
            "ml_request_count": self._activity.requests,
            "ml_jvm_heap_usage": round(100 * peak_memory() / memory.total) if memory.total else 0,
        }
