"""Words for the tests, and what all groups of them start from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core import errors, json
from ragstone.dsl.query import Query, parse_query
from ragstone.engine.api import Engine
from ragstone.engine.values import FetchOptions, Hit, QueryRequest, WriteOperation, WriteOutcome, WriteResult

OpenEngine = Callable[[], AbstractAsyncContextManager[Engine]]
"""Opens an engine, each time on the same data; leaving the context closes it."""

EVERYTHING: dict[str, Any] = {"match_all": {}}


class Opened:
    """Where the tests' engine comes from."""

    @pytest.fixture
    def open_engine(self) -> OpenEngine:
        raise NotImplementedError("define the fixture open_engine in your test class")

    @pytest.fixture
    async def engine(self, open_engine: OpenEngine) -> AsyncIterator[Engine]:
        async with open_engine() as engine:
            yield engine


def index(id: str, source: Any = None, **options: Any) -> WriteOperation:
    return WriteOperation("index", id, json.encode({} if source is None else source), **options)


def create(id: str, source: Any = None, **options: Any) -> WriteOperation:
    return WriteOperation("create", id, json.encode({} if source is None else source), **options)


def delete(id: str, **options: Any) -> WriteOperation:
    return WriteOperation("delete", id, **options)


def query(body: Any) -> Query:
    return parse_query(body)


def told(outcomes: Sequence[WriteOutcome]) -> list[Any]:
    """Outcomes in short: (result, version, seq_no), or the error's class in `core.errors`."""
    return [
        (outcome.result, outcome.version, outcome.seq_no) if isinstance(outcome, WriteResult) else kind(outcome)
        for outcome in outcomes
    ]


def kind(found: Any) -> type[Any]:
    """The class of a value; of an error its class in `core.errors`, of which an engine's own may be a subclass."""
    return next((base for base in type(found).__mro__ if base.__module__ == errors.__name__), type(found))


def kinds(found: Sequence[Any]) -> list[str]:
    """The names of the classes, in order."""
    return sorted(kind(value).__name__ for value in found)


async def made(engine: Engine, name: str = "books", **parts: Any) -> None:
    await engine.create_index(name, parts.get("settings", {}), parts.get("mappings", {}), parts.get("aliases", {}))


async def hits(engine: Engine, body: Any, indices: Sequence[str] = ("books",), **options: Any) -> list[Hit]:
    result = await engine.query(QueryRequest(indices=indices, queries=[query(body)], size=1000, **options))
    try:
        return await engine.fetch(result, result.lists[0].hits, FetchOptions(version=True, seq_no_primary_term=True))
    finally:
        await engine.release(result)


async def ids(engine: Engine, body: Any = None, indices: Sequence[str] = ("books",)) -> list[str]:
    return sorted(hit.id for hit in await hits(engine, body or EVERYTHING, indices))
