"""What a benchmark is made of: turns, medians, rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table. `ours` and `baseline` are in `unit`; `ratio` is above 1 where ours is better."""

    case: str
    ours: float
    baseline: float | None
    unit: str
    ratio: float | None
    spread: float | None
    quality: str
    baseline_is: str

    def cells(self) -> tuple[str, ...]:
        return (
            self.case,
            _number(self.ours, self.unit),
            "-" if self.baseline is None else _number(self.baseline, self.unit),
            "-" if self.ratio is None else f"{self.ratio:.2f}",
            "-" if self.spread is None else f"{self.spread:.0%}",
            self.quality,
            self.baseline_is,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{shown} {unit}"


@dataclass(frozen=True)
class Turns:
    """Paired measurements of ours and the baseline, one of each per turn; larger is better."""

    ours: Sequence[float]
    baseline: Sequence[float]

    def row(self, case: str, unit: str, quality: str, baseline_is: str) -> Row:
        ratios = [mine / other for mine, other in zip(self.ours, self.baseline, strict=True)]
        middle = statistics.median(ratios)
        return Row(
            case,
            statistics.median(self.ours),
            statistics.median(self.baseline),
            unit,
            middle,
            (max(ratios) - min(ratios)) / middle,
            quality,
            baseline_is,
        )


def rates(
    ours: Callable[[Any], object], baseline: Callable[[Any], object], inputs: Sequence[Any], turns: int = 7
) -> Turns:
    """Calls a second of both, over all inputs in each turn, after one turn that does not count."""
    found: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns + 1):
        order = (0, 1) if turn % 2 else (1, 0)
        for side in order:
            speed = rate(baseline if side else ours, inputs)
            if turn:
                found[side].append(speed)
    return Turns(*found)


def rate(work: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    """Calls a second of one function over all inputs."""
    began = time.perf_counter()
    for value in inputs:
        work(value)
    return len(inputs) / (time.perf_counter() - began)
