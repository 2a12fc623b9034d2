"""The local vault: secrets in a file of their own below the data folder, shaped as AWS Secrets Manager's.

One SQLite file, opened for the length of each operation: the server and the command line use it side by side, and
SQLite's lock keeps them apart. Every value is sealed under the master key, which is not in this file, for its place
(secret, version, kind); names, dates and labels are in the clear.
"""

from __future__ import annotations

import base64
import hmac
import os
import sqlite3
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ragstone.core import json
from ragstone.core.arns import LOCAL_ACCOUNT, LOCAL_REGION, SECRET_SUFFIX, SecretArn, is_secret_name
from ragstone.core.clock import Clock
from ragstone.core.files import sync
from ragstone.core.ids import IdGenerator
from ragstone.providers.api import Encryptor, SealBroken, SecretDescription, SecretError, SecretValue

FILE = "secrets.sqlite"
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
RECOVERY_DAYS = 30
_LEAST_RECOVERY_DAYS = 7
_DAY = 86_400.0
_MAX_VALUE = 65_536
"""Bytes, as at AWS."""
_MAX_STAGES = 20
_LETTERS = string.ascii_letters + string.digits
_LOCK_PATIENCE = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (
  arn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL,
  created REAL NOT NULL, changed REAL NOT NULL, deleted REAL, gone REAL
) STRICT;
CREATE TABLE IF NOT EXISTS version (
  arn TEXT NOT NULL REFERENCES secret (arn) ON DELETE CASCADE, id TEXT NOT NULL, created REAL NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'binary')), sealed TEXT NOT NULL, stages TEXT NOT NULL,
  PRIMARY KEY (arn, id)
) STRICT;
"""


@dataclass(frozen=True)
class _Secret:
    arn: str
    name: str
    description: str
    created: float
    changed: float
    deleted: float | None
    gone: float | None


@dataclass(frozen=True)
class _Version:
    id: str
    created: float
    kind: str
    sealed: str
    stages: tuple[str, ...]


class Keystore:
    """The SecretsStore in `<folder>/secrets.sqlite`; the file is made, mode 0600, with the first secret. Blocking; safe
    from several threads and processes. A version that has lost its last stage is removed at once.
    """

    def __init__(
        self,
        folder: Path,
        encryptor: Encryptor,
        clock: Clock,
        ids: IdGenerator,
        *,
        region: str = LOCAL_REGION,
        account: str = LOCAL_ACCOUNT,
    ) -> None:
        self._path = folder / FILE
        self._encryptor = encryptor
        self._clock = clock
        self._ids = ids
        self._account = account
        self._prefix = f"arn:aws:secretsmanager:{region}:{account}:secret:"

    def place(self, secret: str) -> str:
        """See SecretsStore."""
        with self._reading() as db:
            found = self._find(db, secret)
        return found.arn if found is not None else self._prefix + secret.removeprefix(self._prefix)

    def owns(self, arn: str) -> bool:
        """Whether a secret of this ARN is here, or can be nowhere else."""
        parsed = SecretArn.parse(arn)
        if parsed is not None and parsed.account == self._account:
            return True
        with self._reading() as db:
            return _by_arn(db, arn) is not None

    def create(
        self, name: str, value: str | bytes, *, description: str = "", version: str | None = None
    ) -> SecretValue:
        """A new secret with its first version. Raises ResourceExistsException, InvalidParameterException."""
        _check_value(value)
        if not is_secret_name(name):
            raise SecretError(
                "ValidationException",
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
                "-/_+=.@",
            )
        now = self._clock.now()
        with self._writing() as db:
            self._purge(db, now)
            found = _named(db, name)
            if found is not None:
                return self._created_before(db, found, value, version)
            arn = f"{self._prefix}{name}-{self._ids.text(_LETTERS, SECRET_SUFFIX)}"
            db.execute("INSERT INTO secret VALUES (?, ?, ?, ?, ?, NULL, NULL)", (arn, name, description, now, now))
            return self._add(db, arn, name, value, version, (CURRENT,), now)

    def put(
        self, secret: str, value: str | bytes, *, version: str | None = None, stages: Sequence[str] = (CURRENT,)
    ) -> SecretValue:
        """A new version. What was current before is previous now, if this one is current.

        `version` makes it safe to repeat: the same value under the same version is stored once.
        Raises ResourceNotFoundException, InvalidRequestException (marked for deletion), ResourceExistsException.
        """
        _check_value(value)
        if not 1 <= len(stages) <= _MAX_STAGES or not all(1 <= len(stage) <= 256 for stage in stages):
            raise SecretError("ValidationException", f"VersionStages must hold 1 to {_MAX_STAGES} labels.")
        with self._writing() as db:
            found = self._in_use(db, secret)
            before = self._version(db, found, version)
            if before is not None:
                return self._same(found, before, value)
            now = self._clock.now()
            if not _versions(db, found.arn):
                stages = (*stages, CURRENT)
            db.execute("UPDATE secret SET changed = ? WHERE arn = ?", (now, found.arn))
            return self._add(db, found.arn, found.name, value, version, tuple(dict.fromkeys(stages)), now)

    def get(self, secret: str, *, version: str | None = None, stage: str | None = None) -> SecretValue:
        """One version, by id, by stage or both; by default the current one. Raises ResourceNotFoundException,
        InvalidRequestException (marked for deletion), DecryptionFailure (sealed with another master key)."""
        with self._reading() as db:
            found = self._in_use(db, secret)
            wanted = stage or (None if version else CURRENT)
            for stored in _versions(db, found.arn):
                if version in (None, stored.id) and (wanted is None or wanted in stored.stages):
                    return self._opened(found, stored)
            raise SecretError(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for "
                + (f"VersionId: {version}" if version else f"staging label: {wanted}"),
            )

    def describe(self, secret: str) -> SecretDescription:
        """Also of one that is marked for deletion. Raises ResourceNotFoundException."""
        with self._reading() as db:
            return _described(db, self._found(db, secret))

    def list_secrets(self, *, with_deleted: bool = False) -> list[SecretDescription]:
        """All secrets, by name."""
        with self._reading() as db:
            rows = [_Secret(*row) for row in db.execute("SELECT * FROM secret ORDER BY name")]
            now = self._clock.now()
            kept = [row for row in rows if row.gone is None or (with_deleted and now < row.gone)]
            return [_described(db, row) for row in kept]

    def delete(self, secret: str, *, recovery_days: int | None = RECOVERY_DAYS) -> SecretDescription:
        """Mark for deletion; None removes it at once and for good.

        Raises ResourceNotFoundException, InvalidParameterException for days that are not 7 to 30.
        """
        if recovery_days is not None and not _LEAST_RECOVERY_DAYS <= recovery_days <= RECOVERY_DAYS:
            raise SecretError(
                "InvalidParameterException",
                "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
            )
        now = self._clock.now()
        gone = now + (recovery_days or 0) * _DAY
        with self._writing() as db:
            self._purge(db, now)
            found = self._found(db, secret) if recovery_days is None else self._in_use(db, secret)
            db.execute("UPDATE secret SET deleted = ?, gone = ? WHERE arn = ?", (now, gone, found.arn))
            described = _described(db, _by_arn(db, found.arn) or found)
            self._purge(db, now)
            return described

    def restore(self, secret: str) -> SecretDescription:
        """Take back a mark for deletion. Raises ResourceNotFoundException."""
        with self._writing() as db:
            self._purge(db, self._clock.now())
            found = self._found(db, secret)
            db.execute("UPDATE secret SET deleted = NULL, gone = NULL WHERE arn = ?", (found.arn,))
            return _described(db, _by_arn(db, found.arn) or found)

    # ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            with _connected(":memory:") as db:
                yield db
            return
        with _connected(str(self._path)) as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            sync(self._path.parent)
        with _connected(str(self._path)) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    # ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _find(self, db: sqlite3.Connection, secret: str) -> _Secret | None:
        found = _by_arn(db, secret) or _named(db, secret.removeprefix(self._prefix))
        if found is None or (found.gone is not None and found.gone <= self._clock.now()):
            return None
        return found

    def _found(self, db: sqlite3.Connection, secret: str) -> _Secret:
        found = self._find(db, secret)
        if found is None:
            raise SecretError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return found

    def _in_use(self, db: sqlite3.Connection, secret: str) -> _Secret:
        found = self._found(db, secret)
        if found.deleted is not None:
            raise SecretError(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )
        return found

    def _purge(self, db: sqlite3.Connection, now: float) -> None:
        """Remove for good what has waited long enough."""
        db.execute("DELETE FROM secret WHERE gone <= ?", (now,))

    def _created_before(
        self, db: sqlite3.Connection, found: _Secret, value: str | bytes, version: str | None
    ) -> SecretValue:
        before = self._version(db, found, version)
        if found.deleted is None and before is not None:
            return self._same(found, before, value)
        if found.deleted is not None:
            raise SecretError(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            )
        raise SecretError(
            "ResourceExistsException", f"The operation failed because the secret {found.name} already exists."
        )

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _version(self, db: sqlite3.Connection, found: _Secret, id: str | None) -> _Version | None:
        if id is not None and not 32 <= len(id) <= 64:
            raise SecretError("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
        return next((stored for stored in _versions(db, found.arn) if stored.id == id), None)

    def _same(self, found: _Secret, before: _Version, value: str | bytes) -> SecretValue:
        """What a repeated request gets. Raises ResourceExistsException when it brings another value."""
        stored = self._opened(found, before)
        held = stored.text.encode() if stored.text is not None else stored.binary or b""
        given = value.encode() if isinstance(value, str) else value
        if (stored.text is not None) is not isinstance(value, str) or not hmac.compare_digest(held, given):
            raise SecretError(
                "ResourceExistsException",
                f"You can't use ClientRequestToken {before.id} because that value is already in use for a version of "
                f"secret {found.arn}.",
            )
        return stored

    def _add(
        self,
        db: sqlite3.Connection,
        arn: str,
        name: str,
        value: str | bytes,
        id: str | None,
        stages: tuple[str, ...],
        now: float,
    ) -> SecretValue:
        id = id or self._ids.uuid4()
        if not 32 <= len(id) <= 64:
            raise SecretError("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
        self._move_stages(db, arn, stages)
        kind, text = ("text", value) if isinstance(value, str) else ("binary", base64.b64encode(value).decode())
        sealed = self._encryptor.seal(text, _context(arn, id, kind))
        row = (arn, id, now, kind, sealed, json.encode(list(stages)).decode())
        db.execute("INSERT INTO version VALUES (?, ?, ?, ?, ?, ?)", row)
        return _value(_Secret(arn, name, "", now, now, None, None), _Version(id, now, kind, sealed, stages), text)

    def _move_stages(self, db: sqlite3.Connection, arn: str, taken: tuple[str, ...]) -> None:
        """Take stages from the versions that have them, and remove versions that have none left."""
        lost = {*taken, PREVIOUS} if CURRENT in taken else set(taken)
        for stored in _versions(db, arn):
            kept = [stage for stage in stored.stages if stage not in lost]
            if CURRENT in taken and CURRENT in stored.stages and PREVIOUS not in taken:
                kept.append(PREVIOUS)
            if not kept:
                db.execute("DELETE FROM version WHERE arn = ? AND id = ?", (arn, stored.id))
            elif tuple(kept) != stored.stages:
                db.execute(
                    "UPDATE version SET stages = ? WHERE arn = ? AND id = ?",
                    (json.encode(kept).decode(), arn, stored.id),
                )

    def _opened(self, found: _Secret, stored: _Version) -> SecretValue:
        try:
            text = self._encryptor.open(stored.sealed, _context(found.arn, stored.id, stored.kind))
        except SealBroken:
            raise SecretError(
                "DecryptionFailure",
                "The secret was sealed with another master key than this node's, or was changed since.",
            ) from None
        return _value(found, stored, text)


@contextmanager
def _connected(path: str) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path, timeout=_LOCK_PATIENCE, isolation_level=None)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")  # what is removed is written over, sealed though it is
        db.executescript(_SCHEMA)
        yield db
    except sqlite3.Error as error:
        raise SecretError("InternalServiceError", f"the file of secrets cannot be used: {error}") from None
    finally:
        db.close()


def _by_arn(db: sqlite3.Connection, arn: str) -> _Secret | None:
    row = db.execute("SELECT * FROM secret WHERE arn = ?", (arn,)).fetchone()
    return _Secret(*row) if row is not None else None


def _named(db: sqlite3.Connection, name: str) -> _Secret | None:
    row = db.execute("SELECT * FROM secret WHERE name = ?", (name,)).fetchone()
    return _Secret(*row) if row is not None else None


def _versions(db: sqlite3.Connection, arn: str) -> list[_Version]:
    rows = db.execute(
        "SELECT id, created, kind, sealed, stages FROM version WHERE arn = ? ORDER BY created, rowid", (arn,)
    )
    return [
        _Version(id, created, kind, sealed, tuple(json.decode(stages.encode())))
        for id, created, kind, sealed, stages in rows
    ]


def _described(db: sqlite3.Connection, found: _Secret) -> SecretDescription:
    return SecretDescription(
        arn=found.arn,
        name=found.name,
        description=found.description,
        created=found.created,
        changed=found.changed,
        deleted=found.deleted,
        gone=found.gone,
        versions=tuple((stored.id, stored.stages) for stored in _versions(db, found.arn)),
    )


def _value(found: _Secret, stored: _Version, text: str) -> SecretValue:
    return SecretValue(
        arn=found.arn,
        name=found.name,
        version=stored.id,
        stages=stored.stages,
        created=stored.created,
        text=text if stored.kind == "text" else None,
        binary=base64.b64decode(text) if stored.kind == "binary" else None,
    )


def _context(arn: str, version: str, kind: str) -> str:
    return f"secret/{arn}/{version}/{kind}"


def _check_value(value: str | bytes) -> None:
    if not 1 <= len(value.encode() if isinstance(value, str) else value) <= _MAX_VALUE:
        raise SecretError("InvalidParameterException", f"A secret's value must have 1 to {_MAX_VALUE} bytes.")
