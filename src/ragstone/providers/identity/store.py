"""The file of identities. The command line writes it while a server runs; the server sees that it has changed."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from ragstone.core import json
from ragstone.core.arns import LOCAL_ACCOUNT
from ragstone.core.errors import OpenSearchException
from ragstone.core.files import sync
from ragstone.providers.identity.iam_policy import MalformedPolicy
from ragstone.providers.identity.model import Directory

FILE = "identities.json"


class IdentityFileError(Exception):
    """The file is there and cannot be read. The message names it."""


class IdentityStore:
    """`<folder>/identities.json`, mode 0600. Safe from several threads and processes; blocking, but the file is small.

    Without a file there is nobody.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: tuple[tuple[int, int, int], Directory] | None = None

    def read(self) -> Directory:
        """Raises IdentityFileError."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return Directory(LOCAL_ACCOUNT)
        # Every version is a file of its own, so one of these differs.
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._known
        if known is not None and known[0] == version:
            return known[1]
        try:
            directory = Directory.from_json(json.decode(self._path.read_bytes()))
        except (OSError, OpenSearchException, KeyError, TypeError, MalformedPolicy) as error:
            raise IdentityFileError(f"cannot read the identities in [{self._path}]: {error}") from None
        self._known = version, directory
        return directory

    def change(self, change: Callable[[Directory], Directory]) -> Directory:
        """Write what `change` makes of what is there; nobody else writes meanwhile. Raises IdentityFileError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            directory = change(self.read())
            self._write(json.encode(directory.to_json()))
        return directory

    def _write(self, content: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(prefix=f"{FILE}.", dir=self._path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except BaseException:
            os.unlink(temporary)
            raise
        sync(self._path.parent)
