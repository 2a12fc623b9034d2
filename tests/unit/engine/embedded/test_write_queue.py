from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from ragstone.core.errors import IndexNotFoundException, OpenSearchRejectedExecutionException
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded import write_queue
from ragstone.engine.embedded.write_queue import Acknowledge, WriteQueue
from ragstone.engine.values import WriteOperation, WriteOutcome, WriteResult


@pytest.fixture
async def pools() -> AsyncIterator[ThreadPools]:
    made = ThreadPools(write=2)
    yield made
    made.close()


def operation(id: str, size: int = 2) -> WriteOperation:
    return WriteOperation("index", id, b"x" * size)


class Recorder:
    """Applies groups as a log would; holds the first one back until `go`."""

    def __init__(self) -> None:
        self.groups: list[list[list[str]]] = []
        self.begun = threading.Event()
        self.go = threading.Event()
        self.failure: Exception | None = None

    def apply(self, batches: Sequence[Sequence[WriteOperation]], acknowledge: Acknowledge) -> None:
        self.groups.append([[op.id for op in batch] for batch in batches])
        self.begun.set()
        assert self.go.wait(10)
        if self.failure is not None:
            raise self.failure
        results: list[list[WriteOutcome]] = [[WriteResult(op.id, "created", 1, 0, 1) for op in b] for b in batches]
        acknowledge(results)


async def begun(recorder: Recorder) -> None:
    await asyncio.get_running_loop().run_in_executor(None, recorder.begun.wait, 10)


async def test_writes_that_wait_together_share_one_commit(pools: ThreadPools) -> None:
    recorder = Recorder()
    queue = WriteQueue(pools, recorder.apply)
    first = asyncio.create_task(queue.submit([operation("a")]))
    await begun(recorder)
    others = [asyncio.create_task(queue.submit([operation(str(n))])) for n in range(5)]
    await asyncio.sleep(0)
    recorder.go.set()
    outcomes = await asyncio.gather(first, *others)
    assert recorder.groups == [[["a"]], [["0"], ["1"], ["2"], ["3"], ["4"]]]
    assert [outcome[0].id for outcome in outcomes] == ["a", "0", "1", "2", "3", "4"]  # type: ignore[union-attr]


async def test_a_group_stays_within_its_bounds(pools: ThreadPools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "_GROUP_OPERATIONS", 3)
    monkeypatch.setattr(write_queue, "_GROUP_BYTES", 100)
    recorder = Recorder()
    queue = WriteQueue(pools, recorder.apply)
    calls = [
        [operation("a")],
        [operation("b"), operation("c")],
        [operation("d")],
        [operation("e", 90)],
        [operation("f", 90)],
    ]
    tasks = [asyncio.create_task(queue.submit(call)) for call in calls]
    recorder.go.set()
    await asyncio.gather(*tasks)
    assert recorder.groups == [[["a"], ["b", "c"]], [["d"], ["e"]], [["f"]]]


async def test_a_single_call_may_be_larger_than_a_group(pools: ThreadPools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "_GROUP_OPERATIONS", 1)
    recorder = Recorder()
    recorder.go.set()
    assert len(await WriteQueue(pools, recorder.apply).submit([operation("a"), operation("b")])) == 2


async def test_a_failing_commit_fails_those_who_shared_it_and_no_others(pools: ThreadPools) -> None:
    recorder = Recorder()
    recorder.failure = OSError("no space")
    queue = WriteQueue(pools, recorder.apply)
    recorder.go.set()
    with pytest.raises(OSError, match="no space"):
        await queue.submit([operation("a")])
    recorder.failure = None
    assert await queue.submit([operation("b")])


async def test_a_caller_who_goes_away_does_not_stop_the_write(pools: ThreadPools) -> None:
    recorder = Recorder()
    queue = WriteQueue(pools, recorder.apply)
    gone = asyncio.create_task(queue.submit([operation("a")]))
    await begun(recorder)
    gone.cancel()
    stays = asyncio.create_task(queue.submit([operation("b")]))
    await asyncio.sleep(0)
    recorder.go.set()
    assert (await stays)[0].id == "b"  # type: ignore[union-attr]
    assert recorder.groups == [[["a"]], [["b"]]]


async def test_closing_finishes_what_was_submitted_and_refuses_the_rest(pools: ThreadPools) -> None:
    recorder = Recorder()
    queue = WriteQueue(pools, recorder.apply)
    submitted = asyncio.create_task(queue.submit([operation("a")]))
    await begun(recorder)
    closing = asyncio.create_task(queue.close(IndexNotFoundException("i")))
    await asyncio.sleep(0)
    with pytest.raises(IndexNotFoundException):
        await queue.submit([operation("b")])
    recorder.go.set()
    await closing
    assert submitted.done()


async def test_too_long_a_queue_refuses_with_429(pools: ThreadPools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "_MOST_WAITING", 1)
    recorder = Recorder()
    queue = WriteQueue(pools, recorder.apply)
    running = asyncio.create_task(queue.submit([operation("a")]))
    await begun(recorder)
    waiting = asyncio.create_task(queue.submit([operation("b")]))
    await asyncio.sleep(0)
    with pytest.raises(OpenSearchRejectedExecutionException):
        await queue.submit([operation("c")])
    recorder.go.set()
    await asyncio.gather(running, waiting)
