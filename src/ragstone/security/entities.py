"""The kinds of things that security is configured with: their names on the wire, and their two JSON forms.

*Shown* is what GET answers: everything is there, even empty, except descriptions and the like that were not given, and
a password's hash is always empty. *Sparse* leaves out what is as it would be anyway: it is how entities are kept, and
it is the document that a PATCH is applied to.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from ragstone.core.xcontent import JsonObject, java_text
from ragstone.security.model import (
    ActionGroup,
    Guard,
    IndexPermission,
    InternalUser,
    Names,
    Role,
    RoleMapping,
    Tenant,
    TenantPermission,
)

Entity = InternalUser | Role | RoleMapping | ActionGroup | Tenant
Entities = Mapping[str, Entity]


class Kind(StrEnum):
    """By the name in paths."""

    USERS = "internalusers"
    ROLES = "roles"
    MAPPINGS = "rolesmapping"
    ACTION_GROUPS = "actiongroups"
    TENANTS = "tenants"

    @property
    def singular(self) -> str:
        """As messages name one of them."""
        return _SINGULAR[self]


_SINGULAR = {
    Kind.USERS: "user",
    Kind.ROLES: "role",
    Kind.MAPPINGS: "rolesmapping",
    Kind.ACTION_GROUPS: "actiongroup",
    Kind.TENANTS: "tenant",
}


def shown(entity: Entity) -> JsonObject:
    """As GET answers it."""
    guard = entity.guard
    flags = {"reserved": guard.reserved, "hidden": guard.hidden}
    described = {} if entity.description is None else {"description": entity.description}
    static = {"static": guard.static}
    match entity:
        case InternalUser():
            return {
                "hash": "",
                **flags,
                "backend_roles": list(entity.backend_roles),
                "attributes": dict(entity.attributes),
                **described,
                "opendistro_security_roles": list(entity.security_roles),
                **static,
            }
        case Role():
            return {
                **flags,
                **described,
                "cluster_permissions": list(entity.cluster_permissions),
                "index_permissions": [_index_permission(permission) for permission in entity.index_permissions],
                "tenant_permissions": [_tenant_permission(permission) for permission in entity.tenant_permissions],
                **static,
            }
        case RoleMapping():
            return {
                "hosts": list(entity.hosts),
                "users": list(entity.users),
                **flags,
                "backend_roles": list(entity.backend_roles),
                "and_backend_roles": list(entity.and_backend_roles),
                **described,
            }
        case ActionGroup():
            typed = {} if entity.type is None else {"type": entity.type}
            return {**flags, "allowed_actions": list(entity.allowed_actions), **typed, **described, **static}
        case Tenant():
            return {**flags, **described, **static}


def sparse(entity: Entity) -> JsonObject:
    """Only what is not as it would be without being said. The hash is in it. Without the guard: see `kept`."""
    full: JsonObject
    match entity:
        case InternalUser():
            full = {
                "hash": entity.hash or None,
                "backend_roles": list(entity.backend_roles),
                "attributes": dict(entity.attributes),
                "description": entity.description,
                "opendistro_security_roles": list(entity.security_roles),
            }
        case Role():
            full = {
                "description": entity.description,
                "cluster_permissions": list(entity.cluster_permissions),
                "index_permissions": [_filled(_index_permission(each)) for each in entity.index_permissions],
                "tenant_permissions": [_filled(_tenant_permission(each)) for each in entity.tenant_permissions],
            }
        case RoleMapping():
            full = {
                "hosts": list(entity.hosts),
                "users": list(entity.users),
                "backend_roles": list(entity.backend_roles),
                "and_backend_roles": list(entity.and_backend_roles),
                "description": entity.description,
            }
        case ActionGroup():
            full = {
                "allowed_actions": list(entity.allowed_actions),
                "type": entity.type,
                "description": entity.description,
            }
        case Tenant():
            full = {"description": entity.description}
    return _filled(full)


def kept(entity: Entity) -> JsonObject:
    """The form of a record: `sparse`, and the guard."""
    guard = entity.guard
    return {**sparse(entity), **_filled({"reserved": guard.reserved, "hidden": guard.hidden, "static": guard.static})}


def read(kind: Kind, content: Mapping[str, Any]) -> Entity:
    """An entity from its kept form, or from content that has been checked; what is not said, or null, is empty.

    Texts may be given as numbers and booleans, as OpenSearch takes them. A user's `password` is not looked at.
    """
    guard = Guard(
        static=content.get("static") is True,
        reserved=content.get("reserved") is True,
        hidden=content.get("hidden") is True,
    )
    description = content.get("description")
    match kind:
        case Kind.USERS:
            return InternalUser(
                hash=content.get("hash", ""),
                backend_roles=_names(content, "backend_roles"),
                attributes={name: java_text(value) for name, value in content.get("attributes", {}).items()},
                security_roles=_names(content, "opendistro_security_roles"),
                description=description,
                guard=guard,
            )
        case Kind.ROLES:
            return Role(
                cluster_permissions=_names(content, "cluster_permissions"),
                index_permissions=tuple(map(_read_index_permission, content.get("index_permissions", ()))),
                tenant_permissions=tuple(map(_read_tenant_permission, content.get("tenant_permissions", ()))),
                description=description,
                guard=guard,
            )
        case Kind.MAPPINGS:
            return RoleMapping(
                users=_names(content, "users"),
                backend_roles=_names(content, "backend_roles"),
                and_backend_roles=_names(content, "and_backend_roles"),
                hosts=_names(content, "hosts"),
                description=description,
                guard=guard,
            )
        case Kind.ACTION_GROUPS:
            return ActionGroup(
                allowed_actions=_names(content, "allowed_actions"),
                type=content.get("type"),
                description=description,
                guard=guard,
            )
        case Kind.TENANTS:
            return Tenant(description=description, guard=guard)


def _names(content: Mapping[str, Any], key: str) -> Names:
    return tuple(map(java_text, content.get(key) or ()))


def _read_index_permission(content: Mapping[str, Any]) -> IndexPermission:
    return IndexPermission(
        index_patterns=_names(content, "index_patterns"),
        allowed_actions=_names(content, "allowed_actions"),
        dls=content.get("dls"),
        fls=_names(content, "fls"),
        masked_fields=_names(content, "masked_fields"),
    )


def _read_tenant_permission(content: Mapping[str, Any]) -> TenantPermission:
    return TenantPermission(_names(content, "tenant_patterns"), _names(content, "allowed_actions"))


def _index_permission(permission: IndexPermission) -> JsonObject:
    return {
        "index_patterns": list(permission.index_patterns),
        **({} if permission.dls is None else {"dls": permission.dls}),
        "fls": list(permission.fls),
        "masked_fields": list(permission.masked_fields),
        "allowed_actions": list(permission.allowed_actions),
    }


def _tenant_permission(permission: TenantPermission) -> JsonObject:
    return {
        "tenant_patterns": list(permission.tenant_patterns),
        "allowed_actions": list(permission.allowed_actions),
    }


def _filled(full: JsonObject) -> JsonObject:
    """Without nulls, false, and empty lists and objects; empty texts stay."""
    return {key: value for key, value in full.items() if value == "" or value}
