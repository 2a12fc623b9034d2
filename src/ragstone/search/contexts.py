"""What is held open between requests: scrolls and points in time, how many of them, and for how long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ragstone.cluster.settings import duration
from ragstone.core import caller
from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings, Setting, cluster_setting, integer
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchRejectedExecutionException,
    SearchContextMissingException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.units import parse_time, time_text
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.api import SearchEngine
from ragstone.engine.values import Reader, Total
from ragstone.indices.resolver import Resolved
from ragstone.search.execution import Place

MAX_OPEN_SCROLLS = cluster_setting(
    "search.max_open_scroll_context", 500, integer(0, 2**31 - 1), effect="how many scrolls may be open at a time"
)
MAX_OPEN_POINTS_IN_TIME = cluster_setting(
    "search.max_open_pit_context", 300, integer(0, 2**31 - 1), effect="how many points in time may be open at a time"
)
MAX_KEEP_ALIVE = cluster_setting(
    "search.max_keep_alive", "24h", duration, effect="how long a scroll may ask to be kept between two pages"
)
MAX_POINT_IN_TIME_KEEP_ALIVE = cluster_setting(
    "point_in_time.max_keep_alive", "24h", duration, effect="how long a point in time may ask to be kept"
)

_SWEEP_SECONDS = 60.0
"""Between two looks for what has expired, as long as something is open."""

Wait = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class ContextKind:
    """`prefix` begins ids. `what` names it where there are too many."""

    prefix: str
    what: str
    limit: Setting[int]
    max_keep_alive: Setting[str]

    def check_id(self, id: str) -> bool:
        """Whether a text could be an id of this kind at all."""
        return re.fullmatch(f"{self.prefix}[A-Za-z0-9_-]{{44}}", id) is not None


SCROLL = ContextKind("c2Nyb2xs", "scroll", MAX_OPEN_SCROLLS, MAX_KEEP_ALIVE)
POINT_IN_TIME = ContextKind("cGl0X2lk", "Point In Time", MAX_OPEN_POINTS_IN_TIME, MAX_POINT_IN_TIME_KEEP_ALIVE)


@dataclass(frozen=True)
class Scroll:
    """What the pages behind the first need of it. `total` and `max_score` are shown by all of them."""

    place: Place
    body: SearchBody
    """As the engine was asked for the first page: models have read the texts in it."""
    total: Total | None
    max_score: float | None


@dataclass(eq=False)
class SearchContext:
    """A reader with what it was opened for. `id` is opaque, and cannot be guessed."""

    id: str
    kind: ContextKind
    reader: Reader
    targets: Sequence[Resolved]
    owner: str | None
    """Who opened it; None where nobody asks."""
    created: int
    """Epoch milliseconds."""
    keep_alive: float
    """Seconds after the last use."""
    expires: float = 0.0
    """On the monotonic clock."""
    users: int = 0
    """Requests that are at it; meanwhile it does not expire."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One page at a time."""
    scroll: Scroll | None = None
    """None of a point in time, and until the first page is there."""

    def is_own(self) -> bool:
        """Whether the caller of now opened it."""
        return self.owner == _caller()


class SearchContexts:
    """Belongs to one event loop. `wait` sleeps between sweeps; tests hand in their own."""

    def __init__(
        self,
        engine: SearchEngine,
        settings: ClusterSettings,
        clock: Clock,
        ids: IdGenerator,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._wait = wait
        self._open: dict[str, SearchContext] = {}
        self._opening = asyncio.Lock()
        self._sweeper: asyncio.Task[None] | None = None

    async def open(self, kind: ContextKind, targets: Sequence[Resolved], keep_alive: float) -> SearchContext:
        """Hold what the targets, at least one, have published.

        Raises OpenSearchRejectedExecutionException when too many are open, and what `Engine.open_reader` raises.
        """
        async with self._opening:
            await self.sweep()
            limit = self._settings.get(kind.limit)
            if len(self.all(kind)) >= limit:
                raise OpenSearchRejectedExecutionException(
                    f"Trying to create too many {kind.what} contexts. Must be less than or equal to: [{limit}]. This "
                    f"limit can be set by changing the [{kind.limit.key}] setting."
                )
            reader = await self._engine.open_reader([target.index.name for target in targets], keep_alive)
            id = kind.prefix + self._ids.uuid22() + self._ids.uuid22()
            created = epoch_millis(self._clock)
            context = SearchContext(id, kind, reader, targets, _caller(), created, keep_alive)
            self._open[id] = context
            self._used(context)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep_on())
        return context

    @asynccontextmanager
    async def using(self, kind: ContextKind, id: str, keep_alive: float | None = None) -> AsyncIterator[SearchContext]:
        """The open context of that id, which lives on from the end of its use; longer than before, if `keep_alive` is.

        Raises SearchContextMissingException.
        """
        context = self._find(kind, id)
        context.keep_alive = max(context.keep_alive, keep_alive or 0.0)
        context.users += 1
        try:
            yield context
        finally:
            context.users -= 1
            self._used(context)

    def check_keep_alive(self, kind: ContextKind, keep_alive: float) -> None:
        """Raises IllegalArgumentException for more than the setting allows."""
        setting = kind.max_keep_alive
        most = parse_time(self._settings.get(setting), setting.key)
        if keep_alive > most:
            raise IllegalArgumentException(
                f"Keep alive for request ({time_text(keep_alive)}) is too large. It must be less than "
                f"({time_text(most)}). This limit can be set by changing the [{setting.key}] cluster level setting."
            )

    def all(self, kind: ContextKind) -> list[SearchContext]:
        """Those that are open, oldest first."""
        return [context for context in self._open.values() if context.kind is kind and not self._expired(context)]

    def get(self, kind: ContextKind, id: str) -> SearchContext | None:
        """The open context of that id, without using it."""
        context = self._open.get(id)
        return None if context is None or context.kind is not kind or self._expired(context) else context

    async def free(self, context: SearchContext) -> None:
        """Let go of it. Twice is fine."""
        self._open.pop(context.id, None)
        await self._engine.close_reader(context.reader)

    async def sweep(self) -> None:
        """Let go of what has expired."""
        for context in [context for context in self._open.values() if self._expired(context)]:
            await self.free(context)

    async def close(self) -> None:
        """Let go of everything, for good."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for context in list(self._open.values()):
            await self.free(context)

    async def _sweep_on(self) -> None:
        while self._open:
            await self._wait(_SWEEP_SECONDS)
            await self.sweep()
        self._sweeper = None

    def _find(self, kind: ContextKind, id: str) -> SearchContext:
        context = self.get(kind, id)
        if context is None:
            raise SearchContextMissingException(f"No search context found for id [{id}]")
        return context

    def _used(self, context: SearchContext) -> None:
        context.expires = self._clock.monotonic() + context.keep_alive

    def _expired(self, context: SearchContext) -> bool:
        return not context.users and self._clock.monotonic() >= context.expires


def _caller() -> str | None:
    who = caller.subject.get()
    return None if who is None else who.name


__all__ = [
    "MAX_KEEP_ALIVE",
    "MAX_OPEN_POINTS_IN_TIME",
    "MAX_OPEN_SCROLLS",
    "MAX_POINT_IN_TIME_KEEP_ALIVE",
    "POINT_IN_TIME",
    "SCROLL",
    "ContextKind",
    "Scroll",
    "SearchContext",
    "SearchContexts",
]
