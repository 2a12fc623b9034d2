"""API keys: secrets that log in as nobody, and may do what they were made for and nothing else.

Only hashes of them are kept. A key has a role of its own, which nobody else can have, and no other: it never opens the
security API.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.ids import IdGenerator
from ragstone.core.security_settings import ApiKeySettings
from ragstone.engine.api import RecordStore
from ragstone.security.model import IndexPermission, Names, Role, User

_RECORDS: Final = "security_api_keys"
_BEGINNING: Final = "os_"
_LENGTH: Final = 43
"""Characters of a key behind its beginning: 256 bits."""


@dataclass(frozen=True)
class ApiKey:
    """Times are in milliseconds since the epoch."""

    id: str
    name: str
    hash: str = field(repr=False)
    """SHA-256, in hex: enough for something that nobody could think of."""
    cluster_permissions: Names
    index_permissions: tuple[IndexPermission, ...]
    made: int
    expires: int
    """0 is never."""
    created_by: str
    revoked: int | None = None

    def in_force(self, now: int) -> bool:
        return self.revoked is None and (self.expires == 0 or now < self.expires)

    @property
    def role_name(self) -> str:
        return f"token:{self.id}"

    @property
    def role(self) -> Role:
        return Role(self.cluster_permissions, self.index_permissions)

    def shown(self) -> dict[str, Any]:
        """What the API tells of it."""
        revoked = {} if self.revoked is None else {"revoked_at": self.revoked}
        return {
            "id": self.id,
            "name": self.name,
            "iat": self.made,
            "expires_at": self.expires,
            "cluster_permissions": list(self.cluster_permissions),
            "index_permissions": _written(self.index_permissions),
            "created_by": self.created_by,
            **revoked,
        }


@dataclass(frozen=True, kw_only=True)
class ApiKeyUser(User):
    """Whoever has sent a key."""

    key: ApiKey


class TooManyKeys(Exception):
    """As many keys as there may be are in force."""


class ApiKeys:
    """Over what an engine keeps. `start` comes first; others' changes are seen by `refresh`."""

    def __init__(self, records: RecordStore, settings: ApiKeySettings, clock: Clock, ids: IdGenerator) -> None:
        self._records = records
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._keys: dict[str, ApiKey] = {}
        self._by_hash: dict[str, ApiKey] = {}

    async def refresh(self) -> None:
        found = await self._records.list_records(_RECORDS)
        self._keys = {record.name: _read(record.name, record.value) for record in found}
        self._by_hash = {key.hash: key for key in self._keys.values()}

    def owner(self, text: str) -> ApiKeyUser | None:
        """Who a key makes its sender; None for one that is unknown, revoked or expired."""
        # Looked up by its hash: how long that takes tells nothing of the key.
        key = self._by_hash.get(_hashed(text))
        if key is None or not key.in_force(epoch_millis(self._clock)):
            return None
        return ApiKeyUser(name=f"token:{key.name}", security_roles=(key.role_name,), key=key)

    def listed(self) -> list[ApiKey]:
        """All, also those that are no longer in force, oldest first."""
        return sorted(self._keys.values(), key=lambda key: (key.made, key.id))

    async def create(
        self,
        name: str,
        cluster_permissions: Names,
        index_permissions: tuple[IndexPermission, ...],
        *,
        duration: int | None,
        created_by: str,
    ) -> tuple[ApiKey, str]:
        """A new key, and its text, which is never to be had again. `duration` is in seconds; None is the longest.

        Raises TooManyKeys.
        """
        await self.refresh()
        now = epoch_millis(self._clock)
        if sum(key.in_force(now) for key in self._keys.values()) >= self._settings.max_keys:
            raise TooManyKeys
        text = _BEGINNING + self._ids.text(string.ascii_letters + string.digits, _LENGTH)
        seconds = self._settings.max_duration if duration is None else duration
        key = ApiKey(
            self._ids.auto_id(), name, _hashed(text), cluster_permissions, index_permissions, now,
            now + seconds * 1000, created_by,
        )  # fmt: skip
        await self._records.put_record(_RECORDS, key.id, _value(key), if_version=0)
        await self.refresh()
        return key, text

    async def revoke(self, id: str) -> bool:
        """False when there is no such key."""
        record = await self._records.get_record(_RECORDS, id)
        if record is None:
            return False
        if record.value.get("revoked") is None:
            value = {**record.value, "revoked": epoch_millis(self._clock)}
            await self._records.put_record(_RECORDS, id, value, if_version=record.version)
        await self.refresh()
        return True


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _written(permissions: tuple[IndexPermission, ...]) -> list[dict[str, Any]]:
    return [{"index_pattern": list(p.index_patterns), "allowed_actions": list(p.allowed_actions)} for p in permissions]


def _value(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "hash": key.hash,
        "cluster_permissions": list(key.cluster_permissions),
        "index_permissions": _written(key.index_permissions),
        "made": key.made,
        "expires": key.expires,
        "created_by": key.created_by,
        "revoked": key.revoked,
    }


def _read(id: str, value: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id,
        value["name"],
        value["hash"],
        tuple(value["cluster_permissions"]),
        tuple(
            IndexPermission(tuple(each["index_pattern"]), tuple(each["allowed_actions"]))
            for each in value["index_permissions"]
        ),
        value["made"],
        value["expires"],
        value["created_by"],
        value["revoked"],
    )
