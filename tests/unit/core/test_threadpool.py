"""The bridge from async to threads."""

import asyncio
import threading

import pytest

from ragstone.core.errors import OpenSearchRejectedExecutionException
from ragstone.core.log import request_id
from ragstone.core.threadpool import ThreadPools


async def test_a_call_runs_in_its_pool_and_knows_its_request() -> None:
    pools = ThreadPools()
    token = request_id.set("run-1")
    try:
        name, request = await pools.run("search", lambda: (threading.current_thread().name, request_id.get()))
    finally:
        request_id.reset(token)
        pools.close()
    assert name.startswith("search")
    assert request == "run-1"


async def test_a_full_queue_refuses() -> None:
    pools = ThreadPools(search=1, queue=0)
    gate = threading.Event()
    running = asyncio.create_task(pools.run("search", gate.wait, 10))
    await asyncio.sleep(0)
    with pytest.raises(OpenSearchRejectedExecutionException, match="its queue of 0 is full"):
        await pools.run("search", gate.wait, 10)
    gate.set()
    assert await running
    pools.close()


async def test_an_error_reaches_the_caller_and_the_thread_goes_on() -> None:
    pools = ThreadPools(search=1)
    with pytest.raises(ValueError, match="no number"):
        await pools.run("search", int, "no number")
    assert await pools.run("search", int, "7") == 7
    pools.close()


async def test_a_call_cancelled_while_it_waits_is_never_made() -> None:
    pools = ThreadPools(search=1)
    gate = threading.Event()
    made: list[str] = []
    running = asyncio.create_task(pools.run("search", gate.wait, 10))
    waiting = asyncio.create_task(pools.run("search", made.append, "waiting"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    await running
    await pools.run("search", made.append, "after")
    assert made == ["after"]
    pools.close()


async def test_closing_waits_for_what_runs() -> None:
    pools = ThreadPools(search=1)
    begun, may_end = threading.Event(), threading.Event()
    made: list[str] = []

    def work() -> None:
        begun.set()
        may_end.wait(10)
        made.append("run")

    running = asyncio.create_task(pools.run("search", work))
    await asyncio.sleep(0)
    assert begun.wait(10)
    may_end.set()
    pools.close()
    assert made == ["run"]
    await running
    with pytest.raises(RuntimeError, match="closed"):
        await pools.run("search", work)


async def test_closing_waits_for_no_answer_of_aws() -> None:
    pools, asked, answered = ThreadPools(), threading.Event(), threading.Event()

    def ask() -> None:
        asked.set()
        answered.wait(30)

    waiting = asyncio.ensure_future(pools.run("aws", ask))
    await asyncio.to_thread(asked.wait, 30)
    pools.close()
    assert not waiting.done()
    answered.set()
    await waiting
