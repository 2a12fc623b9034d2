"""Documents on their way to the target: in batches, a few at once, again where the target was only too busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from ragstone.core.errors import OpenSearchException
from ragstone.core.log import get_logger
from ragstone.engine.api import DocumentEngine
from ragstone.engine.values import StoredDocument, WriteOperation

Sleep = Callable[[float], Awaitable[None]]

_PASSING = frozenset({429, 502, 503, 504})
"""Status of errors that may be over soon. What they hit may be written twice: versions make it the same write."""
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 20.0
_FRAME = 200
"""Bytes that a bulk request needs for a document beside its source and id, and some."""

_log = get_logger("migration")


@dataclass(frozen=True)
class Limits:
    """How much goes at once."""

    page_documents: int = 1000
    """Of the source, read in one step."""
    page_bytes: int = 4 * 2**20
    """About how much such a page should hold, where documents are large."""
    batch_documents: int = 1000
    batch_bytes: int = 5 * 2**20
    in_flight: int = 4
    """Requests that wait for an answer at one time."""
    tries: int = 12
    """Of one request; about a minute and a half of waiting."""


class DocumentRefused(Exception):
    """The target does not take a document, now or ever."""

    def __init__(self, id: str, error: OpenSearchException) -> None:
        super().__init__(id)
        self.id = id
        self.error = error


def operation_of(document: StoredDocument) -> WriteOperation:
    """Writing it twice is writing it once: the version comes along, and an older one never replaces a newer."""
    return WriteOperation(
        "index",
        document.id,
        document.source,
        routing=document.routing,
        version=document.version,
        version_type="external_gte",
        pipeline="_none",
    )


def batches(documents: Sequence[StoredDocument], limits: Limits) -> Iterator[list[WriteOperation]]:
    """In order, none above the limits, but for a single document that is larger than a whole batch may be."""
    batch: list[WriteOperation] = []
    size = 0
    for document in documents:
        weight = len(document.source) + len(document.id) + _FRAME
        if batch and (len(batch) == limits.batch_documents or size + weight > limits.batch_bytes):
            yield batch
            batch, size = [], 0
        batch.append(operation_of(document))
        size += weight
    if batch:
        yield batch


class Writer:
    """Writes batches to an index. At most `limits.in_flight` of them wait for the target, those of all callers."""

    def __init__(self, engine: DocumentEngine, limits: Limits, sleep: Sleep) -> None:
        self._engine = engine
        self._limits = limits
        self._sleep = sleep
        self._free = asyncio.Semaphore(limits.in_flight)

    async def write(self, index: str, operations: Sequence[WriteOperation]) -> None:
        """Returns when all are acknowledged. Raises DocumentRefused, or the error of the whole request."""
        async with self._free:
            wait = _FIRST_WAIT
            for last in range(self._limits.tries, 0, -1):
                operations, error = await self._once(index, operations)
                if error is None:
                    return
                if last == 1:
                    raise error
                _log.debug("the target is busy", index=index, seconds=wait, error=error.type_name())
                await self._sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def _once(
        self, index: str, operations: Sequence[WriteOperation]
    ) -> tuple[Sequence[WriteOperation], OpenSearchException | None]:
        """What is to be tried again, and why."""
        try:
            outcomes = await self._engine.bulk(index, operations)
        except OpenSearchException as error:
            if error.status not in _PASSING:
                raise
            return operations, error
        left: list[WriteOperation] = []
        why: OpenSearchException | None = None
        for operation, outcome in zip(operations, outcomes, strict=True):
            if isinstance(outcome, OpenSearchException):
                if outcome.status not in _PASSING:
                    raise DocumentRefused(operation.id, outcome)
                left.append(operation)
                why = outcome
        return left, why


__all__ = ["DocumentRefused", "Limits", "Sleep", "Writer", "batches", "operation_of"]
