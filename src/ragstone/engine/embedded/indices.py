"""The index folders of a data folder: made, opened, removed, and swept at start, all safe against a crash half way.

    indices/<uuid>.new       being made; not in the cluster state yet
    indices/<uuid>           an index; the cluster state names it
    indices/<uuid>.deleted   no longer in the cluster state; being removed

A folder without metadata is what a crash leaves between two of these steps. It is removed only when its log says that
it belonged to this very cluster: a lost `cluster.sqlite` must not take the documents with it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ragstone.core.errors import IllegalStateException
from ragstone.core.files import sync
from ragstone.core.log import get_logger
from ragstone.engine.embedded.log import DocumentLog
from ragstone.engine.embedded.sqlite import StorageDamaged
from ragstone.engine.values import Metadata

_log = get_logger("indices")

LOG_FILE = "log.sqlite"


class IndexFolders:
    """Blocking."""

    def __init__(self, data: Path, cluster_uuid: str) -> None:
        self._root = data / "indices"
        self._root.mkdir(mode=0o700, exist_ok=True)
        self._cluster_uuid = cluster_uuid

    def of(self, uuid: str) -> Path:
        return self._root / uuid

    def create(self, uuid: str) -> Path:
        """A new index's folder with an empty log; durable. The metadata comes after it."""
        making = self._root / f"{uuid}.new"
        making.mkdir()
        DocumentLog.create(making / LOG_FILE, cluster_uuid=self._cluster_uuid, index_uuid=uuid)
        sync(making)
        making.rename(self.of(uuid))
        sync(self._root)
        return self.of(uuid)

    def remove(self, uuid: str) -> None:
        """The metadata is gone already. A folder that is missing is fine."""
        going = self._root / f"{uuid}.deleted"
        if self.of(uuid).exists():
            self.of(uuid).rename(going)
            shutil.rmtree(going)

    def sweep(self, metadata: Metadata) -> None:
        """Remove what crashes left behind.

        Raises IllegalStateException for documents of another cluster, or of nobody knows which.
        """
        known = {index.uuid for index in metadata.indices.values()}
        for folder in sorted(self._root.iterdir()):
            if folder.suffix in (".new", ".deleted"):
                shutil.rmtree(folder)
            elif folder.is_dir() and folder.name not in known:
                self._check_orphan(folder)
                _log.info("removing an index folder that a crash left behind", folder=folder.name)
                shutil.rmtree(folder)

    def _check_orphan(self, folder: Path) -> None:
        try:
            log = DocumentLog.open(folder / LOG_FILE)
            owner, documents = log.cluster_uuid, log.counts().live
            log.close()
            if owner == self._cluster_uuid:
                return
            what = f"holds [{documents}] documents of another cluster [{owner}]"
        except StorageDamaged as damage:
            what = f"cannot be read: {damage}"
        error = IllegalStateException(
            f"[{folder}] is not in the cluster state of [{self._cluster_uuid}], and {what}. Nothing is removed: bring "
            "back the cluster.sqlite it belongs to, or move the folder away"
        )
        error.status = 500
        raise error


__all__ = ["LOG_FILE", "IndexFolders"]
