"""Going through the hits of a search, and writing something for each: by-query requests and reindexing do that."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from ragstone.core.clock import Clock, Deadline
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchTimeoutException,
    ShardFailure,
    VersionConflictEngineException,
    error_cause,
)
from ragstone.core.xcontent import JsonObject
from ragstone.documents.bulk import BulkService
from ragstone.documents.outcome import ItemOutcome
from ragstone.dsl.bulk import BulkItem
from ragstone.dsl.by_scroll import ByScroll
from ragstone.dsl.source_filter import filter_source
from ragstone.engine.values import Hit
from ragstone.indices.resolver import IndicesOptions
from ragstone.indices.service import IndexService
from ragstone.search.service import SearchService

Wait = Callable[[float], Awaitable[None]]
"""Sleeps for so many seconds."""
LONGEST_WAIT = 3600.0
"""Seconds that throttling waits at most for the next batch."""


@dataclass
class ByScrollStatus:
    """How far a request has got. Others may read it while it works, ask it to stop, or to work at another rate."""

    clock: Clock
    requests_per_second: float = math.inf
    total: int = 0
    updated: int = 0
    created: int = 0
    deleted: int = 0
    batches: int = 0
    version_conflicts: int = 0
    throttled: float = 0.0
    """Seconds waited so far."""
    canceled: str | None = None
    """Why it is to stop: it does so before the next batch."""
    waits_until: float = 0.0
    """On the monotonic clock: when throttling lets the next batch begin."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody has asked for something."""

    def cancel(self, reason: str) -> None:
        self.canceled = reason
        self.changed.set()

    def rethrottle(self, requests_per_second: float) -> None:
        self.requests_per_second = requests_per_second
        self.changed.set()

    def to_json(self, results: Sequence[str] = ("updated", "created", "deleted"), *, human: bool = False) -> JsonObject:
        """`results`: which counts the kind of request has. `human`: times as texts too, as kept tasks have them."""
        millis = int(self.throttled * 1000)
        left = max(0, int((self.waits_until - self.clock.monotonic()) * 1000))
        return {
            "total": self.total,
            **{name: getattr(self, name) for name in ("updated", "created", "deleted") if name in results},
            "batches": self.batches,
            "version_conflicts": self.version_conflicts,
            "noops": 0,
            "retries": {"bulk": 0, "search": 0},
            **({"throttled": _readable(millis)} if human else {}),
            "throttled_millis": millis,
            "requests_per_second": self.requests_per_second if self.requests_per_second < math.inf else -1.0,
            **({"canceled": self.canceled} if self.canceled is not None else {}),
            **({"throttled_until": _readable(left)} if human else {}),
            "throttled_until_millis": left,
        }


@dataclass
class ByScrollOutcome:
    """How a request ended. Documents that were not reached when it failed are as they were."""

    took: int
    """Milliseconds."""
    progress: ByScrollStatus
    results: Sequence[str]
    timed_out: bool = False
    failures: list[ItemOutcome] = field(default_factory=list)
    search_failures: list[ShardFailure] = field(default_factory=list)

    @property
    def status(self) -> int:
        """HTTP's: that of the worst failure."""
        errors = [item.status for item in self.failures]
        errors += [failure.reason.status for failure in self.search_failures]
        return max([408 if self.timed_out else 200, *errors])

    def to_json(self) -> JsonObject:
        """As the request itself answers."""
        return self._shown(self.progress.to_json(self.results))

    def to_task(self) -> JsonObject:
        """As `response` of a finished task."""
        return self._shown(self.progress.to_json(human=True))

    def _shown(self, progress: JsonObject) -> JsonObject:
        failures = [_failure(item) for item in self.failures]
        failures += [_search_failure(failure) for failure in self.search_failures]
        return {"took": self.took, "timed_out": self.timed_out, **progress, "failures": failures}


@dataclass(frozen=True)
class ByScrollPlan:
    """What is searched, and what is written for a hit."""

    expression: str
    options: IndicesOptions | None
    request: ByScroll
    item: Callable[[Hit, bytes], BulkItem]
    """From a hit and the part of its source that was asked for."""
    results: Sequence[str]
    """Which of updated, created and deleted can be the result."""
    needs_source: bool = True


