"""How many requests may begin in one round of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque


class Rounds:
    """Lets at most `size` requests begin in each round of the loop; the others wait their turn.

    What requests write leaves at the end of a round. Were a burst of hundreds to begin in one, none would have its
    query sent to a model before all of them had theirs ready; all answers would then come at once, and be dealt with
    one after the other while nobody waits for a model any more. Belongs to one event loop.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._begun = 0
        """In this round."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._begun:
            loop.call_soon(self._next)
        if self._begun < self._size:
            self._begun += 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < self._size:
            turn = self._waiting.popleft()
            if not turn.cancelled():
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next)
