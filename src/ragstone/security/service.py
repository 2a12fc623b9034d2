"""Who a caller is, and what they may: logins by password, and permissions by the configuration of the moment."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from ragstone.core.clock import Clock
from ragstone.core.ids import IdGenerator
from ragstone.core.security_settings import SecuritySettings
from ragstone.core.single_flight import SingleFlight
from ragstone.core.threadpool import ThreadPools
from ragstone.security.administration import Administration
from ragstone.security.api_keys import ApiKey, ApiKeys, ApiKeyUser
from ragstone.security.audit import AuditLog
from ragstone.security.login_limits import LoginLimits
from ragstone.security.model import InternalUser, SecurityConfiguration, User
from ragstone.security.passwords import hash_password, verify_password
from ragstone.security.permissions import Denial, Permissions, UserSubject
from ragstone.security.store import SecurityStore

_REMEMBERED = 10_000
"""Good logins that are kept at once."""
_EMPTY = SecurityConfiguration({}, {}, {}, {}, {}, generation=0)


class _Login(NamedTuple):
    user: User
    until: float


class SecurityService:
    """`shared`: other nodes change the same configuration, so it is looked at again, at most once a second."""

    def __init__(
        self,
        store: SecurityStore,
        settings: SecuritySettings,
        pools: ThreadPools,
        clock: Clock,
        ids: IdGenerator,
        *,
        api_keys: ApiKeys | None = None,
        audit: AuditLog | None = None,
        shared: bool = False,
    ) -> None:
        self.store = store
        self.settings = settings
        self.administration = Administration(store, pools)
        self._pools = pools
        self._clock = clock
        self.api_keys = api_keys
        """None where they are switched off."""
        self.audit = audit
        """None where none is kept."""
        self._shared = shared
        self._looked = clock.monotonic()
        self._limits = LoginLimits(settings.logins, clock)
        self._secret = ids.text("0123456789abcdef", 64).encode()
        self._hashes: tuple[str, ...] = ()
        """Of all users' passwords."""
        self._made_up: str | None = None
        self._logins: OrderedDict[bytes, _Login] = OrderedDict()
        self._keys: dict[str, Permissions] = {}
        self._generation = -1
        self._permissions: Permissions | None = None
        self.nobody = Permissions(_EMPTY).subject(User("nobody"))
        """For requests that are served without a login: may do nothing."""
        self._verifying: SingleFlight[tuple[bytes, int], bool] = SingleFlight()

    @property
    def initialized(self) -> bool:
        """Whether there is a configuration."""
        return self.store.current.generation > 0

    @property
    def configuration(self) -> SecurityConfiguration:
        return self.store.current

    @property
    def permissions(self) -> Permissions:
        """By the configuration of this moment. What was remembered of an older one is gone."""
        configuration = self.store.current
        if self._permissions is None or configuration.generation != self._generation:
            self._permissions = Permissions(configuration, self._denied, salt=self.settings.compliance_salt)
            self._generation = configuration.generation
            self._hashes = tuple(user.hash for user in configuration.internal_users.values() if user.hash)
            self._logins.clear()
            self._keys.clear()
        return self._permissions

    def subject_of(self, user: User) -> UserSubject:
        permissions = self.permissions
        if isinstance(user, ApiKeyUser):
            permissions = self._keys.get(user.key.id) or self._of_key(user.key)
        return permissions.subject(user)

    def _of_key(self, key: ApiKey) -> Permissions:
        """A world in which there is one role, the key's, and nobody is mapped to any."""
        configuration = replace(self.store.current, roles={key.role_name: key.role}, roles_mapping={})
        self._keys[key.id] = Permissions(configuration, self._denied, salt=self.settings.compliance_salt)
        return self._keys[key.id]

    async def renew(self) -> None:
        """Look whether another node has changed the configuration, unless that was done within the last second."""
        if self._shared and self._clock.monotonic() - self._looked >= 1:
            self._looked = self._clock.monotonic()
            await self.store.refresh()
            if self.api_keys is not None:
                await self.api_keys.refresh()

    async def authenticate_basic(self, name: str, password: str, address: str | None) -> User | None:
        """The internal user of that name and password; None where there is none such, or where too many logins
        failed. An unknown name takes as long as a wrong password."""
        if self._limits.blocked(name, address):
            return None
        generation = self.permissions.generation
        key = self._key(name, password)
        known = self._remembered(key)
        if known is not None:
            return known
        entity = self.store.current.internal_users.get(name)
        work = partial(self._verify, name, address, entity, password)
        if not await self._verifying.run((key, generation), work) or entity is None:
            return None
        user = _user(name, entity, address)
        if self.permissions.generation == generation:
            self._remember(key, user)
        return user

    def flush_cache(self, user: str | None = None) -> None:
        """Forget good logins, of all users or of one: the next ones are checked anew."""
        for key in [key for key, login in self._logins.items() if user in (None, login.user.name)]:
            del self._logins[key]

    def _denied(self, denial: Denial) -> None:
        if self.audit is not None:
            self.audit.record(
                "MISSING_PRIVILEGES",
                user=denial.user.name,
                audit_request_privilege=", ".join(denial.missing),
                audit_trace_resolved_indices=list(denial.indices),
            )

    async def _verify(self, name: str, address: str | None, entity: InternalUser | None, password: str) -> bool:
        if not self._limits.begin(name, address):
            return False
        good = False
        try:
            own = entity.hash if entity is not None else ""
            fits = await self._pools.run("login", verify_password, own or await self._hash_for(name), password)
            good = fits and bool(own)
        finally:
            self._limits.end(name, address, good=good)
        return good

    async def _hash_for(self, name: str) -> str:
        """What is looked at for an unknown name, so that it is refused after as much work as a known one.

        Hashes that were brought along may cost more than ours. So it is somebody's, always the same's for a name: a
        name that takes long may be that of a user, or one that nobody has.
        """
        if self._hashes:
            found = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=8).digest()
            return self._hashes[int.from_bytes(found) % len(self._hashes)]
        if self._made_up is None:
            self._made_up = await self._pools.run("login", hash_password, self._secret.decode())
        return self._made_up

    def _key(self, name: str, password: str) -> bytes:
        text = f"{len(name)}:{name}{password}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()

    def _remembered(self, key: bytes) -> User | None:
        login = self._logins.get(key)
        if login is None:
            return None
        if self._clock.monotonic() >= login.until:
            del self._logins[key]
            return None
        return login.user

    def _remember(self, key: bytes, user: User) -> None:
        if self.settings.cache_ttl_minutes:
            self._logins[key] = _Login(user, self._clock.monotonic() + self.settings.cache_ttl_minutes * 60)
        while len(self._logins) > _REMEMBERED:
            self._logins.popitem(last=False)


def _user(name: str, entity: InternalUser, address: str | None) -> User:
    return User(
        name=name,
        backend_roles=entity.backend_roles,
        attributes={f"attr.internal.{key}": value for key, value in entity.attributes.items()},
        security_roles=entity.security_roles,
        address=address,
    )
