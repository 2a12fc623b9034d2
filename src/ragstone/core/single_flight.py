"""Slow readings that several wait for: each is made once at a time, whoever asks meanwhile gets what it brings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[V]] = {}

    async def run(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """What `work()` gives, or raises; when the same `key` is being worked for, what that gives.

        Whoever waits may give up (be cancelled): the work goes on, it is everybody's. It should put what can go wrong
        into its result: an exception that nobody waits for any more is only logged.
        """
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(work())
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)
