"""The one bridge between async services and blocking code: named pools with bounded queues.

`search` runs queries and reads, `write` runs commits and refreshes, `ml_predict` runs local models.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Literal, ParamSpec, TypeVar

from ragstone.core.errors import OpenSearchRejectedExecutionException

P = ParamSpec("P")
R = TypeVar("R")

PoolName = Literal["search", "write", "ml_predict"]


class ThreadPools:
    """Threads per pool, and how many calls may wait for one (`queue`) before a call is refused with a 429."""

    def __init__(self, *, search: int = 4, write: int = 4, ml_predict: int = 2, queue: int = 10_000) -> None:
        sizes: dict[PoolName, int] = {"search": search, "write": write, "ml_predict": ml_predict}
        self._queue = queue
        self._sizes = sizes
        self._running: dict[PoolName, int] = dict.fromkeys(sizes, 0)
        self._pools = {name: ThreadPoolExecutor(size, thread_name_prefix=name) for name, size in sizes.items()}

    async def run(self, pool: PoolName, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking function in the pool.

        Raises OpenSearchRejectedExecutionException when the pool's queue is full. A cancelled caller does not stop
        a function that has begun.
        """
        if self._running[pool] >= self._sizes[pool] + self._queue:
            raise OpenSearchRejectedExecutionException(
                f"rejected execution of {function.__qualname__} on pool [{pool}]: its queue of {self._queue} is full"
            )
        self._running[pool] += 1
        context = copy_context()  # the log names the request there, too
        future = asyncio.get_running_loop().run_in_executor(
            self._pools[pool], lambda: context.run(function, *args, **kwargs)
        )
        future.add_done_callback(lambda _: self._done(pool))
        return await future

    def _done(self, pool: PoolName) -> None:
        self._running[pool] -= 1

    def close(self) -> None:
        """Wait for what is running; nothing new may be started."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
