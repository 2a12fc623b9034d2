"""What fails for one index of a search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ragstone.core.errors import OpenSearchException, SearchPhaseExecutionException, ShardFailure
from ragstone.engine.embedded.snapshot import Snapshot


@contextmanager
def shard_failures(snapshot: Snapshot) -> Iterator[None]:
    """An error inside becomes the failure of that index's shard, and of the search: SearchPhaseExecutionException."""
    try:
        yield
    except SearchPhaseExecutionException:
        raise
    except OpenSearchException as error:
        failure = ShardFailure(snapshot.metadata.name, snapshot.node, error)
        raise SearchPhaseExecutionException(failures=[failure]) from None


__all__ = ["shard_failures"]
