"""Connector credentials at rest: AES-256-GCM under a master key that lives in a file of its own.

A sealed text is `rs1.<key id>.<base64url of nonce, ciphertext and tag>`. The key id (a hash of the key, 8 hex digits)
says which key is missing when the wrong one is at hand. Marker, key id and context are authenticated with it, so a
sealed text opens only where it was sealed: copied into another connector's document it is refused.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import stat
import tempfile
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ragstone.core.files import sync
from ragstone.core.log import get_logger
from ragstone.providers.api import SealBroken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_FILE = "master.key"
_MARKER = "rs1"
_KEY_BYTES = 32
_NONCE_BYTES = 12

log = get_logger(__name__)


class MasterKeyError(Exception):
    """The key file is there and cannot be trusted or used. The message tells the user what to do."""


class MasterKeyEncryptor:
    """Encryptor with the key in `<folder>/master.key`: raw 32 bytes, mode 0600, made at the first `seal`.

    Raises MasterKeyError at construction when there is a key file that is damaged, or that others can read and that
    we cannot close to them. Safe from several threads; several processes may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEY_FILE
        self._lock = threading.Lock()
        self._key: _Key | None = _read(self._path)

    def seal(self, text: str, context: str) -> str:
        key = self._ensure_key()
        # 96 random bits: a fresh nonce per value; far below the 2^32 seals at which collisions would matter.
        nonce = os.urandom(_NONCE_BYTES)
        data = nonce + key.cipher.encrypt(nonce, text.encode(), _bound(key.id, context))
        return f"{_MARKER}.{key.id}.{base64.urlsafe_b64encode(data).decode().rstrip('=')}"

    def open(self, sealed: str, context: str) -> str:
        marker, _, rest = sealed.partition(".")
        key_id, dot, encoded = rest.partition(".")
        if marker != _MARKER or not dot:
            raise SealBroken("this is no text that was sealed here")
        from cryptography.exceptions import InvalidTag

        key = self._known_key()
        if key is None:
            raise SealBroken(f"it was sealed with master key [{key_id}], and there is none in [{self._path}]")
        if key.id != key_id:
            raise SealBroken(f"it was sealed with master key [{key_id}], but [{self._path}] holds [{key.id}]")
        try:
            data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
            return key.cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(key_id, context)).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise SealBroken("the sealed text was changed, or belongs to something else") from None

    @property
    def key_id(self) -> str | None:
        """What tells the key from others, and nothing about it; None while there is none."""
        return None if self._key is None else self._key.id

    def make_key(self) -> str:
        """Make the key unless there is one; its id."""
        return self._ensure_key().id

    def _known_key(self) -> _Key | None:
        """The key, also one that another process made since this one looked for it."""
        with self._lock:
            if self._key is None:
                self._key = _read(self._path)
            return self._key

    def _ensure_key(self) -> _Key:
        with self._lock:
            if self._key is None:
                self._key = _read(self._path) or _create(self._path)
            return self._key


class _Key:
    """A master key; it shows nothing but its id."""

    def __init__(self, secret: bytes) -> None:
        self.id = hashlib.sha256(b"ragstone master key id" + secret).hexdigest()[:8]
        self._secret = secret

    @cached_property
    def cipher(self) -> AESGCM:
        # Imported at the first use: a server that holds no credentials starts without it.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._secret)


def _bound(key_id: str, context: str) -> bytes:
    return f"{_MARKER}.{key_id}.{context}".encode()


def _read(path: Path) -> _Key | None:
    try:
        with path.open("rb") as file:
            _close_to_others(path, os.fstat(file.fileno()))
            secret = file.read(_KEY_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MasterKeyError(f"cannot read the master key [{path}]: {error.strerror}") from None
    if len(secret) != _KEY_BYTES:
        raise MasterKeyError(
            f"the master key [{path}] must have {_KEY_BYTES} bytes: put the right file back, or move this one away "
            "and enter the credentials of all connectors again"
        )
    return _Key(secret)


def _close_to_others(path: Path, status: os.stat_result) -> None:
    if not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return
    try:
        path.chmod(0o600)
    except OSError:
        raise MasterKeyError(f"others can read the master key [{path}]: run `chmod 600` on it") from None
    log.warning("the master key could be read by others; it is closed to them now", path=str(path))


def _create(path: Path) -> _Key:
    """Whole and on disk before it has its name, so a crash leaves either no key or a good one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces a key that another process made in this moment.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
            log.info("master key made; keep a copy outside the backups of the data", path=str(path))
    finally:
        os.unlink(temporary)
    for folder in (path.parent, path.parent.parent):
        sync(folder)
    key = _read(path)
    if key is None:
        raise MasterKeyError(f"the master key [{path}] vanished while it was made")
    return key
