"""When an index publishes a new snapshot: on request, for writers that wait, and some time after every write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ragstone.core.log import get_logger
from ragstone.core.threadpool import ThreadPools

_log = get_logger("refresher")

MAX_LISTENERS = 1000
"""Writers that may wait for the next scheduled refresh; one more forces it (`index.max_refresh_listeners`)."""

Wait = Callable[[float], Awaitable[None]]
"""Sleep for some seconds; `asyncio.sleep`, or a test's own clock."""


class Alarm:
    """Runs a job once, `interval` seconds after it was first asked to; then it can be asked again.

    So an index that nobody writes to costs nothing. An interval of 0 or less means never.
    """

    def __init__(self, wait: Wait, interval: float, job: Callable[[], Awaitable[None]]) -> None:
        self._wait = wait
        self._interval = interval
        self._job = job
        self._task: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def interval(self) -> float:
        return self._interval

    def ask(self) -> None:
        if self._task is None and self._interval > 0:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def set_interval(self, seconds: float) -> None:
        """From now on; a run that was asked for is started anew with the new interval, or given up."""
        if seconds != self._interval:
            self._interval = seconds
            if self._task is not None:
                self.cancel()
                self.ask()

    def cancel(self) -> None:
        """Give up a run that was asked for. One that has begun goes on."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """No more runs; the one that has begun is over when this returns."""
        self._interval = 0
        self.cancel()
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        await self._wait(self._interval)
        # Whoever asks from here on may have come too late for this run.
        self._running, self._task = self._task, None
        try:
            await self._job()
        finally:
            self._running = None


class Refresher:
    """Of one index; belongs to one event loop.

    `publish` is blocking; `published` tells the highest row that is searchable; `after` is called after each refresh.
    """

    def __init__(
        self,
        pools: ThreadPools,
        publish: Callable[[], None],
        published: Callable[[], int],
        after: Callable[[], None],
        *,
        wait: Wait,
        interval: float,
    ) -> None:
        self._pools = pools
        self._publish = publish
        self._published = published
        self._after = after
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._listeners: list[tuple[int, asyncio.Future[None]]] = []
        self._closed = False
        self._alarm = Alarm(wait, interval, self._scheduled)

    def written(self) -> None:
        """Something new was acknowledged: it will be searchable within the interval."""
        self._alarm.ask()

    async def refresh(self) -> None:
        """Everything acknowledged before this call is searchable when it returns. Raises what `publish` raises.

        After `close` it does nothing: the index is gone, or was flushed to be opened anew.
        """
        if self._closed:
            return
        # A run that has begun may have missed what this caller wrote; the one that has not begun will see it.
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._run())
            self._next.add_done_callback(_seen)
        await asyncio.shield(self._next)

    async def wait_for(self, row: int) -> bool:
        """Return when `row` is searchable; True when a refresh had to be forced for it.

        Waits for the next scheduled refresh. Forces one when none will come, as the interval is off, and when too many
        wait already. `Differs:` OpenSearch lets the first of these wait for ever. Raises what `publish` raises.
        """
        if row <= self._published() or self._closed:
            return False
        if self._alarm.interval <= 0 or len(self._listeners) >= MAX_LISTENERS:
            await self.refresh()
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.append((row, future))
        self._alarm.ask()
        await future
        return False

    async def set_interval(self, seconds: float) -> None:
        """0 or less: no scheduled refresh. Nobody who waits for one is forgotten."""
        self._alarm.set_interval(seconds)
        if seconds <= 0 and self._listeners:
            await self.refresh()

    async def close(self) -> None:
        """No more refreshes; finish the one that runs. Nobody who waits for another is kept: what they wrote stands."""
        self._closed = True
        await self._alarm.close()
        if self._next is not None:
            await asyncio.wait([self._next])
        async with self._turn:
            self._tell(lambda future: future.set_result(None))

    async def _run(self) -> None:
        async with self._turn:
            self._next = None
            try:
                await self._pools.run("write", self._publish)
            except Exception as error:
                self._tell(lambda future, error=error: future.set_exception(error))  # type: ignore[misc]
                raise
        self._after()
        waiting, self._listeners = self._listeners, []
        published = self._published()
        for row, future in waiting:
            if row > published:
                self._listeners.append((row, future))
            elif not future.done():
                future.set_result(None)

    async def _scheduled(self) -> None:
        try:
            await self.refresh()
        except Exception as error:
            _log.error("a scheduled refresh failed; it is tried again", exc_info=error)
            self._alarm.ask()

    def _tell(self, what: Callable[[asyncio.Future[None]], object]) -> None:
        waiting, self._listeners = self._listeners, []
        for _, future in waiting:
            if not future.done():
                what(future)


def _seen(task: asyncio.Task[None]) -> None:
    # A refresh whose caller went away: its error has been told to the listeners, and is no news to the loop.
    if not task.cancelled():
        task.exception()


__all__ = ["MAX_LISTENERS", "Alarm", "Refresher", "Wait"]
