"""The one bridge between async services and blocking code: named pools with bounded queues.

`search` runs queries and reads, `write` runs commits and refreshes, `ml_predict` runs local models, `login` checks
passwords, which is meant to be slow, `aws` waits for AWS, which may take its time.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar

from ragstone.core.errors import OpenSearchRejectedExecutionException

P = ParamSpec("P")
R = TypeVar("R")

PoolName = Literal["search", "write", "ml_predict", "login", "aws"]

_LOGINS = 2
"""Passwords that are checked at once: each takes a processor and 19 MB."""
_AWS = 4
"""Requests to AWS at once: there is one an hour for each role, one in five minutes for each secret."""


class _Call(NamedTuple):
    function: partial[Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class _Pool:
    """Threads that take calls from one queue. `submit` belongs to one event loop.

    The standard library's executor crosses between threads by way of two futures and the locks around them, which costs
    several times as much: on the short way of a search, a noticeable part of it.
    """

    def __init__(self, name: str, size: int, queue: int) -> None:
        self._name = name
        self._size = size
        self._queue = queue
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._closed = False

    def submit(self, function: partial[Any]) -> asyncio.Future[Any]:
        if self._closed:
            raise RuntimeError(f"the pool [{self._name}] is closed")
        if self._unfinished >= self._size + self._queue:
            raise OpenSearchRejectedExecutionException(
                f"rejected execution of {function.func.__qualname__} on pool [{self._name}]: its queue of "
                f"{self._queue} is full"
            )
        self._unfinished += 1
        if len(self._threads) < min(self._unfinished, self._size):
            thread = threading.Thread(target=self._work, name=f"{self._name}_{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._calls.put(_Call(function, copy_context(), loop, future))  # the log names the request there, too
        return future

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            result = error = None
            if not call.future.cancelled():
                try:
                    result = call.context.run(call.function)
                except BaseException as raised:
                    error = raised
            with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
                call.loop.call_soon_threadsafe(self._finish, call.future, result, error)
            del call, result, error  # the next call may be long in coming

    def _finish(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self._unfinished -= 1
        if future.done():  # cancelled
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def close(self, *, wait: bool) -> None:
        self._closed = True
        with suppress(Empty):
            while (call := self._calls.get_nowait()) is not None:
                with suppress(RuntimeError):
                    call.loop.call_soon_threadsafe(call.future.cancel)
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads if wait else ():
            thread.join()


class ThreadPools:
    """Threads per pool, and how many calls may wait for one (`queue`) before a call is refused with a 429.

    `search` None takes one per processor: more only wait for each other in the interpreter.
    """

    def __init__(self, *, search: int | None = None, write: int = 4, ml_predict: int = 2, queue: int = 10_000) -> None:
        searching = search if search is not None else max(2, os.cpu_count() or 2)
        sizes: dict[PoolName, int] = {
            "search": searching,
            "write": write,
            "ml_predict": ml_predict,
            "login": _LOGINS,
            "aws": _AWS,
        }
        self._pools = {name: _Pool(name, size, queue) for name, size in sizes.items()}

    async def run(self, pool: PoolName, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking function in the pool.

        Raises OpenSearchRejectedExecutionException when the pool's queue is full. A cancelled caller does not stop
        a function that has begun.
        """
        result: R = await self._pools[pool].submit(partial(function, *args, **kwargs))
        return result

    def close(self) -> None:
        """Wait for what is running; nothing new may be started. Nobody waits for AWS: what it says changes nothing
        here any more."""
        for name, pool in self._pools.items():
            pool.close(wait=name != "aws")
