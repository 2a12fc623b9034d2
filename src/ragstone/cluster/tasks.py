"""Tasks: what is at work on this node, for whoever wants to know, to wait or to stop it.

Those that were started in the background are kept when they end, as records of the engine: their result can be read
after a restart. A task that was running when the node went away is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ragstone.cluster.model import NodeInfo
from ragstone.core import caller
from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ResourceNotFoundException, error_cause
from ragstone.core.log import get_logger
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import RecordStore

T = TypeVar("T")

_KIND = "task"
_CANCEL = "cluster:admin/tasks/cancel"
log = get_logger("tasks")


class NoSuchNodeException(OpenSearchException):
    """A node that is not part of the cluster."""

    status = 404


@dataclass(frozen=True)
class Work(Generic[T]):
    """Something to do, and how it is seen meanwhile."""

    action: str
    """OpenSearch's name for it: `indices:data/write/reindex`."""
    description: str
    run: Callable[[], Awaitable[T]]
    stored: Callable[[T], JsonObject]
    """Its result as `response` of a finished task."""
    status: Callable[[], JsonObject]
    cancel: Callable[[str], None]
    """Ask it to stop, and say why. It ends by itself then."""
    rethrottle: Callable[[float], None] | None = None
    """Ask it to work at another rate, in documents per second; infinity is none."""


@dataclass(eq=False)
class Task:
    """One task that is at work."""

    node: str
    number: int
    work: Work[Any]
    started: int
    """Epoch milliseconds."""
    _begun: float
    _clock: Clock
    cancelled_at: int | None = None
    """Epoch milliseconds."""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> str:
        return f"{self.node}:{self.number}"

    def cancel(self, reason: str) -> None:
        self.cancelled_at = epoch_millis(self._clock)
        self.work.cancel(reason)

    def to_json(self, *, detailed: bool = True) -> JsonObject:
        """`detailed`: with status and description, as a task by itself is shown."""
        return {
            "node": self.node,
            "id": self.number,
            "type": "transport",
            "action": self.work.action,
            **({"status": self.work.status(), "description": self.work.description} if detailed else {}),
            "start_time_in_millis": self.started,
            "running_time_in_nanos": int((self._clock.monotonic() - self._begun) * 1e9),
            "cancellable": True,
            "cancelled": self.cancelled_at is not None,
            "headers": {},
            **({"cancellation_time_millis": self.cancelled_at} if self.cancelled_at is not None else {}),
        }


class TaskManager:
    """See the module's docstring. `kept` results are kept; the oldest go first."""

    def __init__(self, records: RecordStore, node: NodeInfo, clock: Clock, *, kept: int = 1000) -> None:
        self._records = records
        self._kept = kept
        self._node = node.node_id
        self._clock = clock
        self._running: dict[int, Task] = {}
        self._background: set[asyncio.Task[None]] = set()
        # Ids are never used twice, and begin anew with the process: so they begin with the time.
        self._last = epoch_millis(clock)

    async def close(self) -> None:
        """Stop what is at work in the background; its result is not kept."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def run(self, work: Work[T]) -> T:
        """Do it, visible as a task meanwhile. Raises what it raises."""
        task = self._register(work)
        try:
            return await work.run()
        finally:
            self._end(task)

    def start(self, work: Work[T]) -> str:
        """Begin it in the background; the task's id. How it ends is kept."""
        task = self._register(work)
        job = asyncio.create_task(self._finish(task, work))
        self._background.add(job)
        job.add_done_callback(self._background.discard)
        job.add_done_callback(lambda _: self._end(task))
        return task.id

    def _register(self, work: Work[T]) -> Task:
        self._last += 1
        begun = self._clock.monotonic()
        task = Task(self._node, self._last, work, epoch_millis(self._clock), begun, self._clock)
        self._running[task.number] = task
        return task

    def _end(self, task: Task) -> None:
        del self._running[task.number]
        task.done.set()

    async def _finish(self, task: Task, work: Work[T]) -> None:
        try:
            ending: JsonObject = {"response": work.stored(await work.run())}
        except OpenSearchException as error:
            ending = {"error": error_cause(error)}
        except Exception as error:  # a bug: waiting for the task must not last for ever
            log.exception("a task failed", task=task.id, action=task.work.action)
            ending = {"error": {"type": "exception", "reason": f"internal error: {type(error).__name__}"}}
        await self._keep(task.number, {"completed": True, "task": task.to_json(), **ending})

    async def _keep(self, number: int, ending: JsonObject) -> None:
        await self._records.put_record(_KIND, f"{number:020}", ending)
        for old in (await self._records.list_records(_KIND))[: -self._kept]:
            await self._records.delete_record(_KIND, old.name)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, id: str, *, wait: float | None = None) -> JsonObject:
        """One task, at work or ended. `wait`: seconds to wait for its end, when it is still at work.

        Raises IllegalArgumentException (no task id), ResourceNotFoundException.
        """
        caller.require("cluster:monitor/task/get")
        node, number = _parse(id)
        missing = ResourceNotFoundException(f"task [{id}] isn't running and hasn't stored its results")
        if node != self._node:
            raise ResourceNotFoundException(
                f"task [{id}] belongs to the node [{node}] which isn't part of the cluster and there is no record of "
                "the task",
                cause=missing,
            )
        task = self._running.get(number)
        if task is not None and wait is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(task.done.wait(), wait)
            task = self._running.get(number)
        if task is not None:
            return {"completed": False, "task": task.to_json()}
        kept = await self._records.get_record(_KIND, f"{number:020}")
        if kept is None:
            raise missing
        return kept.value

    def running(self, actions: Sequence[str] = ()) -> list[Task]:
        """Tasks at work whose action one of the patterns describes; none means all."""
        caller.require("cluster:monitor/tasks/lists")
        return self._matching(actions)

    def _matching(self, actions: Sequence[str]) -> list[Task]:
        return [
            task
            for task in self._running.values()
            if not actions or any(matches(pattern, task.work.action) for pattern in actions)
        ]

    def cancel(self, actions: Sequence[str] = ()) -> list[Task]:
        """Ask tasks at work to stop, those whose action one of the patterns describes; none means all."""
        caller.require(_CANCEL)
        return [_cancelled(task) for task in self._matching(actions)]

    def cancel_one(self, id: str) -> Task:
        """Ask one to stop. Raises IllegalArgumentException, NoSuchNodeException, ResourceNotFoundException."""
        caller.require(_CANCEL)
        return _cancelled(self._at_work(id, "is not found"))

    def rethrottle(self, id: str, rate: float) -> Task:
        """Let one work at another rate. Raises as `cancel_one`; a task that knows no rate counts as missing."""
        caller.require("cluster:admin/reindex/rethrottle")
        task = self._at_work(id, "is missing")
        if task.work.rethrottle is None:
            raise ResourceNotFoundException(f"task [{id}] is missing")
        task.work.rethrottle(rate)
        return task

    def _at_work(self, id: str, otherwise: str) -> Task:
        node, number = _parse(id)
        if node != self._node:
            raise NoSuchNodeException(f"No such node [{node}]", metadata={"node_id": node})
        task = self._running.get(number)
        if task is None:
            raise ResourceNotFoundException(f"task [{id}] {otherwise}")
        return task


def _cancelled(task: Task) -> Task:
    task.cancel("by user request")
    return task


def _parse(id: str) -> tuple[str, int]:
    node, _, number = id.rpartition(":")
    if not node or not number.isdecimal() or len(number) > 18:
        raise IllegalArgumentException(f"malformed task id {id}")
    return node, int(number)
