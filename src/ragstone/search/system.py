"""Searches over the system indices of ML Commons: the SearchPort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragstone.core import caller, json, xcontent
from ragstone.core.clock import Clock
from ragstone.core.errors import OpenSearchException, ParseException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import Query
from ragstone.dsl.search_body import SearchBody, parse_search_body
from ragstone.dsl.source_filter import SourceFilter
from ragstone.engine.api import Engine
from ragstone.indices.resolver import Resolved
from ragstone.search.execution import SearchExecution
from ragstone.search.render import render


class SystemSearch:
    """Ordinary searches that run no pipeline and call no model."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._execution = SearchExecution(engine, clock)

    async def search_index(
        self, index: str, body: bytes, *, source_excludes: Sequence[str], only: Query | None = None
    ) -> JsonObject:
        """See `SearchPort`."""
        start = self._clock.monotonic()
        if not body.strip():
            raise ParseException("request body or source parameter is required")
        decoded = json.decode(body)
        try:
            parsed = _shown_whole(parse_search_body(decoded), source_excludes)
        except OpenSearchException as error:
            xcontent.locate(error, body, decoded)
            raise
        found = (await self._engine.metadata()).indices.get(index)
        targets = [Resolved(found, only)] if found is not None else []
        with caller.as_node():  # whoever may ask for connectors is not asked for a right on their index
            response = await self._execution.run(targets, parsed, hidden=source_excludes)
        return render(parsed, response, int((self._clock.monotonic() - start) * 1000))


def _shown_whole(body: SearchBody, source_excludes: Sequence[str]) -> SearchBody:
    """With everything that hits of these searches always show, and without what they never show."""
    wanted = body.source or SourceFilter()
    source = replace(wanted, enabled=True, excludes=(*wanted.excludes, *source_excludes))
    return replace(body, source=source, version=True, seq_no_primary_term=True)
