"""What `ragstone migrate` shows: progress on standard error, the report as text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from ragstone.migration.report import Agreement, IndexPlan, IndexReport, Refused, Report
    from ragstone.migration.sides import Progress

_EVERY = 5.0
"""Seconds between two lines about how far it is, where there is no terminal."""


@contextmanager
def progress_shown() -> Iterator[Progress]:
    """A bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines(lambda text: print(text, file=sys.stderr, flush=True))
        return
    bar = Bar(
        TextColumn("documents"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
    )
    with bar:
        yield OnTerminal(bar)


class Pace:
    """How many documents a second, since the first look."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._begun = now()
        self.total = 0
        self.done = 0
        self._here = 0

    def planned(self, documents: int, done: int) -> None:
        self.total, self.done, self._here, self._begun = documents, done, 0, self._now()

    def moved(self, documents: int) -> None:
        self.done += documents
        self._here += documents

    @property
    def rate(self) -> float:
        seconds = self._now() - self._begun
        return self._here / seconds if seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds; None when nobody can know."""
        return max(0, self.total - self.done) / self.rate if self.rate else None


class Lines:
    """A Progress for pipes and logs: plain lines."""

    def __init__(self, write: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._now = now
        self._pace = Pace(now)
        self._last = now()

    def planned(self, documents: int, done: int) -> None:
        self._pace.planned(documents, done)
        self._write(f"{documents} documents to move" + (f", {done} of them moved before" if done else ""))

    def moved(self, documents: int, bytes: int) -> None:
        self._pace.moved(documents)
        if self._now() - self._last >= _EVERY:
            self._last = self._now()
            left = self._pace.left
            self._write(
                f"{self._pace.done} of {self._pace.total} documents, {self._pace.rate:.0f}/s"
                + (f", {left:.0f} s left" if left is not None else "")
            )

    def say(self, text: str) -> None:
        self._write(text)


class OnTerminal:
    """A Progress that is a bar."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._pace = Pace(time.monotonic)
        self._task = bar.add_task("", total=None, rate="")

    def planned(self, documents: int, done: int) -> None:
        self._pace.planned(documents, done)
        self._bar.update(self._task, total=documents, completed=done)

    def moved(self, documents: int, bytes: int) -> None:
        self._pace.moved(documents)
        self._bar.update(self._task, completed=self._pace.done, rate=f"{self._pace.rate:.0f}/s")

    def say(self, text: str) -> None:
        self._bar.console.print(escape(text))


# ── the report ───────────────────────────────────────────────────────────────────────────────────────────────────────


def report_lines(report: Report) -> Iterator[str]:
    from ragstone.migration.report import Refused

    yield f"{report.source} → {report.target}" + (" (dry run: nothing was written)" if report.plans is not None else "")
    if report.resumed:
        yield "an unfinished migration was gone on with"
    for index in report.indices:
        yield from _refused_lines(index) if isinstance(index, Refused) else _index_lines(index)
    for plan in report.plans or ():
        yield from _plan_lines(plan)
    for record in report.records:
        yield f"{record.kind} {record.name}: {record.reason or record.outcome}"
    for note in report.notes:
        yield f"note: {note}"
    if report.plans is None:
        size = report.moved.bytes / 2**20
        yield (
            f"{report.moved.documents} documents ({size:.1f} MiB) in {report.seconds:.1f} s, "
            f"{report.documents_per_second:.0f} a second with verification"
        )
    problems = report.problems
    yield f"{len(problems)} problems:" if problems else ("nothing stands against it" if report.plans else "all moved")
    for problem in problems:
        yield f"  {problem}"


def _index_lines(index: IndexReport) -> Iterator[str]:
    state = "differs" if index.problems else "equal"
    yield f"index {index.name}: {index.target.documents} documents, {state}, digest {index.target.content:064x}"
    for kind, agreement in (("match", index.match), ("knn", index.knn)):
        if agreement.queries:
            yield f"  {agreement.queries} {kind} queries: {_agreement(agreement)}"
    for note in index.notes:
        yield f"  note: {note}"


def _agreement(found: Agreement) -> str:
    parts = []
    if found.overlap is not None:
        parts.append(f"top 10 overlap {found.overlap:.3f}, worst {found.worst:.3f}")
    if found.score_delta is not None:
        parts.append(f"largest score difference {found.score_delta:.2e}")
    return "; ".join([*parts, *(f"failed: {reason}" for reason in found.failed)])


def _refused_lines(index: Refused) -> Iterator[str]:
    yield f"index {index.name}: not moved, {index.type}: {index.reason}"


def _plan_lines(plan: IndexPlan) -> Iterator[str]:
    verdict = "would be refused" if plan.refused else "would be moved"
    yield f"index {plan.name}: {plan.documents} documents, {plan.bytes / 2**20:.1f} MiB, {verdict}"
    for reason in plan.refused:
        yield f"  refused: {reason}"
    for note in plan.notes:
        yield f"  note: {note}"


__all__ = ["Lines", "OnTerminal", "Pace", "progress_shown", "report_lines"]
