"""Which tenants of OpenSearch Dashboards somebody may use. Here they are only kept, and told to whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from ragstone.security.model import SecurityConfiguration
from ragstone.security.patterns import matcher

_WRITE = "kibana:saved_objects/*/write"
_GROUP = "kibana_all_write"


def tenants_of(name: str, roles: Iterable[str], configuration: SecurityConfiguration) -> dict[str, bool]:
    """By name, whether they may be written to. Everybody has a tenant of the own name."""
    tenants: dict[str, bool] = {}
    for role in roles:
        if role in configuration.roles:
            for permission in configuration.roles[role].tenant_permissions:
                named = matcher(permission.tenant_patterns)
                writable = any(action in (_GROUP, _WRITE, "*") for action in permission.allowed_actions)
                for tenant in filter(named, configuration.tenants):
                    tenants[tenant] = tenants.get(tenant, False) or writable
    return {**tenants, name: True}
