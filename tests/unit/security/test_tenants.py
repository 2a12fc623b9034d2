from __future__ import annotations

from ragstone.security.builtin import BUILTIN
from ragstone.security.entities import Kind
from ragstone.security.model import Role, SecurityConfiguration, Tenant, TenantPermission
from ragstone.security.tenants import tenants_of

CONFIGURATION = SecurityConfiguration(
    internal_users={},
    roles={
        "all_access": BUILTIN[Kind.ROLES]["all_access"],  # type: ignore[dict-item]
        "reader": Role(tenant_permissions=(TenantPermission(("crew*",), ("kibana_all_read",)),)),
        "writer": Role(tenant_permissions=(TenantPermission(("crew1",), ("kibana_all_write",)),)),
    },
    roles_mapping={},
    action_groups={},
    tenants={"global_tenant": Tenant("g"), "crew1": Tenant("1"), "crew2": Tenant("2")},
    generation=1,
)


def test_everybody_has_a_tenant_of_the_own_name() -> None:
    assert tenants_of("u", ["own_index", "no-such-role"], CONFIGURATION) == {"u": True}


def test_roles_open_the_tenants_that_their_patterns_name() -> None:
    assert tenants_of("u", ["reader"], CONFIGURATION) == {"crew1": False, "crew2": False, "u": True}


def test_who_may_write_by_one_role_may_write() -> None:
    wanted = {"crew1": True, "crew2": False, "u": True}
    assert tenants_of("u", ["reader", "writer"], CONFIGURATION) == wanted
    assert tenants_of("u", ["writer", "reader"], CONFIGURATION) == wanted


def test_all_access_opens_all() -> None:
    wanted = {"global_tenant": True, "crew1": True, "crew2": True, "u": True}
    assert tenants_of("u", ["all_access"], CONFIGURATION) == wanted
