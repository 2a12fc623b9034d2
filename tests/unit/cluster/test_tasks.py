"""Tasks: seen while they work, kept when they end, stopped when asked."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ragstone.cluster.model import NodeInfo
from ragstone.cluster.tasks import NoSuchNodeException, TaskManager, Work
from ragstone.core.errors import IllegalArgumentException, ResourceNotFoundException
from ragstone.core.xcontent import JsonObject
from ragstone.testing.clock import ManualClock
from ragstone.testing.records import MemoryRecords

NODE = NodeInfo("n" * 22, "node", "cluster", "u" * 22, "127.0.0.1:9200")


@dataclass
class Job:
    """Something that works until the test lets it end."""

    error: Exception | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reasons: list[str] = field(default_factory=list)

    async def run(self) -> int:
        self.begun.set()
        await self.ended.wait()
        if self.error is not None:
            raise self.error
        return 42

    def work(self, action: str = "indices:data/write/reindex") -> Work[int]:
        return Work(
            action, "from a to b", self.run, lambda result: {"answer": result}, lambda: {"done": 3}, self.reasons.append
        )


def manager(records: MemoryRecords | None = None) -> TaskManager:
    return TaskManager(records or MemoryRecords(), NODE, ManualClock())


async def finished(tasks: TaskManager, id: str) -> JsonObject:
    return await tasks.get(id, wait=5.0)


async def test_a_task_is_seen_while_it_works_and_kept_when_it_ends() -> None:
    records = MemoryRecords()
    tasks, job = manager(records), Job()
    id = tasks.start(job.work())
    running = await tasks.get(id)
    assert running["completed"] is False
    assert running["task"]["status"] == {"done": 3}
    assert (running["task"]["action"], running["task"]["description"]) == ("indices:data/write/reindex", "from a to b")
    assert f"{running['task']['node']}:{running['task']['id']}" == id
    job.ended.set()
    ended = await finished(tasks, id)
    assert (ended["completed"], ended["response"]) == (True, {"answer": 42})
    assert tasks.running() == []
    # A later process finds it.
    assert await manager(records).get(id) == ended


async def test_an_error_is_the_result_of_a_task_that_fails() -> None:
    tasks, job = manager(), Job(IllegalArgumentException("no"))
    id = tasks.start(job.work())
    job.ended.set()
    ended = await finished(tasks, id)
    assert ended["completed"] is True
    assert ended["error"] == {"type": "illegal_argument_exception", "reason": "no"}
    assert "response" not in ended


async def test_even_a_bug_ends_a_task() -> None:
    tasks, job = manager(), Job(ZeroDivisionError("secret"))
    id = tasks.start(job.work())
    job.ended.set()
    ended = await finished(tasks, id)
    assert ended["error"]["reason"] == "internal error: ZeroDivisionError"


async def test_waiting_ends_with_the_patience() -> None:
    tasks, job = manager(), Job()
    id = tasks.start(job.work())
    assert (await tasks.get(id, wait=0.0))["completed"] is False
    await tasks.close()


async def test_tasks_are_found_by_patterns_of_their_action() -> None:
    tasks, one, two = manager(), Job(), Job()
    tasks.start(one.work("indices:data/write/reindex"))
    tasks.start(two.work("indices:data/write/delete/byquery"))
    assert [task.work.action for task in tasks.running(["*reindex"])] == ["indices:data/write/reindex"]
    assert len(tasks.running()) == 2
    assert tasks.running(["nothing*"]) == []
    await tasks.close()
    assert tasks.running() == []


async def test_work_that_somebody_waits_for_is_a_task_too_and_is_not_kept() -> None:
    records = MemoryRecords()
    tasks, job = manager(records), Job()
    waiting = asyncio.create_task(tasks.run(job.work()))
    await job.begun.wait()
    [task] = tasks.running()
    job.ended.set()
    assert await waiting == 42
    assert tasks.running() == []
    with pytest.raises(ResourceNotFoundException):
        await tasks.get(task.id)


async def test_a_task_is_asked_to_stop_and_shows_it() -> None:
    tasks, one, two = manager(), Job(), Job()
    id = tasks.start(one.work())
    tasks.start(two.work("other"))
    assert tasks.cancel_one(id).to_json()["cancelled"] is True
    assert (one.reasons, two.reasons) == (["by user request"], [])
    assert len(tasks.cancel(["oth*"])) == 1
    assert two.reasons == ["by user request"]
    await tasks.close()


async def test_a_task_that_was_cut_off_is_not_kept() -> None:
    tasks, job = manager(), Job()
    id = tasks.start(job.work())
    await job.begun.wait()
    await tasks.close()
    with pytest.raises(ResourceNotFoundException):
        await tasks.get(id)


@pytest.mark.parametrize("id", ["nonsense", "node:", ":1", "node:x", "node:-1", "node:" + "9" * 30, ""])
async def test_an_id_is_a_node_and_a_number(id: str) -> None:
    tasks = manager()
    with pytest.raises(IllegalArgumentException, match="malformed task id"):
        await tasks.get(id)
    with pytest.raises(IllegalArgumentException, match="malformed task id"):
        tasks.cancel_one(id)


async def test_tasks_of_other_nodes_are_not_here() -> None:
    tasks = manager()
    with pytest.raises(ResourceNotFoundException) as missing:
        await tasks.get("other:1")
    assert "belongs to the node [other] which isn't part of the cluster" in str(missing.value.reason)
    with pytest.raises(NoSuchNodeException):
        tasks.cancel_one("other:1")
    with pytest.raises(ResourceNotFoundException, match="is not found"):
        tasks.cancel_one(f"{NODE.node_id}:1")


async def test_only_the_latest_results_are_kept() -> None:
    tasks, ids = TaskManager(MemoryRecords(), NODE, ManualClock(), kept=2), []
    for _ in range(4):
        job = Job()
        job.ended.set()
        ids.append(tasks.start(job.work()))
        await finished(tasks, ids[-1])
    assert (await tasks.get(ids[-1]))["completed"] is True
    with pytest.raises(ResourceNotFoundException):
        await tasks.get(ids[0])
