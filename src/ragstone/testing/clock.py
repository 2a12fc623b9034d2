"""A clock that a test moves, to be handed in where the product takes a Clock."""

from __future__ import annotations


class ManualClock:
    """Shows `time`, in seconds, as both kinds of time; a test sets it. `step` is what every look at the monotonic side
    adds first, as if the work in between took so long."""

    def __init__(self, time: float = 0.0, *, step: float = 0.0) -> None:
        self.time = time
        self.step = step

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        self.time += self.step
        return self.time


__all__ = ["ManualClock"]
