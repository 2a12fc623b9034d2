"""What a configuration allows whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core.caller import IndexView, NamedIndex
from ragstone.core.errors import OpenSearchSecurityException
from ragstone.security.model import (
    ActionGroup,
    IndexPermission,
    Role,
    RoleMapping,
    SecurityConfiguration,
    User,
)
from ragstone.security.permissions import Denial, Permissions

SEARCH, WRITE = "indices:data/read/search", "indices:data/write/index"


def configuration(
    roles: Mapping[str, Role] | None = None,
    mappings: Mapping[str, RoleMapping] | None = None,
    groups: Mapping[str, ActionGroup] | None = None,
) -> SecurityConfiguration:
    return SecurityConfiguration(
        internal_users={},
        roles=roles or {},
        roles_mapping=mappings or {},
        action_groups=groups or {},
        tenants={},
        generation=1,
    )


def on_indices(*patterns: str, actions: tuple[str, ...] = ("indices:data/read*",), **restrictions: Any) -> Role:
    return Role(index_permissions=(IndexPermission(patterns, actions, **restrictions),))


def user(*roles: str, name: str = "ann", **more: Any) -> User:
    return User(name, security_roles=roles, **more)


# ── who has which role ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (RoleMapping(users=("ann",)), True),
        (RoleMapping(users=("an?",)), True),
        (RoleMapping(users=("bob",)), False),
        (RoleMapping(backend_roles=("pilots", "crew")), True),
        (RoleMapping(and_backend_roles=("crew", "arn:*")), True),
        (RoleMapping(and_backend_roles=("crew", "pilots")), False),
        (RoleMapping(and_backend_roles=()), False),
        (RoleMapping(hosts=("127.*",)), True),
        (RoleMapping(hosts=("localhost",)), False),
    ],
)
def test_a_mapping_names_who_has_its_role(mapping: RoleMapping, expected: bool) -> None:
    permissions = Permissions(configuration(mappings={"r": mapping}))
    ann = User("ann", backend_roles=("crew", "arn:aws:iam::1:role/w"), address="127.0.0.1")
    assert permissions.roles_of(ann) == (("r",) if expected else ())


def test_roles_are_the_mapped_and_the_own_ones_sorted() -> None:
    permissions = Permissions(configuration(mappings={"m": RoleMapping(users=("*",)), "a": RoleMapping(users=("*",))}))
    assert permissions.roles_of(user("z", "m")) == ("a", "m", "z")


def test_a_role_that_is_not_there_gives_nothing() -> None:
    subject = Permissions(configuration()).subject(user("gone"))
    assert not subject.allowed("cluster:monitor/main")


# ── actions ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_groups_nest_and_cycles_do_no_harm() -> None:
    groups = {
        "outer": ActionGroup(("inner", "cluster:a")),
        "inner": ActionGroup(("outer", "cluster:b*", "inner")),
    }
    subject = Permissions(configuration({"r": Role(("outer",))}, groups=groups)).subject(user("r"))
    assert [subject.allowed(f"cluster:{name}") for name in ("a", "bee", "c")] == [True, True, False]


@given(
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("abcdxyz"), max_size=3), max_size=4),
    st.sampled_from("abcd"),
)
def test_a_group_holds_what_can_be_reached_from_it(groups: dict[str, list[str]], start: str) -> None:
    model, seen = {start}, set[str]()
    while model - seen:
        name = (model - seen).pop()
        seen.add(name)
        model |= set(groups.get(name, []))
    known = {name: ActionGroup(tuple(actions)) for name, actions in groups.items()}
    assert Permissions(configuration(groups=known)).actions([start]) == {name for name in seen if name not in groups}


def test_what_is_missing_is_named_in_the_order_asked() -> None:
    denials: list[Denial] = []
    subject = Permissions(configuration({"r": Role(("cluster:b",))}), denials.append).subject(user("r"))
    with pytest.raises(OpenSearchSecurityException) as raised:
        subject.require("cluster:c", "cluster:b", "cluster:a")
    assert raised.value.status == 403
    assert raised.value.reason == (
        "no permissions for [cluster:c, cluster:a] and User [name=ann, backend_roles=[], requestedTenant=null]"
    )
    assert denials == [Denial(user("r"), ("cluster:c", "cluster:a"))]


def test_index_rights_are_no_cluster_rights() -> None:
    subject = Permissions(configuration({"r": on_indices("*", actions=("*",))})).subject(user("r"))
    assert not subject.allowed("cluster:monitor/main")
    assert subject.allowed_on(SEARCH, NamedIndex("a"))


# ── indices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rights_on_an_alias_are_rights_on_its_index() -> None:
    subject = Permissions(configuration({"r": on_indices("one")})).subject(user("r"))
    assert subject.allowed_on(SEARCH, NamedIndex("a1", ("one", "two")))
    assert not subject.allowed_on(SEARCH, NamedIndex("a1", ("two",)))


def test_one_forbidden_index_forbids_all_and_is_reported() -> None:
    denials: list[Denial] = []
    subject = Permissions(configuration({"r": on_indices("a*")}), denials.append).subject(user("r"))
    with pytest.raises(OpenSearchSecurityException, match="no permissions for "):
        subject.require_on([SEARCH, WRITE], [NamedIndex("a1"), NamedIndex("b1")])
    assert denials[0].missing == (SEARCH, WRITE)
    assert denials[0].indices == ("a1", "b1")


def test_an_action_and_its_index_must_be_in_the_same_permission() -> None:
    role = Role(index_permissions=(IndexPermission(("a",), (SEARCH,)), IndexPermission(("b",), (WRITE,))))
    subject = Permissions(configuration({"r": role})).subject(user("r"))
    assert not subject.allowed_on(WRITE, NamedIndex("a"))
    assert subject.allowed_on(WRITE, NamedIndex("b"))


def test_a_user_named_like_a_wildcard_owns_one_index() -> None:
    permissions = Permissions(configuration({"own": on_indices("${user_name}")}))
    assert not permissions.subject(user("own", name="*")).allowed_on(SEARCH, NamedIndex("a"))
    assert permissions.subject(user("own", name="a")).allowed_on(SEARCH, NamedIndex("a"))


def test_attributes_are_part_of_who_somebody_is() -> None:
    permissions = Permissions(configuration({"r": on_indices("${attr.internal.bay}1")}))
    index = NamedIndex("a1")
    assert permissions.subject(user("r", attributes={"attr.internal.bay": "a"})).allowed_on(SEARCH, index)
    assert not permissions.subject(user("r", attributes={"attr.internal.bay": "b"})).allowed_on(SEARCH, index)
    assert not permissions.subject(user("r")).allowed_on(SEARCH, index)


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def view(roles: Mapping[str, Role], who: User | None = None, index: str = "a") -> Any:
    return Permissions(configuration(roles)).subject(who or user(*roles)).view(NamedIndex(index))


def test_a_role_without_a_restriction_lifts_none() -> None:
    seen = view({"free": on_indices("*", actions=("*",)), "r": on_indices("a", dls='{"term":{"x":1}}')})
    assert seen.documents == ('{"term":{"x":1}}',)


def test_restrictions_of_several_roles_add_up() -> None:
    seen = view(
        {
            "one": on_indices("a", dls="1", fls=("x",), masked_fields=("m",)),
            "two": on_indices("a*", dls="2", fls=("y", "x")),
            "other": on_indices("b", dls="3"),
        }
    )
    assert (seen.documents, seen.fields, seen.masked) == (("1", "2"), ("x", "y"), ("m",))


def test_nobody_else_is_restricted() -> None:
    assert view({"r": on_indices("b", dls="1")}) is None
    assert view({"r": on_indices("a")}) is None


def test_a_query_without_its_attribute_shows_nothing() -> None:
    assert view({"r": on_indices("a", dls='{"term":{"x":"${attr.internal.gone}"}}')}).documents == ()


def test_queries_are_filled_with_names_and_roles() -> None:
    who = User('a"nn', backend_roles=("x", "y"), security_roles=("r",))
    seen = view({"r": on_indices("a", dls='{"terms":{"t":[${user.roles},"${user.name}"]}}')}, who)
    assert seen.documents == ('{"terms":{"t":["x","y","a\\"nn"]}}',)


def test_a_restriction_whose_reach_is_unknown_hides_everything() -> None:
    assert view({"free": on_indices("*"), "r": on_indices("/(?=a)/", dls="1")}).documents == ()


# ── what is remembered ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_user_has_the_same_subject() -> None:
    permissions = Permissions(configuration())
    assert permissions.subject(user("r")) is permissions.subject(user("r"))
    assert permissions.subject(user("r")) is not permissions.subject(user("s"))


def test_memories_are_bounded() -> None:
    permissions = Permissions(configuration({"r": on_indices("a*")}))
    first = permissions.subject(user("r"))
    for number in range(3000):
        assert first.allowed_on(SEARCH, NamedIndex(f"a{number}"))
        permissions.subject(user("r", name=f"u{number}"))
    assert len(first._indices) <= 1024
    assert len(permissions._subjects) <= 512


# ── the node's own indices ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [".opendistro_security", ".plugins-ml-config", ".ragstone-records"])
def test_nobody_sees_or_changes_the_node_s_own_indices(name: str) -> None:
    subject = Permissions(configuration({"all": on_indices("*", actions=("*",))})).subject(user("all"))
    seen = subject.view(NamedIndex(name))
    assert seen is not None
    assert seen.documents == ()
    assert subject.allowed_on(SEARCH, NamedIndex(name))
    assert subject.allowed_on("indices:admin/aliases/get", NamedIndex(name))
    assert not subject.allowed_on("indices:admin/aliases", NamedIndex(name))
    assert not subject.allowed_on(WRITE, NamedIndex(name))
    with pytest.raises(OpenSearchSecurityException, match=r"no permissions for \[\] and User"):
        subject.require_on(["indices:admin/delete"], [NamedIndex("a"), NamedIndex(name)])


def test_masks_are_salted_with_what_the_server_was_started_with() -> None:
    permission = IndexPermission(("a",), ("*",), masked_fields=("name",))
    permissions = Permissions(configuration({"r": Role((), (permission,))}), salt="sixteen bytes ok")
    view = permissions.subject(user("r")).view(NamedIndex("a"))
    assert view == IndexView(masked=("name",), salt="sixteen bytes ok")
