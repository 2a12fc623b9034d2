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
