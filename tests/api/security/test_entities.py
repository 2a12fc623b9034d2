"""Users, roles, mappings, action groups and tenants over HTTP. Beside the recorded answers: what differs on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ragstone.testing.asgi import Answer

PASSWORD = "Reef-Kettle-9271!"
OTHER = "New-Harbour-41!"
BCRYPT = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"
BCRYPT_PASSWORD = "Bright-Anchor-5150!"

Ask = Callable[..., Awaitable[Answer]]


def message(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["message"]


async def logs_in(ask: Ask, user: str, password: str) -> bool:
    answer = await ask("GET /api/account", user=user, password=password)
    assert answer.status in (200, 401)
    return answer.status == 200


@pytest.mark.parametrize(
    ("kind", "content", "singular"),
    [
        ("internalusers", {"password": PASSWORD}, "user"),
        ("roles", {"cluster_permissions": ["cluster_monitor"]}, "role"),
        ("actiongroups", {"allowed_actions": ["read"]}, "actiongroup"),
        ("tenants", {"description": "crew"}, "tenant"),
    ],
)
async def test_an_entity_is_made_changed_and_deleted(ask: Ask, kind: str, content: Any, singular: str) -> None:
    assert message(await ask(f"PUT /api/{kind}/x", content)) == (201, "'x' created.")
    assert message(await ask(f"PUT /api/{kind}/x", content)) == (200, "'x' updated.")
    assert list((await ask(f"GET /api/{kind}/x")).json) == ["x"]
    assert "x" in (await ask(f"GET /api/{kind}")).json
    assert message(await ask(f"DELETE /api/{kind}/x")) == (200, "'x' deleted.")
    for method in ("GET", "DELETE"):
        assert message(await ask(f"{method} /api/{kind}/x")) == (404, f"{singular} 'x' not found.")


async def test_the_older_names_answer_the_same(ask: Ask) -> None:
    await ask("PUT /_opendistro/_security/api/user/u", {"password": PASSWORD})
    for path in ("/api/user/u", "/api/internalusers/u", "/_opendistro/_security/api/internalusers/u"):
        assert (await ask(f"GET {path}")).json["u"]["hash"] == ""
    assert (await ask("GET /api/actiongroup/read")).status == 200
    assert (await ask("PATCH /api/user/u", [])).status == 405


async def test_head_is_not_answered(ask: Ask) -> None:
    assert (await ask("HEAD /api/roles/readall")).status == 405


async def test_a_hash_that_is_none_is_refused(ask: Ask) -> None:
    for content in ({"hash": "not a hash"}, {"hash": "$2y$31$" + "a" * 53}):
        answer = await ask("PUT /api/internalusers/u", content)
        assert (answer.status, answer.json["reason"]) == (400, "Invalid configuration")
    assert (await ask("GET /api/internalusers/u")).status == 404


async def test_a_bcrypt_hash_logs_in_whichever_way_it_comes(ask: Ask) -> None:
    await ask("PUT /api/internalusers/u", {"hash": BCRYPT})
    assert await logs_in(ask, "u", BCRYPT_PASSWORD)
    await ask("PATCH /api/internalusers", [{"op": "add", "path": "/v", "value": {"hash": BCRYPT}}])
    assert await logs_in(ask, "v", BCRYPT_PASSWORD)


async def test_what_get_answers_may_be_put_again(ask: Ask) -> None:
    """An empty hash is as good as none: the password stays."""
    await ask("PUT /api/internalusers/u", {"password": PASSWORD, "backend_roles": ["a"]})
    shown = (await ask("GET /api/internalusers/u")).json["u"]
    again = {key: value for key, value in shown.items() if key not in ("reserved", "hidden", "static")}
    assert message(await ask("PUT /api/internalusers/u", again)) == (200, "'u' updated.")
    assert (await ask("GET /api/internalusers/u")).json["u"] == shown
    assert await logs_in(ask, "u", PASSWORD)


async def test_a_user_without_a_password_needs_one(ask: Ask) -> None:
    missing = (400, "Please specify either 'hash' or 'password' when creating a new internal user.")
    assert message(await ask("PUT /api/internalusers/u", {"hash": "", "description": "d"})) == missing
    await ask("PATCH /api/internalusers", [{"op": "add", "path": "/u", "value": {"backend_roles": ["a"]}}])
    still = (400, "Existing user u has no password, and no new password or hash was specified.")
    assert message(await ask("PUT /api/internalusers/u", {"description": "d"})) == still
    change = [{"op": "add", "path": "/description", "value": "d"}]
    assert message(await ask("PATCH /api/internalusers/u", change)) == still
    for password in ("", PASSWORD):
        assert not await logs_in(ask, "u", password)


async def test_a_patch_of_the_whole_user_keeps_the_password(ask: Ask) -> None:
    await ask("PUT /api/internalusers/u", {"password": PASSWORD, "description": "d"})
    await ask("PATCH /api/internalusers/u", [{"op": "replace", "path": "", "value": {"backend_roles": ["q"]}}])
    shown = (await ask("GET /api/internalusers/u")).json["u"]
    assert (shown["backend_roles"], "description" in shown) == (["q"], False)
    assert await logs_in(ask, "u", PASSWORD)


async def test_a_changed_password_counts_at_once_and_the_old_one_no_more(ask: Ask) -> None:
    await ask("PUT /api/internalusers/u", {"password": PASSWORD})
    assert await logs_in(ask, "u", PASSWORD)
    await ask("PATCH /api/internalusers/u", [{"op": "add", "path": "/password", "value": OTHER}])
    assert await logs_in(ask, "u", OTHER)
    assert not await logs_in(ask, "u", PASSWORD)


async def test_a_deleted_user_is_out_at_once(ask: Ask) -> None:
    await ask("PUT /api/internalusers/u", {"password": PASSWORD})
    assert await logs_in(ask, "u", PASSWORD)
    await ask("DELETE /api/internalusers/u")
    assert not await logs_in(ask, "u", PASSWORD)


async def test_a_document_query_that_is_none_is_refused(ask: Ask) -> None:
    permission = {"index_patterns": ["a"], "allowed_actions": ["read"], "dls": '{"bogus":{}}'}
    answer = await ask("PUT /api/roles/r", {"index_permissions": [permission]})
    assert (answer.status, answer.json) == (
        400,
        {"status": "error", "reason": "Invalid configuration", "dls": "unknown query [bogus]"},
    )
    assert (await ask("GET /api/roles/r")).status == 404


async def test_the_last_list_of_a_mapping_may_be_removed(ask: Ask) -> None:
    await ask("PUT /api/rolesmapping/ml_read_access", {"backend_roles": ["a"], "description": "d"})
    remove = [{"op": "remove", "path": "/backend_roles"}]
    assert message(await ask("PATCH /api/rolesmapping/ml_read_access", remove)) == (200, "'ml_read_access' updated.")
    assert (await ask("GET /api/rolesmapping/ml_read_access")).json["ml_read_access"] == {
        "hosts": [],
        "users": [],
        "reserved": False,
        "hidden": False,
        "backend_roles": [],
        "and_backend_roles": [],
        "description": "d",
    }


async def test_the_last_permission_of_a_role_may_be_removed(ask: Ask) -> None:
    await ask("PUT /api/roles/r", {"cluster_permissions": ["a"]})
    remove = [{"op": "remove", "path": "/cluster_permissions"}]
    assert message(await ask("PATCH /api/roles/r", remove)) == (200, "'r' updated.")
    assert (await ask("GET /api/roles/r")).json["r"]["cluster_permissions"] == []


async def test_a_group_without_actions_may_be_patched(ask: Ask) -> None:
    await ask("PUT /api/actiongroups/g", {"allowed_actions": []})
    assert (await ask("PATCH /api/actiongroups/g", [{"op": "add", "path": "/description", "value": "d"}])).status == 200


async def test_a_tenant_cannot_lose_all_it_has(ask: Ask) -> None:
    await ask("PUT /api/tenants/t", {"description": "d"})
    answer = await ask("PATCH /api/tenants/t", [{"op": "remove", "path": "/description"}])
    assert (answer.status, answer.json["reason"]) == (400, "Request body required for this action.")


async def test_a_patch_of_all_is_done_whole_or_not_at_all(ask: Ask) -> None:
    await ask("PUT /api/roles/a", {"cluster_permissions": ["x"]})
    operations = [
        {"op": "remove", "path": "/a"},
        {"op": "add", "path": "/b", "value": {"cluster_permissions": ["y"]}},
        {"op": "add", "path": "/c", "value": {"colour": "red"}},
    ]
    assert (await ask("PATCH /api/roles", operations)).json["invalid_keys"] == {"keys": "colour"}
    assert [(await ask(f"GET /api/roles/{name}")).status for name in "abc"] == [200, 404, 404]
    assert message(await ask("PATCH /api/roles", operations[:2])) == (200, "Resource updated.")
    assert [(await ask(f"GET /api/roles/{name}")).status for name in "abc"] == [404, 200, 404]


async def test_nobody_can_remove_what_is_reserved_by_patching_everything_away(ask: Ask) -> None:
    answer = await ask("PATCH /api/internalusers", [{"op": "replace", "path": "", "value": {}}])
    assert message(answer) == (403, "Resource 'admin' is reserved.")
    answer = await ask("PATCH /api/internalusers", [{"op": "replace", "path": "", "value": [1]}])
    assert message(answer) == (400, "Wrong request body")
    assert "admin" in (await ask("GET /api/internalusers")).json


async def test_nothing_of_the_product_can_be_hidden_under_an_own_entity(ask: Ask) -> None:
    value: dict[str, list[str]] = {"cluster_permissions": []}
    answer = await ask("PATCH /api/roles", [{"op": "add", "path": "/all_access", "value": value}])
    assert message(answer) == (403, "Resource 'all_access' is static.")


async def test_what_a_patch_says_is_looked_at_after_whom_it_is_for(ask: Ask) -> None:
    broken = [{"op": "replace", "path": "/nothing", "value": 1}]
    assert message(await ask("PATCH /api/internalusers/admin", broken)) == (403, "Resource 'admin' is reserved.")
    assert message(await ask("PATCH /api/internalusers/nobody", broken)) == (404, "user 'nobody' not found.")
    unknown = [{"op": "move", "path": "/a"}]
    assert (await ask("PATCH /api/internalusers/admin", unknown)).status == 400


async def test_a_patch_that_cannot_be_read_is_said_to_be_so(ask: Ask) -> None:
    answer = await ask("PATCH /api/roles", b'[{"op":')
    assert answer.status == 400
    assert answer.json["message"].startswith("Error in JSON patch: ")
    assert message(await ask("PATCH /api/roles")) == (400, "Wrong request body")


async def test_writers_at_once_are_done_one_after_the_other(ask: Ask) -> None:
    """OpenSearch answers some of them 409."""
    names = [f"r{n}" for n in range(8)]
    answers = await asyncio.gather(*(ask(f"PUT /api/roles/{name}", {"description": name}) for name in names))
    assert {answer.status for answer in answers} == {201}
    assert set(names) <= set((await ask("GET /api/roles")).json)


async def test_answers_that_say_no_are_filtered_too(ask: Ask) -> None:
    answer = await ask("GET /api/roles/nobody?filter_path=status")
    assert (answer.status, answer.json) == (404, {"status": "NOT_FOUND"})
    answer = await ask("GET /api/roles?filter_path=x", user="")
    assert answer.status == 401


async def test_no_answer_holds_a_password_or_its_hash(ask: Ask) -> None:
    answers = [
        await ask("PUT /api/internalusers/u", {"hash": BCRYPT}),
        await ask("PUT /api/internalusers/v", {"password": OTHER, "colour": 1}),
        await ask("PUT /api/internalusers/v", {"password": OTHER}),
        await ask("PATCH /api/internalusers/u", [{"op": "replace", "path": "/hash/x", "value": OTHER}]),
        await ask("PATCH /api/internalusers/u", [{"op": "add", "path": "/password", "value": [OTHER]}]),
        await ask("PUT /api/account", {"current_password": PASSWORD, "password": OTHER, "hash": 5}),
        await ask("GET /api/internalusers"),
        await ask("GET /api/internalusers/u"),
    ]
    for answer in answers:
        for secret in (BCRYPT, OTHER, PASSWORD, "argon2"):
            assert secret not in answer.text
