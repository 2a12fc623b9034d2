"""Who may do what: a pure function of the configuration, the user, the action and the indices.

One `Permissions` stands for one generation of the configuration. What it computes it remembers, so that a request costs
a few look-ups; the memory is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from ragstone.core import json
from ragstone.core.caller import DEFAULT_SALT, IndexView, NamedIndex
from ragstone.core.errors import OpenSearchSecurityException
from ragstone.security.model import IndexPermission, RoleMapping, SecurityConfiguration, User
from ragstone.security.patterns import Matcher, Values, fill_json, matcher, matcher_for, pattern_fault
from ragstone.security.system_indices import changes_an_index, is_system_index

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SUBJECTS: Final = 512
"""Users whose rights are kept compiled."""
_VERDICTS: Final = 1024
"""Answers kept for each of them."""
_HIDDEN: Final = IndexView(documents=())


@dataclass(frozen=True)
class Denial:
    """Something that somebody was refused."""

    user: User
    missing: tuple[str, ...]
    """The actions; none where nobody may."""
    indices: tuple[str, ...] = ()


class Permissions:
    """What one generation of the configuration allows. `on_denied` hears of every refusal, before it is raised.
    Hashes that masked fields are shown as are salted with `salt`."""

    def __init__(
        self,
        configuration: SecurityConfiguration,
        on_denied: Callable[[Denial], None] | None = None,
        *,
        salt: str = DEFAULT_SALT,
    ) -> None:
        self._configuration = configuration
        self._salt = salt
        self._on_denied = on_denied
        self._members = {name: _Members(mapping) for name, mapping in configuration.roles_mapping.items()}
        self._groups: dict[str, frozenset[str]] = {}
        self._subjects: dict[object, UserSubject] = {}

    @property
    def generation(self) -> int:
        return self._configuration.generation

    def roles_of(self, user: User) -> tuple[str, ...]:
        """The roles they are mapped to and their own ones, sorted; a role need not exist to be named here."""
        mapped = {name for name, members in self._members.items() if members.include(user)}
        return tuple(sorted(mapped | set(user.security_roles)))

    def subject(self, user: User) -> UserSubject:
        """What the user may. The same object for the same user, for a while."""
        key = (
            user.name, user.backend_roles, user.security_roles, user.address, user.requested_tenant,
            tuple(sorted(user.attributes.items())),
        )  # fmt: skip
        found = self._subjects.get(key)
        if found is None:
            found = UserSubject(user, self.roles_of(user), self._grants(user), self._on_denied)
            while len(self._subjects) >= _SUBJECTS:
                del self._subjects[next(iter(self._subjects))]
            self._subjects[key] = found
        return found

    def actions(self, names: Iterable[str]) -> frozenset[str]:
        """Patterns of actions, with the names of action groups replaced by what the groups hold, however nested."""
        found: set[str] = set()
        for name in names:
            found |= self._group(name) if name in self._configuration.action_groups else {name}
        return frozenset(found)

    def _group(self, name: str) -> frozenset[str]:
        known = self._groups.get(name)
        if known is not None:
            return known
        groups = self._configuration.action_groups
        actions: set[str] = set()
        seen, pending = {name}, [name]
        while pending:
            for allowed in groups[pending.pop()].allowed_actions:
                if allowed not in groups:
                    actions.add(allowed)
                elif allowed not in seen:
                    seen.add(allowed)
                    pending.append(allowed)
        self._groups[name] = frozenset(actions)
        return self._groups[name]

    def _grants(self, user: User) -> Grants:
        roles = [self._configuration.roles[name] for name in self.roles_of(user) if name in self._configuration.roles]
        values = _values(user, self.roles_of(user))
        return Grants(
            cluster=matcher(self.actions(name for role in roles for name in role.cluster_permissions)),
            indices=tuple(
                _compiled(permission, self.actions(permission.allowed_actions), values)
                for role in roles
                for permission in role.index_permissions
            ),
            salt=self._salt,
        )


class UserSubject:
    """What one user may, by one generation of the configuration. A `core.caller.Subject`."""

    def __init__(
        self, user: User, roles: Sequence[str], grants: Grants, on_denied: Callable[[Denial], None] | None
    ) -> None:
        self.user = user
        self.grants = grants
        self._roles = tuple(roles)
        self._on_denied = on_denied
        self._cluster: dict[str, bool] = {}
        self._indices: dict[tuple[str, str, tuple[str, ...]], bool] = {}
        self._views: dict[tuple[str, tuple[str, ...]], IndexView | None] = {}

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def backend_roles(self) -> Sequence[str]:
        return self.user.backend_roles

    @property
    def roles(self) -> Sequence[str]:
        return self._roles

    def require(self, *actions: str) -> None:
        missing = tuple(action for action in actions if not self.allowed(action))
        if missing:
            raise self._denied(missing)

    def require_on(self, actions: Sequence[str], indices: Iterable[NamedIndex]) -> None:
        lacking = self.lacking_on(actions, indices)
        if lacking is not None:
            raise self._denied(lacking.actions, lacking.indices)

    @property
    def is_unrestricted(self) -> bool:
        """May do everything, and sees all documents and fields of all indices."""
        grants = self.grants.indices
        return (
            self.allowed("*")
            and any(grant.actions("*") and grant.patterns("*") for grant in grants)
            and not any(grant.restricts or grant.broken for grant in grants)
        )

    def lacking_on(self, actions: Sequence[str], indices: Iterable[NamedIndex]) -> Lacking | None:
        """What keeps the user from doing all actions on all of the indices; None: nothing."""
        refused: set[str] = set()
        names: list[str] = []
        for index in indices:
            if is_system_index(index.name) and any(map(changes_an_index, actions)):
                return Lacking((), (index.name,))
            lacking = [action for action in actions if not self.allowed_on(action, index)]
            if lacking:
                refused.update(lacking)
                names.append(index.name)
        if not refused:
            return None
        return Lacking(tuple(action for action in actions if action in refused), tuple(names))

    def allowed(self, action: str) -> bool:
        """Whether a cluster action is."""
        verdict = self._cluster.get(action)
        if verdict is None:
            verdict = self.grants.cluster(action)
            _remember(self._cluster, action, verdict)
        return verdict

    def allowed_on(self, action: str, index: NamedIndex) -> bool:
        key = (action, index.name, tuple(index.aliases))
        verdict = self._indices.get(key)
        if verdict is None:
            verdict = not (is_system_index(index.name) and changes_an_index(action)) and any(
                grant.actions(action) and grant.reaches(index) for grant in self.grants.indices
            )
            _remember(self._indices, key, verdict)
        return verdict

    def view(self, index: NamedIndex) -> IndexView | None:
        """The roles' restrictions together: a role without one lifts nothing (`dfm_empty_overrides_all` is off)."""
        key = (index.name, tuple(index.aliases))
        if key in self._views:
            return self._views[key]
        view = self._view(index)
        _remember(self._views, key, view)
        return view

    def _view(self, index: NamedIndex) -> IndexView | None:
        if is_system_index(index.name):
            return _HIDDEN
        restricting = [grant for grant in self.grants.indices if grant.restricts and grant.may_reach(index)]
        if not restricting:
            return None
        if any(grant.broken for grant in restricting):
            return _HIDDEN  # whether it is meant cannot be told
        queries = [grant.documents for grant in restricting if grant.documents is not None]
        return IndexView(
            documents=tuple(dict.fromkeys(text for texts in queries for text in texts)) if queries else None,
            fields=tuple(dict.fromkeys(name for grant in restricting for name in grant.fields)),
            masked=tuple(dict.fromkeys(name for grant in restricting for name in grant.masked)),
            salt=self.grants.salt,
        )

    def _denied(self, missing: Sequence[str], indices: Iterable[str] = ()) -> OpenSearchSecurityException:
        """The 403 for what is missing, reported."""
        if self._on_denied is not None:
            self._on_denied(Denial(self.user, tuple(missing), tuple(indices)))
        return OpenSearchSecurityException(f"no permissions for [{', '.join(missing)}] and {self.user}")


