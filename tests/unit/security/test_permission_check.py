"""Asking what one would be allowed."""

from __future__ import annotations

import pytest

from ragstone.core.caller import NamedIndex
from ragstone.security.model import IndexPermission, Role, SecurityConfiguration, User
from ragstone.security.permission_check import PermissionCheck, PermissionChecked
from ragstone.security.permissions import Denial, Permissions

DENIALS: list[Denial] = []


@pytest.fixture
def check() -> PermissionCheck:
    DENIALS.clear()
    role = Role(("cluster:a",), (IndexPermission(("a*", ".*"), ("indices:data/*",)),))
    permissions = Permissions(SecurityConfiguration({}, {"r": role}, {}, {}, {}, 1), DENIALS.append)
    return PermissionCheck.of(permissions.subject(User("ann", security_roles=("r",))))


def test_a_cluster_action_is_answered_and_not_let_through(check: PermissionCheck) -> None:
    with pytest.raises(PermissionChecked) as answer:
        check.require("cluster:a")
    assert (answer.value.allowed, answer.value.missing) == (True, ())
    with pytest.raises(PermissionChecked) as answer:
        check.require("cluster:a", "cluster:b")
    assert (answer.value.allowed, answer.value.missing) == (False, ("cluster:b",))


@pytest.mark.parametrize(
    ("action", "index", "allowed", "missing"),
    [
        ("indices:data/read/search", "a1", True, ()),
        ("indices:data/read/search", "b1", False, ("indices:data/read/search",)),
        ("indices:admin/delete", ".plugins-ml-model", False, ()),
    ],
)
def test_an_index_action_is_answered_too(
    check: PermissionCheck, action: str, index: str, allowed: bool, missing: tuple[str, ...]
) -> None:
    with pytest.raises(PermissionChecked) as answer:
        check.require_on([action], [NamedIndex(index)])
    assert (answer.value.allowed, answer.value.missing) == (allowed, missing)


def test_a_question_about_no_index_is_answered_as_well(check: PermissionCheck) -> None:
    with pytest.raises(PermissionChecked) as answer:
        check.require_on(["indices:admin/delete"], [])
    assert answer.value.allowed


def test_asking_is_no_refusal_that_anybody_hears_of(check: PermissionCheck) -> None:
    with pytest.raises(PermissionChecked):
        check.require("cluster:b")
    assert DENIALS == []
    assert (check.name, list(check.roles)) == ("ann", ["r"])
