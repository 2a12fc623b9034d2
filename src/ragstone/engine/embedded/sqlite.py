"""Opens SQLite files: the one place for the pragmas that durability rests on, and for the stamp each file carries.

A file of ours carries `application_id` (whose it is) and `user_version` (its format). A file of a newer format is
refused, never guessed at.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from ragstone.core.errors import IllegalStateException, IOException

_APPLICATION = 0x52475354  # "RGST"
_PAGE = 8192  # bytes; one document of a few kilobytes should not need an overflow page
_MAP = 256 * 2**20  # bytes of a file that readers may map
_AUTOCHECKPOINT = 2000  # pages of WAL (16 MiB) before a commit moves them into the file
_OLDEST = (3, 31, 0)


class StorageDamaged(Exception):
    """A file that should hold data is missing, unreadable or not ours. The text names the file."""


def create(file: Path, format: int, schema: str, fill: Callable[[sqlite3.Connection], object]) -> None:
    """Make a new file: schema, first contents and stamp in one durable transaction. It is for its owner's eyes only,
    and so are the files that SQLite puts beside it."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = _connect(file)
    try:
        connection.execute(f"PRAGMA page_size={_PAGE}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.split(";"):
            connection.execute(statement)
        fill(connection)
        connection.execute(f"PRAGMA application_id={_APPLICATION}")
        connection.execute(f"PRAGMA user_version={format}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def open_writer(file: Path, format: int) -> sqlite3.Connection:
    """The one writing connection of a file: WAL, synchronous FULL, so a commit that returns survives power loss.

    Raises StorageDamaged, and IllegalStateException for a newer format.
    """
    if not file.is_file():
        raise StorageDamaged(f"[{file}] is missing")
    connection = _connect(file)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
            raise StorageDamaged(f"[{file}] is not a file of this server, or its beginning is lost")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > format:
            raise IllegalStateException(
                f"[{file}] has format [{found}], written by a newer version; this one reads formats up to [{format}]"
            )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={_AUTOCHECKPOINT}")
    except sqlite3.Error as error:
        connection.close()
        raise StorageDamaged(f"[{file}] cannot be read: {error}") from error
    except Exception:
        connection.close()
        raise
    return connection


def open_reader(file: Path) -> sqlite3.Connection:
    """A connection for reading beside the writer; any one thread at a time may use it."""
    connection = _connect(file)
    connection.execute("PRAGMA query_only=ON")
    connection.execute(f"PRAGMA mmap_size={_MAP}")
    return connection


def storage_error(what: str, error: sqlite3.Error) -> IOException:
    """A failing disk in a client's words. 500: no request can mend it."""
    translated = IOException(f"{what}: {error}")
    translated.status = 500
    return translated


def _connect(file: Path) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        raise IllegalStateException(f"SQLite {needed} or newer is needed; this Python has {sqlite3.sqlite_version}")
    # Autocommit: transactions are written out, so that the reader of the code sees where the ack point is.
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30.0)
