from __future__ import annotations

from dataclasses import replace

import pytest

from ragstone.security.builtin import BUILTIN, first_configuration
from ragstone.security.entities import Entity, Kind, kept, read, shown, sparse
from ragstone.security.model import (
    ActionGroup,
    Guard,
    IndexPermission,
    InternalUser,
    Role,
    RoleMapping,
    Tenant,
    TenantPermission,
)

HASH = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"
FULL: list[tuple[Kind, Entity]] = [
    (Kind.USERS, InternalUser(HASH, ("a",), {"k": "v"}, ("readall",), "d", Guard(reserved=True))),
    (
        Kind.ROLES,
        Role(
            ("cluster_monitor",),
            (IndexPermission(("a*",), ("read",), '{"match_all":{}}', ("~b",), ("c",)),),
            (TenantPermission(("t",), ("kibana_all_read",)),),
            "d",
            Guard(hidden=True),
        ),
    ),
    (Kind.MAPPINGS, RoleMapping(("u",), ("b",), ("c",), ("127.*",), "d", Guard(static=True))),
    (Kind.ACTION_GROUPS, ActionGroup(("read",), "index", "d")),
    (Kind.TENANTS, Tenant("d")),
]
EMPTY: list[tuple[Kind, Entity]] = [
    (Kind.USERS, InternalUser("")),
    (Kind.ROLES, Role()),
    (Kind.MAPPINGS, RoleMapping()),
    (Kind.ACTION_GROUPS, ActionGroup(())),
    (Kind.TENANTS, Tenant()),
]


@pytest.mark.parametrize(("kind", "entity"), [*FULL, *EMPTY])
def test_what_is_kept_is_read_as_it_was(kind: Kind, entity: Entity) -> None:
    assert read(kind, kept(entity)) == entity


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_shipped_is_kept_and_read_as_it_was(kind: Kind) -> None:
    for entity in (*BUILTIN[kind].values(), *first_configuration(HASH)[kind].values()):
        assert read(kind, kept(entity)) == entity


@pytest.mark.parametrize(("kind", "entity"), EMPTY)
def test_the_sparse_form_says_nothing_of_what_is_empty(kind: Kind, entity: Entity) -> None:
    assert sparse(entity) == kept(entity) == {}


def test_the_sparse_form_says_nothing_of_what_is_empty_inside_either() -> None:
    role = Role(index_permissions=(IndexPermission(("a",), ("read",)),))
    assert sparse(role) == {"index_permissions": [{"index_patterns": ["a"], "allowed_actions": ["read"]}]}


def test_a_description_may_be_empty() -> None:
    assert sparse(Tenant("")) == {"description": ""}
    assert shown(Tenant(""))["description"] == ""


def test_everything_is_shown_even_when_it_is_empty() -> None:
    assert shown(InternalUser("")) == {
        "hash": "",
        "reserved": False,
        "hidden": False,
        "backend_roles": [],
        "attributes": {},
        "opendistro_security_roles": [],
        "static": False,
    }
    assert shown(RoleMapping()) == {
        "hosts": [],
        "users": [],
        "reserved": False,
        "hidden": False,
        "backend_roles": [],
        "and_backend_roles": [],
    }


def test_a_hash_is_never_shown() -> None:
    user = InternalUser(HASH)
    assert HASH not in str(shown(user))
    assert HASH not in repr(user)
    assert HASH not in repr(replace(user, description="d"))


def test_numbers_and_booleans_are_taken_as_texts() -> None:
    user = read(Kind.USERS, {"hash": HASH, "backend_roles": [1, True], "attributes": {"a": 1.5, "b": False}})
    assert isinstance(user, InternalUser)
    assert user.backend_roles == ("1", "true")
    assert user.attributes == {"a": "1.5", "b": "false"}
