"""Group commit: the writes of one index stand in line, and all that stand there together share one commit.

A commit costs one wait for the disk, whatever it holds. While one runs, the next group gathers; so many connections
that each write one document are faster together than the disk's own rate of single syncs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from ragstone.core.errors import OpenSearchException, OpenSearchRejectedExecutionException
from ragstone.core.log import get_logger
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.values import WriteOperation, WriteOutcome

_log = get_logger("write_queue")

_GROUP_OPERATIONS = 5_000
_GROUP_BYTES = 32 * 2**20  # of sources
_MOST_WAITING = 10_000  # calls

Acknowledge = Callable[[Sequence[list[WriteOutcome]]], None]
"""Tell each caller of a group its outcomes, in the group's order."""
Apply = Callable[[Sequence[Sequence[WriteOperation]], Acknowledge], None]
"""Blocking. Writes a group, acknowledges it as soon as it is durable, and may go on working after that."""


class WriteQueue:
    """Belongs to one event loop."""

    def __init__(self, pools: ThreadPools, apply: Apply) -> None:
        self._pools = pools
        self._apply = apply
        self._waiting: deque[tuple[Sequence[WriteOperation], asyncio.Future[list[WriteOutcome]]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._closed: OpenSearchException | None = None

    async def submit(self, operations: Sequence[WriteOperation]) -> list[WriteOutcome]:
        """The outcomes, once they are durable. Whoever stops waiting does not stop the write.

        Raises what `apply` raises, OpenSearchRejectedExecutionException when too many wait, and after `close` its
        error.
        """
        if self._closed is not None:
            raise self._closed
        if len(self._waiting) >= _MOST_WAITING:
            raise OpenSearchRejectedExecutionException(
                f"rejected execution of a write: [{_MOST_WAITING}] others wait for the same index"
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[WriteOutcome]] = loop.create_future()
        self._waiting.append((operations, future))
        if self._running is None:
            self._running = loop.create_task(self._run())
        return await future

    async def close(self, error: OpenSearchException) -> None:
        """Finish what was submitted; later writes raise `error`."""
        self._closed = error
        if self._running is not None:
            await asyncio.shield(self._running)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                operations, futures = self._gather()

                def acknowledge(
                    outcomes: Sequence[list[WriteOutcome]],
                    futures: Sequence[asyncio.Future[list[WriteOutcome]]] = futures,
                ) -> None:
                    loop.call_soon_threadsafe(_resolve, futures, outcomes)

                try:
                    await self._pools.run("write", self._apply, operations, acknowledge)
                except Exception as error:
                    if all(future.done() for future in futures):
                        _log.error("a write failed after it was acknowledged", exc_info=error)
                    for future in futures:
                        if not future.done():
                            future.set_exception(error)
        finally:
            self._running = None

    def _gather(self) -> tuple[list[Sequence[WriteOperation]], list[asyncio.Future[list[WriteOutcome]]]]:
        """The next group: one call at least, more while they are small."""
        group: list[Sequence[WriteOperation]] = []
        futures: list[asyncio.Future[list[WriteOutcome]]] = []
        count = size = 0
        while self._waiting:
            operations = self._waiting[0][0]
            count += len(operations)
            size += sum(len(operation.source or b"") for operation in operations)
            if group and (count > _GROUP_OPERATIONS or size > _GROUP_BYTES):
                break
            group.append(operations)
            futures.append(self._waiting.popleft()[1])
        return group, futures


def _resolve(futures: Sequence[asyncio.Future[list[WriteOutcome]]], outcomes: Sequence[list[WriteOutcome]]) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if not future.done():
            future.set_result(outcome)


__all__ = ["Acknowledge", "Apply", "WriteQueue"]
