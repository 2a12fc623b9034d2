"""A data folder while this process has it.

data/
  node.lock  cluster.sqlite
  indices/<uuid>/log.sqlite            the truth
                 text/<generation>/    tantivy, derived
                 vectors/<field>/      faiss, derived
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from ragstone.core.errors import IllegalStateException
from ragstone.core.ids import IdGenerator
from ragstone.engine.embedded.cluster_state import ClusterState
from ragstone.engine.embedded.indices import IndexFolders
from ragstone.engine.embedded.node_lock import NodeLock
from ragstone.engine.embedded.sqlite import StorageDamaged


class DataFolder:
    """Its lock, its cluster state, and the folders of its indices. Blocking."""

    def __init__(self, lock: NodeLock, state: ClusterState, indices: IndexFolders) -> None:
        self._lock = lock
        self.state = state
        self.indices = indices

    @classmethod
    def open(cls, path: Path, ids: IdGenerator) -> DataFolder:
        """Take the folder, made where it is missing, and clear what a crash left behind.

        Raises IllegalStateException when it cannot be used: another process holds it, or its cluster state is damaged
        or another one's.
        """
        with ExitStack() as undo:
            try:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = NodeLock.acquire(path)
            except OSError as why:
                raise IllegalStateException(f"cannot use data folder [{path}]: {why.strerror or why}") from why
            undo.callback(lock.release)
            try:
                state = ClusterState.open(path / "cluster.sqlite", ids)
            except StorageDamaged as damage:
                error = IllegalStateException(f"the cluster state cannot be read: {damage}")
                error.status = 500
                raise error from damage
            undo.callback(state.close)
            indices = IndexFolders(path, state.cluster_uuid)
            indices.sweep(state.metadata)
            undo.pop_all()
        return cls(lock, state, indices)

    def release(self) -> None:
        self.state.close()
        self._lock.release()


__all__ = ["DataFolder"]
