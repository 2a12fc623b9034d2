from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.xcontent import JsonObject
from ragstone.security.content import ACCOUNT, check_user_name, checked, checked_entity, parse
from ragstone.security.entities import Kind, read
from ragstone.security.refusals import Refusal

NO_CONTENT = {"status": "error", "reason": "Request body required for this action."}
BLANK = {"status": "error", "reason": "`null` or blank values are not allowed as json array elements"}
BCRYPT = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"


def refusal(kind: Kind, content: Any) -> JsonObject:
    with pytest.raises(Refusal) as refused:
        checked_entity(kind, content)
    assert refused.value.status == 400
    return refused.value.body


def role(**permission: Any) -> JsonObject:
    return {"index_permissions": [{"index_patterns": ["a"], "allowed_actions": ["read"], **permission}]}


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_no_body_is_no_content(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse(body)
    assert refused.value.body == NO_CONTENT


@pytest.mark.parametrize("body", [b"{", b'{"a":1,"a":2}', b"{cluster", b"\xff"])
def test_a_body_that_cannot_be_read_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse(body)
    assert refused.value.body == {"status": "error", "reason": "Could not parse content of request."}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("content", [{}, [], None, 5, "x", ""])
def test_what_is_empty_or_no_object_is_no_content(kind: Kind, content: Any) -> None:
    assert refusal(kind, content) == NO_CONTENT


@pytest.mark.parametrize("key", ["colour", "hidden", "reserved", "static"])
def test_unknown_keys_are_named(key: str) -> None:
    assert refusal(Kind.USERS, {key: True, "password": 5}) == {
        "status": "error",
        "reason": "Invalid configuration",
        "invalid_keys": {"keys": key},
    }


def test_all_that_is_wrong_with_the_keys_is_told_at_once() -> None:
    assert refusal(Kind.MAPPINGS, {"description": "x", "people": [], "crew": []}) == {
        "status": "error",
        "reason": "Invalid configuration",
        "invalid_keys": {"keys": "people,crew"},
        "specify_one_of": {"keys": "backend_roles,hosts,and_backend_roles,users"},
    }
    assert refusal(Kind.ACTION_GROUPS, {"type": "index"}) == {
        "status": "error",
        "reason": "Invalid configuration",
        "missing_mandatory_keys": {"keys": "allowed_actions"},
    }


@pytest.mark.parametrize("value", ["keepers", None, {}, 5])
def test_a_wrong_shape_is_told_with_the_right_one(value: Any) -> None:
    wrong = {"status": "error", "reason": "Wrong datatype"}
    assert refusal(Kind.USERS, {"backend_roles": value}) == {**wrong, "backend_roles": "Array expected"}
    assert refusal(Kind.USERS, {"attributes": [value]}) == {**wrong, "attributes": "Object expected"}
    assert refusal(Kind.TENANTS, {"description": [value]}) == {**wrong, "description": "String expected"}


@pytest.mark.parametrize("item", [None, "", "  "])
def test_lists_hold_nothing_blank_however_deep(item: Any) -> None:
    assert refusal(Kind.USERS, {"backend_roles": ["a", item]}) == BLANK
    assert refusal(Kind.ROLES, role(fls=[item])) == BLANK


def test_what_is_unknown_inside_a_permission_is_400() -> None:
    wanted = {"status": "error", "reason": "Invalid configuration", "invalid_keys": {"keys": "colour"}}
    assert refusal(Kind.ROLES, role(colour="red")) == wanted
    tenants = {"tenant_permissions": [{"tenant_patterns": ["a"], "allowed_actions": ["x"], "colour": 1}]}
    assert refusal(Kind.ROLES, tenants) == wanted


@pytest.mark.parametrize(
    ("kind", "content", "key"),
    [
        (Kind.ROLES, role(index_patterns="a"), "index_permissions.index_patterns"),
        (Kind.ROLES, role(dls=5), "index_permissions.dls"),
        (Kind.ROLES, role(fls=[["a"]]), "index_permissions.fls"),
        (Kind.ROLES, {"index_permissions": ["x"]}, "index_permissions"),
        (Kind.ROLES, {"cluster_permissions": [{"a": 1}]}, "cluster_permissions"),
        (Kind.USERS, {"backend_roles": [{"a": 1}]}, "backend_roles"),
        (Kind.USERS, {"attributes": {"a": {"b": 1}}}, "attributes.a"),
        (Kind.USERS, {"attributes": {"a": None}}, "attributes.a"),
        (Kind.USERS, {"hash": "not a hash"}, "hash"),
        (Kind.ROLES, role(index_patterns=["/[/"]), "index_permissions.index_patterns"),
        (Kind.MAPPINGS, {"users": ["/[/"]}, "users"),
    ],
)
def test_what_is_wrong_inside_is_invalid_and_named(kind: Kind, content: Any, key: str) -> None:
    body = refusal(kind, content)
    assert body.pop("status") == "error"
    assert body.pop("reason") == "Invalid configuration"
    assert list(body) == [key]


@pytest.mark.parametrize(
    "query",
    [
        "{nope",
        "5",
        "[]",
        "{}",
        '{"bogus":{}}',
        '{"term":{"a":1},"term2":{}}',
        '{"terms":{"team":[${user.roles}}}',
        '{"hybrid":{"queries":[{"match_all":{}}]}}',
        '{"neural":{"v":{"query_text":"a","model_id":"m","k":1}}}',
    ],
)
def test_a_document_query_that_is_none_is_refused(query: str) -> None:
    body = refusal(Kind.ROLES, role(dls=query))
    assert body["reason"] == "Invalid configuration"
    assert body["dls"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        '{"term":{"a":1}}',
        '{"term":{"owner":"${user.name}"}}',
        '{"terms":{"team":[${user.roles}]}}',
        '{"term":{"tower":${attr.internal.tower}}}',
        '{"bool":{"must_not":{"match":{"a":"b"}}}}',
    ],
)
def test_a_document_query_may_name_who_asks(query: str) -> None:
    assert checked_entity(Kind.ROLES, role(dls=query)) == role(dls=query)


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("a::b::c", "A regular expression needs to be wrapped in /.../"),
        ("a::/::c", "A regular expression needs to be wrapped in /.../"),
        ("a::NOPE", "Invalid algorithm NOPE"),
        ("a::", "Invalid algorithm "),
        (
            "a::/x/::y::z",
            "A field masking expression must have the form 'field_name', 'field_name::algorithm', "
            "'field_name::regex::replacement' or 'field_name::(regex::replacement)+'",
        ),
    ],
)
def test_a_masked_field_that_cannot_be_is_refused_with_the_reason(field: str, fault: str) -> None:
    assert refusal(Kind.ROLES, role(masked_fields=["ok", field])) == {
        "status": "error",
        "reason": "Wrong datatype",
        f"Masked field not valid: {field}": fault,
    }


