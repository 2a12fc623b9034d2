"""A wait that ends when the test says so, to be handed in where the product would sleep."""

from __future__ import annotations

import asyncio


class ManualTimer:
    """`await timer.wait(seconds)` is what the product calls; `await timer.ring()` ends the oldest wait."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._waits: list[tuple[float, asyncio.Future[None]]] = []

    async def wait(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.append((seconds, future))
        self._begun.set()
        await future

    @property
    def waiting(self) -> list[float]:
        """The seconds of all waits still waiting, oldest first."""
        self._waits = [(seconds, future) for seconds, future in self._waits if not future.done()]
        return [seconds for seconds, _ in self._waits]

    async def ring(self) -> float:
        """Wait until somebody waits, and end that wait; its seconds."""
        while not self.waiting:
            self._begun.clear()
            await self._begun.wait()
        seconds, future = self._waits.pop(0)
        future.set_result(None)
        return seconds


__all__ = ["ManualTimer"]
