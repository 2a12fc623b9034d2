"""What `ragstone iam` does: adds, changes and removes users, keys and roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ragstone.core.clock import Clock
from ragstone.core.ids import IdGenerator
from ragstone.providers.api import Encryptor
from ragstone.providers.identity.access_keys import seal_secret
from ragstone.providers.identity.local_sts import new_id, new_secret
from ragstone.providers.identity.model import AccessKey, Directory, Role, User
from ragstone.providers.identity.store import IdentityStore

_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"/|/[!-.0-~]+(?:/[!-.0-~]+)*/", re.ASCII)
_MOST_KEYS = 2
"""Of a user, as on AWS: enough to change them."""


class IdentityError(Exception):
    """Something that cannot be done. `code` is AWS's (`NoSuchEntity`, `EntityAlreadyExists`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class NewKey:
    """The only time that a secret is told."""

    id: str
    secret: str = field(repr=False)


class Administration:
    """Everything raises IdentityError, MalformedPolicy for a document that is none, and IdentityFileError."""

    def __init__(self, store: IdentityStore, encryptor: Encryptor, clock: Clock, ids: IdGenerator) -> None:
        self._store = store
        self._encryptor = encryptor
        self._clock = clock
        self._ids = ids

    def directory(self) -> Directory:
        return self._store.read()

    def create_user(self, name: str) -> str:
        """Answers the ARN."""
        _check_name(name)
        user = User(name, new_id(self._ids, "AIDA"), self._clock.now())

        def change(directory: Directory) -> Directory:
            _check_free(directory.users, name, "User")
            return directory.with_user(user)

        return self._store.change(change).user_arn(user)

    def delete_user(self, name: str) -> None:
        """With keys and policies."""
        self._change_user(name, lambda directory, user: directory.without_user(name))

    def put_user_policy(self, name: str, policy: str, document: Any) -> None:
        """Attach a permission policy under a name, or replace the one of that name."""
        self._change_user(
            name,
            lambda directory, user: directory.with_user(replace(user, policies=_with(user.policies, policy, document))),
        )

    def delete_user_policy(self, name: str, policy: str) -> None:
        self._change_user(
            name,
            lambda directory, user: directory.with_user(replace(user, policies=_without(user.policies, policy))),
        )

    def create_access_key(self, name: str) -> NewKey:
        new = NewKey(new_id(self._ids, "AKIA"), new_secret(self._ids))
        key = AccessKey(new.id, seal_secret(self._encryptor, new.id, new.secret), self._clock.now())

        def change(directory: Directory, user: User) -> Directory:
            if len(user.keys) >= _MOST_KEYS:
                raise IdentityError("LimitExceeded", f"The user {name} has {_MOST_KEYS} access keys already.")
            return directory.with_user(replace(user, keys=(*user.keys, key)))

        self._change_user(name, change)
        return new

    def delete_access_key(self, name: str, key_id: str) -> None:
        def change(directory: Directory, user: User) -> Directory:
            kept = tuple(key for key in user.keys if key.id != key_id)
            if len(kept) == len(user.keys):
                raise IdentityError("NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")
            return directory.with_user(replace(user, keys=kept))

        self._change_user(name, change)

    def create_role(
        self, name: str, trust: Any, permissions: Any = None, *, path: str = "/", longest_session: int = 3600
    ) -> str:
        """Answers the ARN. `permissions` become the policy `inline`; `longest_session` is 3600 to 43200 seconds."""
        _check_name(name)
        if _PATH.fullmatch(path) is None:
            raise IdentityError("ValidationError", f"A path begins and ends with a slash, not as [{path}] does.")
        if not 3600 <= longest_session <= 43_200:
            raise IdentityError("ValidationError", "The longest session is between 3600 and 43200 seconds.")
        role = Role(
            name,
            new_id(self._ids, "AROA"),
            self._clock.now(),
            trust,
            path,
            {"inline": permissions} if permissions is not None else {},
            longest_session,
        )

        def change(directory: Directory) -> Directory:
            _check_free(directory.roles, name, "Role")
            return directory.with_role(role)

        return self._store.change(change).role_arn(role)

    def update_trust(self, name: str, trust: Any) -> None:
        self._change_role(name, lambda directory, role: directory.with_role(replace(role, trust_document=trust)))

    def put_role_policy(self, name: str, policy: str, document: Any) -> None:
        """Attach a permission policy under a name, or replace the one of that name."""
        self._change_role(
            name,
            lambda directory, role: directory.with_role(replace(role, policies=_with(role.policies, policy, document))),
        )

    def delete_role_policy(self, name: str, policy: str) -> None:
        self._change_role(
            name,
            lambda directory, role: directory.with_role(replace(role, policies=_without(role.policies, policy))),
        )

    def delete_role(self, name: str) -> None:
        """Its sessions end with it."""
        self._change_role(name, lambda directory, role: directory.without_role(name))

    def _change_user(self, name: str, change: Callable[[Directory, User], Directory]) -> None:
        def changed(directory: Directory) -> Directory:
            user = directory.users.get(name)
            if user is None:
                raise IdentityError("NoSuchEntity", f"The user with name {name} cannot be found.")
            return change(directory, user)

        self._store.change(changed)

    def _change_role(self, name: str, change: Callable[[Directory, Role], Directory]) -> None:
        def changed(directory: Directory) -> Directory:
            role = directory.roles.get(name)
            if role is None:
                raise IdentityError("NoSuchEntity", f"The role with name {name} cannot be found.")
            return change(directory, role)

        self._store.change(changed)


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise IdentityError("ValidationError", f"A name has 1 to 64 letters, digits and +=,.@_-, not as [{name}] has.")


def _check_free(taken: Mapping[str, object], name: str, what: str) -> None:
    if name.lower() in {other.lower() for other in taken}:
        raise IdentityError("EntityAlreadyExists", f"{what} with name {name} already exists.")


def _with(policies: Mapping[str, Any], name: str, document: Any) -> dict[str, Any]:
    _check_name(name)
    return {**policies, name: document}


def _without(policies: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name not in policies:
        raise IdentityError("NoSuchEntity", f"The policy with name {name} cannot be found.")
    return {key: document for key, document in policies.items() if key != name}
