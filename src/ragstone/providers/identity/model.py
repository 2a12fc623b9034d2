"""Users, roles and keys as values, and as what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ragstone.core.xcontent import JsonObject
from ragstone.providers.identity.iam_policy import Policy, permissions, trust

PARTITION = "aws"


@dataclass(frozen=True)
class AccessKey:
    id: str
    sealed_secret: str = field(repr=False)
    created: float
    active: bool = True


@dataclass(frozen=True)
class User:
    """`policies` are documents by name; `permissions` is what they come to."""

    name: str
    id: str
    created: float
    policies: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[AccessKey, ...] = ()
    permissions: tuple[Policy, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises MalformedPolicy."""
        object.__setattr__(self, "permissions", tuple(permissions(document) for document in self.policies.values()))


@dataclass(frozen=True)
class Role:
    """`path` begins and ends with a slash; `longest_session` in seconds."""

    name: str
    id: str
    created: float
    trust_document: Any
    path: str = "/"
    policies: Mapping[str, Any] = field(default_factory=dict)
    longest_session: int = 3600
    permissions: tuple[Policy, ...] = field(init=False, repr=False, compare=False)
    trust: Policy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises MalformedPolicy."""
        object.__setattr__(self, "permissions", tuple(permissions(document) for document in self.policies.values()))
        object.__setattr__(self, "trust", trust(self.trust_document))


@dataclass(frozen=True)
class Directory:
    """Everybody. `account` has twelve digits. Names are unique whatever their case, as on AWS."""

    account: str
    users: Mapping[str, User] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)

    def user_arn(self, user: User) -> str:
        return f"arn:{PARTITION}:iam::{self.account}:user/{user.name}"

    def role_arn(self, role: Role) -> str:
        return f"arn:{PARTITION}:iam::{self.account}:role{role.path}{role.name}"

    def session_arn(self, role: Role, session: str) -> str:
        return f"arn:{PARTITION}:sts::{self.account}:assumed-role/{role.name}/{session}"

    def role_by_arn(self, arn: str) -> Role | None:
        return next((role for role in self.roles.values() if self.role_arn(role) == arn), None)

    def by_key(self, access_key_id: str) -> tuple[User, AccessKey] | None:
        for user in self.users.values():
            for key in user.keys:
                if key.id == access_key_id:
                    return user, key
        return None

    def with_user(self, user: User) -> Self:
        return replace(self, users={**self.users, user.name: user})

    def with_role(self, role: Role) -> Self:
        return replace(self, roles={**self.roles, role.name: role})

    def without_user(self, name: str) -> Self:
        return replace(self, users={key: user for key, user in self.users.items() if key != name})

    def without_role(self, name: str) -> Self:
        return replace(self, roles={key: role for key, role in self.roles.items() if key != name})

    def to_json(self) -> JsonObject:
        return {
            "version": 1,
            "account": self.account,
            "users": [
                {
                    "name": user.name,
                    "id": user.id,
                    "created": user.created,
                    "policies": dict(user.policies),
                    "keys": [
                        {"id": key.id, "secret": key.sealed_secret, "created": key.created, "active": key.active}
                        for key in user.keys
                    ],
                }
                for user in self.users.values()
            ],
            "roles": [
                {
                    "name": role.name,
                    "id": role.id,
                    "created": role.created,
                    "path": role.path,
                    "trust": role.trust_document,
                    "policies": dict(role.policies),
                    "longest_session": role.longest_session,
                }
                for role in self.roles.values()
            ],
        }

    @classmethod
    def from_json(cls, document: JsonObject) -> Self:
        """Raises KeyError, TypeError or MalformedPolicy for what `to_json` did not write."""
        users = [
            User(
                entry["name"],
                entry["id"],
                entry["created"],
                entry["policies"],
                tuple(AccessKey(key["id"], key["secret"], key["created"], key["active"]) for key in entry["keys"]),
            )
            for entry in document["users"]
        ]
        roles = [
            Role(
                entry["name"],
                entry["id"],
                entry["created"],
                entry["trust"],
                entry["path"],
                entry["policies"],
                entry["longest_session"],
            )
            for entry in document["roles"]
        ]
        return cls(document["account"], {user.name: user for user in users}, {role.name: role for role in roles})
