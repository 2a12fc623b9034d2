"""Tasks: what registrations and deployments leave behind, so that clients can wait for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from ragstone.cluster.model import NodeInfo
from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IndexNotFoundException,
    OpenSearchException,
    StatusException,
    UnsupportedOperationException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import Engine
from ragstone.ml.ports import SearchPort
from ragstone.ml.rights import require
from ragstone.ml.settings import TASK_TIMEOUT
from ragstone.ml.system_indices import TASK, SystemDocuments

TaskType = Literal["REGISTER_MODEL", "DEPLOY_MODEL"]
TaskState = Literal["CREATED", "RUNNING", "COMPLETED", "FAILED"]

_UNFINISHED: JsonObject = {"terms": {"state": ["CREATED", "RUNNING"]}}
_MANY = 10_000


class TaskService:
    """Tasks are read at once, and found by search after the next refresh."""

    def __init__(
        self,
        engine: Engine,
        settings: ClusterSettings,
        search: SearchPort,
        node: NodeInfo,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._documents = SystemDocuments(engine, TASK)
        self._settings = settings
        self._search = search
        self._node = node
        self._clock = clock
        self._ids = ids

    async def create(
        self,
        type: TaskType,
        function_name: str,
        *,
        state: TaskState = "CREATED",
        model_id: str | None = None,
        is_async: bool = True,
    ) -> str:
        """Store a task and answer its id."""
        now = epoch_millis(self._clock)
        id = self._ids.auto_id()
        task: JsonObject = {
            **({"model_id": model_id} if model_id is not None else {}),
            "task_type": type,
            "function_name": function_name,
            "state": state,
            "worker_node": [self._node.node_id],
            "create_time": now,
            "last_update_time": now,
            "is_async": is_async,
        }
        await self._documents.put(id, task, refresh="false")
        return id

    async def advance(self, id: str, state: TaskState, **members: Any) -> None:
        """Move a task on; `members` (`model_id`, `function_name`, `error`) are set beside its state."""
        now = epoch_millis(self._clock)
        await self._documents.change(
            id, lambda task: {**task, **members, "state": state, "last_update_time": now}, refresh="false"
        )

    async def get(self, id: str) -> JsonObject:
        """Raises StatusException 404."""
        require("tasks/get")
        return await self._get(id)

    async def _get(self, id: str) -> JsonObject:
        try:
            task = await self._documents.get(id)
        except IndexNotFoundException:
            task = None
        if task is None:
            raise StatusException(404, "Failed to find task")
        return task

    async def delete(self, id: str) -> JsonObject:
        """Raises StatusException 404, and a 400 while the task runs."""
        require("tasks/delete")
        task = await self._get(id)
        if task["state"] == "RUNNING":
            error = OpenSearchException("Task cannot be deleted in running state. Try after some time.")
            error.status = 400  # Differs: OpenSearch answers this fault of the caller with a 500.
            raise error
        return self._documents.write_response(await self._documents.delete(id))

    async def cancel(self, id: str) -> JsonObject:
        """Only batch jobs can be cancelled, and there are none yet."""
        require("tasks/cancel")
        try:
            await self._get(id)
        except StatusException:
            raise StatusException(404, "Fail to find task") from None
        raise UnsupportedOperationException(f"Task [{id}] is no batch job; only batch jobs can be cancelled")

    async def search(self, body: bytes, excludes: Sequence[str]) -> JsonObject:
        require("tasks/search")
        return await self._search.search_index(TASK.name, body, source_excludes=excludes)

    async def unfinished(self, ids: Collection[str] = ()) -> JsonObject:
        """Tasks that wait or run, by id; of `ids` where some are given."""
        found = await self._documents.find(_UNFINISHED, size=_MANY)
        return {task.id: task.source for task in found if not ids or task.id in ids}

    async def fail_unfinished(self) -> None:
        """At start: what was running when the node went away will not go on."""
        for task in await self._documents.find(_UNFINISHED, size=_MANY):
            await self.advance(task.id, "FAILED", error="The node was restarted before the task was done.")

    async def fail_stale(self) -> None:
        """Fail tasks that have made no progress for the time that `ml_task_timeout_in_seconds` allows."""
        latest = epoch_millis(self._clock) - self._settings.get(TASK_TIMEOUT) * 1000
        query: JsonObject = {"bool": {"filter": [_UNFINISHED, {"range": {"last_update_time": {"lt": latest}}}]}}
        for task in await self._documents.find(query, size=_MANY):
            await self.advance(task.id, "FAILED", error=f"timeout after {self._settings.get(TASK_TIMEOUT)} seconds")
