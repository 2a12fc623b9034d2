"""One server per data folder: an advisory lock on `node.lock`, which the operating system drops with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ragstone.core.errors import IllegalStateException


class NodeLock:
    """Held from `acquire` to `release`, or to the end of the process, however it ends."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def acquire(cls, data: Path) -> NodeLock:
        """Take the folder. Raises IllegalStateException naming the folder and the process that holds it."""
        path = data / "node.lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            error = IllegalStateException(
                f"failed to obtain the lock of data folder [{data.resolve()}]: "
                f"it is in use by another server, process [{holder or 'unknown'}]"
            )
            error.status = 500
            raise error from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        return cls(file)

    def release(self) -> None:
        """Let go. The file stays: removing it would let two servers lock two different files of one name."""
        os.close(self._file)


__all__ = ["NodeLock"]
