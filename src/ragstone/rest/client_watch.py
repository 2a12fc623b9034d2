"""Notices that a client has hung up, so that nobody works for it any more."""

from __future__ import annotations

import asyncio

from ragstone.rest.body import Receive

_WATCH_AFTER = 0.05
"""Seconds a handler runs before anybody looks whether its client is still there: most are done by then."""


class ClientWatch:
    """Cancels the current task when its client hangs up. `start` it where somebody else takes the body off the wire
    first (`started` False): only one may listen."""

    def __init__(self, receive: Receive, *, started: bool = True) -> None:
        self.gone = False
        self._receive = receive
        self._task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        if started:
            self.start()

    def start(self) -> None:
        if not self._closed:
            self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._begin)

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