class Lacking(NamedTuple):
    """What is not allowed. Without actions, it is allowed to nobody."""

    actions: tuple[str, ...]
    indices: tuple[str, ...]


@dataclass(frozen=True)
class Grants:
    """What the roles of one user give, compiled."""

    cluster: Matcher
    indices: tuple[_IndexGrant, ...]
    salt: str = field(default=DEFAULT_SALT, repr=False)
    """What masks of fields are salted with."""


@dataclass(frozen=True)
class _IndexGrant:
    """One index permission of a role, for one user."""

    patterns: Matcher
    actions: Matcher
    documents: tuple[str, ...] | None
    """The query that documents must match, filled in; empty when it cannot be."""
    fields: tuple[str, ...]
    masked: tuple[str, ...]
    broken: bool
    """A pattern is no usable regular expression: what it was to reach is unknown, so it gives nothing and hides all."""

    @property
    def restricts(self) -> bool:
        return self.documents is not None or bool(self.fields) or bool(self.masked)

    def reaches(self, index: NamedIndex) -> bool:
        return self.patterns(index.name) or any(map(self.patterns, index.aliases))

    def may_reach(self, index: NamedIndex) -> bool:
        return self.broken or self.reaches(index)


class _Members:
    """Who a role mapping is for."""

    def __init__(self, mapping: RoleMapping) -> None:
        self._users = matcher(mapping.users)
        self._any = matcher(mapping.backend_roles)
        self._all = tuple(matcher([pattern]) for pattern in mapping.and_backend_roles)
        self._hosts = matcher(mapping.hosts)

    def include(self, user: User) -> bool:
        return (
            self._users(user.name)
            or any(map(self._any, user.backend_roles))
            or bool(self._all and all(any(map(wanted, user.backend_roles)) for wanted in self._all))
            or bool(user.address is not None and self._hosts(user.address))
        )


def _compiled(permission: IndexPermission, actions: frozenset[str], values: Values) -> _IndexGrant:
    documents: tuple[str, ...] | None = None
    if permission.dls:
        filled = fill_json(permission.dls, values)
        documents = () if filled is None else (filled,)
    return _IndexGrant(
        patterns=matcher_for(permission.index_patterns, values),
        actions=matcher(actions),
        documents=documents,
        fields=permission.fls,
        masked=permission.masked_fields,
        broken=any(pattern_fault(pattern) is not None for pattern in permission.index_patterns),
    )


def _values(user: User, roles: Sequence[str]) -> Values:
    """What placeholders stand for; `${user.roles}` are the backend roles, quoted and with commas between them."""
    named = {
        "user.name": user.name,
        "user_name": user.name,
        "user.roles": _listed(user.backend_roles),
        "user_roles": _listed(user.backend_roles),
        "user.securityRoles": _listed(roles),
        "user_securityRoles": _listed(roles),
    }
    return lambda name: named[name] if name in named else user.attributes.get(name)


def _listed(names: Iterable[str]) -> str:
    return ",".join(json.encode(name).decode() for name in names)


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    """Keeps a bounded memory: when it is full it begins anew."""
    if len(memory) >= _VERDICTS:
        memory.clear()
    memory[key] = value
