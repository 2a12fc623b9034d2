"""What security is configured with: users, roles, who has which role, groups of actions, tenants. Frozen values.

A configuration is never changed: a change makes another one, of the next generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Names = tuple[str, ...]
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Guard:
    """How far an entity may be changed: `static` ones are part of the product, `reserved` ones are kept by it,
    `hidden` ones are not even shown."""

    static: bool = False
    reserved: bool = False
    hidden: bool = False


FREE = Guard()


@dataclass(frozen=True)
class InternalUser:
    hash: str = field(repr=False)
    """argon2id or bcrypt, in their usual text forms."""
    backend_roles: Names = ()
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    security_roles: Names = ()
    """`opendistro_security_roles`: roles that need no mapping."""
    description: str | None = None
    guard: Guard = FREE


@dataclass(frozen=True)
class IndexPermission:
    index_patterns: Names
    allowed_actions: Names
    """Actions, patterns of actions, names of action groups."""
    dls: str | None = None
    fls: Names = ()
    masked_fields: Names = ()


@dataclass(frozen=True)
class TenantPermission:
    tenant_patterns: Names
    allowed_actions: Names


@dataclass(frozen=True)
class Role:
    cluster_permissions: Names = ()
    index_permissions: tuple[IndexPermission, ...] = ()
    tenant_permissions: tuple[TenantPermission, ...] = ()
    description: str | None = None
    guard: Guard = FREE


@dataclass(frozen=True)
class RoleMapping:
    """Who has the role of the same name."""

    users: Names = ()
    backend_roles: Names = ()
    """Any of them."""
    and_backend_roles: Names = ()
    """All of them."""
    hosts: Names = ()
    description: str | None = None
    guard: Guard = FREE


@dataclass(frozen=True)
class ActionGroup:
    allowed_actions: Names
    type: str | None = None
    """`cluster` or `index`; shipped ones also `all` and `kibana`."""
    description: str | None = None
    guard: Guard = FREE


@dataclass(frozen=True)
class Tenant:
    description: str | None = None
    guard: Guard = FREE


@dataclass(frozen=True)
class SecurityConfiguration:
    """Everything at one moment, by name."""

    internal_users: Mapping[str, InternalUser]
    roles: Mapping[str, Role]
    roles_mapping: Mapping[str, RoleMapping]
    action_groups: Mapping[str, ActionGroup]
    tenants: Mapping[str, Tenant]
    generation: int
    """Grows with every change; what was computed from another generation is stale."""


@dataclass(frozen=True)
class User:
    """Somebody who has proved who they are, whichever way."""

    name: str
    backend_roles: Names = ()
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    """By full name: `attr.internal.team`, `attr.jwt.sub`, ..."""
    security_roles: Names = ()
    address: str | None = None
    """The peer's IP address."""
    requested_tenant: str | None = None

    def __str__(self) -> str:
        """As OpenSearch writes a user in its errors."""
        roles = ", ".join(self.backend_roles)
        return f"User [name={self.name}, backend_roles=[{roles}], requestedTenant={self.requested_tenant or 'null'}]"
