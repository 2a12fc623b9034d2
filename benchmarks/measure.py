"""What a benchmark is made of: turns, medians, rows."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

SHARED = "RAGSTONE_BENCH_SHARED"
"""The variable that names `shared_folder`."""


def shared_folder() -> Path:
    """Where a case leaves what is costly to build and others of the same run need too. Gone with the run."""
    return Path(os.environ[SHARED])


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder of one case."""
    return tempfile.TemporaryDirectory(prefix="ragstone-bench-")


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
    wanted: str = ""
    met: bool | None = None
    """Whether what is wanted was reached."""
    opensearch: str = ""
    """What a real OpenSearch 3.4.0 did on another machine of 2 cores, heap 1 GB, quiet: for orientation only."""

    def wanting(self, what: str, met: bool) -> Row:
        return replace(self, wanted=what, met=met)

    def at_least(self, ratio: float) -> Row:
        """The ratio should be no smaller."""
        assert self.ratio is not None
        return self.wanting(f"ratio >= {ratio:g}", self.ratio >= ratio)

    def beside_opensearch(self, measured: str) -> Row:
        return replace(self, opensearch=measured)

    def cells(self) -> tuple[str, ...]:
        return (
            self.case,
            _number(self.ours, self.unit),
            "-" if self.baseline is None else _number(self.baseline, self.unit),
            "-" if self.ratio is None else f"{self.ratio:.2f}",
            "-" if self.spread is None else f"{self.spread:.0%}",
            "-" if self.met is None else f"{self.wanted}: {'met' if self.met else 'MISSED'}",
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
    """Paired measurements of ours and the baseline, one of each per turn."""

    ours: Sequence[float]
    baseline: Sequence[float]
    smaller_is_better: bool = False

    def row(self, case: str, unit: str, quality: str, baseline_is: str) -> Row:
        ratios = [mine / other for mine, other in zip(self.ours, self.baseline, strict=True)]
        if self.smaller_is_better:
            ratios = [1 / ratio for ratio in ratios]
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
    ours: Callable[[Any], object], baseline: Callable[[Any], object], inputs: Sequence[Any], count: int = 7
) -> Turns:
    """Calls a second of both, over all inputs in each turn, after one turn that does not count."""
    return turns(lambda: rate(ours, inputs), lambda: rate(baseline, inputs), count)


def turns(
    ours: Callable[[], float], baseline: Callable[[], float], count: int = 5, *, smaller_is_better: bool = False
) -> Turns:
    """Both measured `count` times in turn, after one turn that does not count."""
    found: tuple[list[float], list[float]] = ([], [])
    for turn in range(count + 1):
        for side in (0, 1) if turn % 2 else (1, 0):
            measured = (baseline if side else ours)()
            if turn:
                found[side].append(measured)
    return Turns(*found, smaller_is_better)


def rate(work: Callable[[Any], object], inputs: Sequence[Any]) -> float:
    """Calls a second of one function over all inputs."""
    began = time.perf_counter()
    for value in inputs:
        work(value)
    return len(inputs) / (time.perf_counter() - began)
