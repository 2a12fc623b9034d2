"""Index expressions of callers with rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core import caller
from ragstone.core.errors import (
    IndexClosedException,
    IndexNotFoundException,
    OpenSearchException,
    OpenSearchSecurityException,
)
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.access import permitted, permitted_one, require_on
from ragstone.indices.resolver import IndicesOptions
from ragstone.security.model import IndexPermission, Role, SecurityConfiguration, User
from ragstone.security.permissions import Permissions

SEARCH, DELETE = "indices:data/read/search", "indices:admin/delete"
DENIED = "no permissions for [{}] and User [name=ann, backend_roles=[], requestedTenant=null]"


def index(name: str, *aliases: str, open: bool = True) -> IndexMetadata:
    hidden = {"index.hidden": "true"} if name.startswith(".") else {}
    return IndexMetadata(name, name, hidden, {}, {alias: {} for alias in aliases}, 0, open)


METADATA = Metadata(
    "u",
    {
        one.name: one
        for one in (
            index("a1", "one", "both"),
            index("a2"),
            index("a-closed", open=False),
            index("b1", "both"),
            index(".plugins-ml-model"),
        )
    },
)


@pytest.fixture(autouse=True, scope="module")
def ann() -> Iterator[None]:
    """Ann may do everything to `a*` and to the node's own indices."""
    role = Role(index_permissions=(IndexPermission(("a*", ".*"), ("*",)),))
    configuration = SecurityConfiguration({}, {"r": role}, {}, {}, {}, 1)
    token = caller.subject.set(Permissions(configuration).subject(User("ann", security_roles=("r",))))
    yield
    caller.subject.reset(token)


def names(expression: str | None, *actions: str, options: IndicesOptions | None = None) -> list[str]:
    return [found.index.name for found in permitted(METADATA, expression, options, *(actions or (SEARCH,)))]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("a1", ["a1"]),
        ("a*", ["a1", "a2"]),
        ("*,-b1", ["a1", "a2"]),
        ("one", ["a1"]),
        ("zz*", []),
        (".opendistro_security", []),
        ("a2,.opendistro_security", ["a2"]),
        (".plugins*", [".plugins-ml-model"]),
    ],
)
def test_what_is_allowed_is_resolved_as_ever(expression: str, found: list[str]) -> None:
    assert names(expression) == found


@pytest.mark.parametrize("expression", ["b1", "a1,b1", "*", "_all", None, "both", "b9", "a9,b9", "b*"])
@pytest.mark.parametrize("options", [None, IndicesOptions(ignore_unavailable=True)])
def test_one_forbidden_index_forbids_all(expression: str | None, options: IndicesOptions | None) -> None:
    with pytest.raises(OpenSearchSecurityException) as raised:
        names(expression, options=options)
    assert raised.value.reason == DENIED.format(SEARCH)


def test_only_who_is_allowed_learns_that_an_index_is_missing_or_closed() -> None:
    with pytest.raises(IndexNotFoundException):
        names("a9")
    with pytest.raises(IndexClosedException):
        names("a-closed")


@pytest.mark.parametrize("expression", [".plugins-ml-model", ".plug*", ".opendistro_security", "a1,.plugins-ml-new"])
def test_nobody_changes_the_node_s_own_indices(expression: str) -> None:
    with pytest.raises(OpenSearchSecurityException) as raised:
        names(expression, DELETE)
    assert raised.value.reason == DENIED.format("")


def test_the_node_itself_may_do_anything() -> None:
    with caller.as_node():
        assert names("b1") == ["b1"]
        require_on(["b1"], DELETE)


def test_a_single_document_needs_the_right_on_its_index() -> None:
    assert permitted_one(METADATA, "one", SEARCH).index.name == "a1"
    for name in ("b1", "both", "b9"):
        with pytest.raises(OpenSearchSecurityException):
            permitted_one(METADATA, name, SEARCH)
    with pytest.raises(IndexNotFoundException):
        permitted_one(METADATA, "a9", SEARCH)


def test_several_actions_are_named_together() -> None:
    with pytest.raises(OpenSearchSecurityException) as raised:
        require_on(["a1", "b1"], SEARCH, DELETE)
    assert raised.value.reason == DENIED.format(f"{SEARCH}, {DELETE}")


_NAMES = st.sampled_from(
    [
        "a1",
        "a2",
        "a-closed",
        "b1",
        "a9",
        "b9",
        "one",
        "both",
        "a*",
        "b*",
        "*",
        "_all",
        "-b1",
        "-a*",
        "o*",
        "*1",
        ".plug*",
    ]
)
_OPTIONS = st.builds(
    IndicesOptions,
    ignore_unavailable=st.booleans(),
    allow_no_indices=st.booleans(),
    expand_closed=st.booleans(),
    expand_hidden=st.booleans(),
    forbid_closed=st.booleans(),
    allow_aliases=st.booleans(),
)


@given(st.lists(_NAMES, min_size=1, max_size=4).map(",".join), _OPTIONS)
def test_no_expression_leads_to_an_index_that_is_not_allowed(expression: str, options: IndicesOptions) -> None:
    found, fault = attempt(expression, options)
    assert all(name.startswith(("a", ".")) for name in found)
    if isinstance(fault, OpenSearchSecurityException):
        return
    # of an index that is not hers she learns nothing, not even that there is none
    missing = "" if fault is None else str(fault.metadata.get("index"))
    assert not missing.startswith("b") or (missing == expression and "-b1" in expression), "what is left is nothing"
    with caller.as_node():
        without, same = attempt(expression, options)
    assert (found, type(fault)) == (without, type(same)), "to be asked for rights changes nothing else"


def attempt(expression: str, options: IndicesOptions) -> tuple[list[str], OpenSearchException | None]:
    try:
        return names(expression, options=options), None
    except OpenSearchException as error:
        return [], error
