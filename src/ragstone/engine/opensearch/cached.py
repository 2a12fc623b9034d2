"""A value that is read from the cluster again when it is older than a second."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from ragstone.core.clock import Clock

T = TypeVar("T")

MAX_AGE = 1.0
"""Seconds for which what another gateway changes may stay unseen."""


class Cached(Generic[T]):
    """Of callers that find the value too old, one reads it for all. A read counts from when it began.

    `load` is given the value before, or None: where nothing has changed it may answer with that.
    """

    def __init__(self, load: Callable[[T | None], Awaitable[T]], clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._value: T | None = None
        self._as_of = -math.inf
        self._loading: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Raises what `load` raises."""
        if self._value is not None and self._clock.monotonic() - self._as_of < MAX_AGE:
            return self._value
        if self._loading is None:
            self._loading = asyncio.create_task(self._renew())
            self._loading.add_done_callback(_seen)
        # Whoever began it may be cancelled; the others still wait for it.
        return await asyncio.shield(self._loading)

    def forget(self) -> None:
        """It has changed: whoever asks from now on is given what is read from now on."""
        self._as_of = -math.inf
        self._loading = None

    async def close(self) -> None:
        """End what is being read."""
        loading, self._loading = self._loading, None
        if loading is not None:
            loading.cancel()
            await asyncio.wait([loading])

    async def _renew(self) -> T:
        begun = self._clock.monotonic()
        this = asyncio.current_task()
        try:
            value = await self._load(self._value)
        finally:
            counts = self._loading is this  # and was not forgotten meanwhile
            if counts:
                self._loading = None
        if counts:
            self._value, self._as_of = value, begun
        return value


def _seen(task: asyncio.Task[T]) -> None:
    """Without anybody left to wait, a failure is nobody's."""
    if not task.cancelled():
        task.exception()