@pytest.mark.parametrize("expression", ["[", "(a+)+"])
def test_a_mask_needs_an_expression_that_can_be_run(expression: str) -> None:
    assert refusal(Kind.ROLES, role(masked_fields=[f"a::/{expression}/::b"]))["reason"] == "Wrong datatype"


@pytest.mark.parametrize("field", ["a", "a*", "a::SHA-512", "a::sha-256", "a::/x(.)/::y$1", "a::/x/::y::/z/::"])
def test_masked_fields_of_every_form_are_taken(field: str) -> None:
    assert checked_entity(Kind.ROLES, role(masked_fields=[field]))


def test_good_content_is_handed_on_as_it_is() -> None:
    user = {"hash": BCRYPT, "backend_roles": ["a", 1, True], "attributes": {"k": 1}, "description": ""}
    assert checked_entity(Kind.USERS, user) is user
    assert checked_entity(Kind.MAPPINGS, {"users": []}) == {"users": []}
    assert checked_entity(Kind.USERS, {"hash": ""}) == {"hash": ""}


def test_null_inside_a_permission_is_as_good_as_nothing() -> None:
    """Clients send it for the restrictions that a role has not."""
    given = role(dls=None, fls=None, masked_fields=None)
    assert read(Kind.ROLES, checked_entity(Kind.ROLES, given)) == read(Kind.ROLES, role())


def test_a_list_is_no_entity() -> None:
    assert refusal(Kind.ROLES, ["a"]) == {"status": "error", "reason": "Could not parse content of request."}


def test_the_account_wants_the_password_of_before() -> None:
    with pytest.raises(Refusal) as refused:
        checked({"password": "x", "colour": 1}, ACCOUNT)
    assert refused.value.body == {
        "status": "error",
        "reason": "Invalid configuration",
        "invalid_keys": {"keys": "colour"},
        "missing_mandatory_keys": {"keys": "current_password"},
    }


def test_a_user_name_has_no_colon() -> None:
    check_user_name("two words")
    with pytest.raises(Refusal) as refused:
        check_user_name("sec:u")
    assert refused.value.body == {
        "status": "BAD_REQUEST",
        "message": "A restricted character(s) was detected in the account name. Please remove: ':'",
    }