class ByScrollWorker:
    """Runs plans. Each batch is one bulk request; the search goes on seeing what there was when it began."""

    def __init__(
        self, search: SearchService, bulk: BulkService, indices: IndexService, clock: Clock, wait: Wait = asyncio.sleep
    ) -> None:
        self._search = search
        self._bulk = bulk
        self._indices = indices
        self._clock = clock
        self._wait = wait

    async def run(self, plan: ByScrollPlan, progress: ByScrollStatus) -> ByScrollOutcome:
        """Work until the hits are used up, `max_docs` is reached, something fails or `progress` is told to stop.

        A failed item lets the rest of its batch be written, and ends the request then; so does a version conflict,
        unless the request proceeds on conflicts. Raises what the search raises, and IllegalArgumentException for a
        document without its source.
        """
        begun = self._clock.monotonic()
        request, outcome = plan.request, ByScrollOutcome(0, progress, plan.results)
        timeout = request.search.timeout
        deadline = Deadline.after(self._clock, timeout) if timeout is not None and timeout >= 0 else None
        left, done = request.max_docs, 0
        touched: set[str] = set()
        try:
            size = request.scroll_size if left is None else min(request.scroll_size, left)
            hits = self._search.pages(
                plan.expression,
                request.search,
                size,
                sources=plan.needs_source,
                options=plan.options,
                deadline=deadline,
            )
            async with aclosing(hits):
                async for page in hits:
                    progress.total = page.total if request.max_docs is None else min(page.total, request.max_docs)
                    outcome.search_failures += page.failures
                    batch = page.hits if left is None else page.hits[:left]
                    if not batch or outcome.search_failures or progress.canceled is not None:
                        break
                    batch_begun = self._clock.monotonic()
                    touched |= await self._write(plan, batch, outcome)
                    left, done = None if left is None else left - len(batch), done + len(batch)
                    if outcome.failures or left == 0 or done >= page.total:
                        break
                    await self._throttle(len(batch), batch_begun, progress)
        except OpenSearchTimeoutException:
            outcome.timed_out = True
        if request.refresh and touched and progress.canceled is None:
            await self._indices.refresh(",".join(sorted(touched)))
        outcome.took = int((self._clock.monotonic() - begun) * 1000)
        return outcome

    async def _write(self, plan: ByScrollPlan, batch: Sequence[Hit], outcome: ByScrollOutcome) -> set[str]:
        """Write one batch and count its results; the names of indices that were written to."""
        items = [plan.item(hit, _source(hit, plan)) for hit in batch]
        written = (await self._bulk.bulk(items)).items
        progress, proceed = outcome.progress, plan.request.conflicts == "proceed"
        progress.batches += 1
        for item in written:
            if item.error is None:
                _count(item, progress)
            elif isinstance(item.error, VersionConflictEngineException):
                progress.version_conflicts += 1
                if not proceed:
                    outcome.failures.append(item)
            else:
                outcome.failures.append(item)
        return {item.index for item in written if item.error is None}

    async def _throttle(self, documents: int, begun: float, progress: ByScrollStatus) -> None:
        """Wait until so many documents may have been asked for since `begun`. A new rate counts at once."""
        waited = False
        while not waited and progress.canceled is None:
            now = self._clock.monotonic()
            seconds = min(documents / progress.requests_per_second - (now - begun), LONGEST_WAIT)
            if seconds <= 0:
                break
            progress.waits_until = now + seconds
            waited = await self._wait_undisturbed(seconds, progress.changed)
            progress.throttled += seconds if waited else self._clock.monotonic() - now
        progress.waits_until = 0.0

    async def _wait_undisturbed(self, seconds: float, changed: asyncio.Event) -> bool:
        """False when something has changed before the time was over."""
        changed.clear()
        waiting = asyncio.ensure_future(self._wait(seconds))
        disturbed = asyncio.ensure_future(changed.wait())
        try:
            await asyncio.wait({waiting, disturbed}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
                return True
            return False
        finally:
            waiting.cancel()
            disturbed.cancel()


def _source(hit: Hit, plan: ByScrollPlan) -> bytes:
    if not plan.needs_source:
        return b""
    wanted = plan.request.search.source
    if hit.source is None or (wanted is not None and not wanted.enabled):
        raise IllegalArgumentException(f"[{hit.index}][{hit.id}] didn't store _source")
    return filter_source(hit.source, wanted)


def _count(item: ItemOutcome, progress: ByScrollStatus) -> None:
    if item.action == "delete":
        progress.deleted += 1
    elif item.result == "created":
        progress.created += 1
    else:  # also where a pipeline dropped the document
        progress.updated += 1


def _failure(item: ItemOutcome) -> JsonObject:
    assert item.error is not None
    return {"index": item.index, "id": item.id, "cause": error_cause(item.error), "status": item.status}


def _search_failure(failure: ShardFailure) -> JsonObject:
    return {
        "index": failure.index,
        "shard": failure.shard,
        "node": failure.node,
        "status": failure.reason.status,
        "reason": error_cause(failure.reason),
    }


def _readable(millis: int) -> str:
    """Java's short form of a time: `0s`, `250ms`, `1.5s`."""
    if millis % 1000 == 0 and millis < 60_000:
        return f"{millis // 1000}s"
    return f"{millis}ms" if millis < 1000 else f"{millis / 1000:.1f}s"
