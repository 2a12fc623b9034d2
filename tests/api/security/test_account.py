"""What somebody who has logged in learns about themselves; and what is told before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ragstone.core import caller
from ragstone.node import Node
from ragstone.rest.client_certificate import ClientCertificate
from ragstone.rest.request import Request
from ragstone.rest.routes.security.account import authinfo, whoami
from ragstone.rest.routes.security.configuration import tenancy_config
from ragstone.testing.asgi import Answer, AsgiClient

PASSWORD = "Reef-Kettle-9271!"
OTHER = "New-Harbour-41!"
BCRYPT = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"
WRONG = {"status": "BAD_REQUEST", "message": "Could not validate your current password."}

Ask = Callable[..., Awaitable[Answer]]


async def make(ask: Ask, user: str, **content: object) -> None:
    assert (await ask(f"PUT /api/internalusers/{user}", {"password": PASSWORD, **content})).status == 201


async def test_the_admin_may_use_all_tenants(ask: Ask) -> None:
    account = (await ask("GET /api/account")).json
    assert account["is_reserved"] is True
    assert account["tenants"] == {"global_tenant": True, "admin_tenant": True, "admin": True}
    assert account["roles"] == ["all_access", "own_index"]


async def test_somebody_changes_the_own_password(ask: Ask) -> None:
    await make(ask, "u")
    change = {"current_password": PASSWORD, "password": OTHER}
    answer = await ask("PUT /api/account", change, user="u")
    assert answer.json == {"status": "OK", "message": "'u' updated."}
    assert (await ask("GET /api/account", user="u")).status == 401
    assert (await ask("GET /api/account", user="u", password=OTHER)).status == 200


async def test_the_password_of_before_must_be_right(ask: Ask) -> None:
    await make(ask, "u")
    for wrong in ("", "wrong", OTHER):
        answer = await ask("PUT /api/account", {"current_password": wrong, "password": OTHER}, user="u")
        assert (answer.status, answer.json) == (400, WRONG)
    assert (await ask("GET /api/account", user="u")).status == 200


async def test_a_change_needs_something_to_change_to(ask: Ask) -> None:
    await make(ask, "u")
    for nothing in ({}, {"hash": ""}):
        answer = await ask("PUT /api/account", {"current_password": PASSWORD, **nothing}, user="u")
        assert answer.json == {
            "status": "BAD_REQUEST",
            "message": "Both provided password and hash cannot be null/empty.",
        }
    answer = await ask("PUT /api/account", {"current_password": PASSWORD, "hash": "no hash"}, user="u")
    assert (answer.status, answer.json["reason"]) == (400, "Invalid configuration")


async def test_a_change_by_hash_is_taken(ask: Ask) -> None:
    await make(ask, "u")
    assert (await ask("PUT /api/account", {"current_password": PASSWORD, "hash": BCRYPT}, user="u")).status == 200
    assert (await ask("GET /api/account", user="u", password="Bright-Anchor-5150!")).status == 200


async def test_whoami_needs_neither_login_nor_certificate(ask: Ask) -> None:
    answer = await ask("GET /_plugins/_security/whoami", user="")
    assert (answer.status, answer.json) == (
        200,
        {"dn": None, "is_admin": False, "is_node_certificate_request": False},
    )


async def test_whoami_can_be_asked_by_those_who_may(ask: Ask) -> None:
    path = "GET /_plugins/_security/whoamiprotected"
    assert (await ask(path)).json["dn"] is None
    await make(ask, "u")
    answer = await ask(path, user="u")
    actions = "cluster:admin/opendistro_security/whoamiprotected, security:whoamiprotected"
    who = "User [name=u, backend_roles=[], requestedTenant=null]"
    assert (answer.status, answer.text) == (401, f"no permissions for [any of [{actions}]] and {who}")


async def test_permissions_are_never_stale(ask: Ask) -> None:
    await make(ask, "u")
    info = (await ask("GET /api/permissionsinfo", user="u")).json
    assert info["has_api_access"] is False
    assert info["disabled_endpoints"]["ROLES"] == [
        "GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT",
    ]  # fmt: skip
    assert len(info["disabled_endpoints"]) == 21
    await ask("PUT /api/internalusers/u", {"opendistro_security_roles": ["security_rest_api_access"]})
    info = (await ask("GET /api/permissionsinfo", user="u")).json
    assert (info["has_api_access"], info["disabled_endpoints"]) == (True, {})
    await ask("PUT /api/internalusers/u", {"opendistro_security_roles": []})
    assert (await ask("GET /api/permissionsinfo", user="u")).json["has_api_access"] is False


async def test_a_connection_with_a_certificate_is_told_its_name(secured: Node) -> None:
    assert secured.services.security is not None
    certificate = ClientCertificate((("CN", "ann"), ("OU", "search")))
    request = Request("GET", "/", "/", {}, {}, address="10.0.0.7", peer="10.0.0.1", port=4711, certificate=certificate)
    who = await whoami(secured.services, request)
    assert who.body["dn"] == "CN=ann,OU=search"
    token = caller.subject.set(secured.services.security.nobody)
    try:
        info = (await authinfo(secured.services, request)).body
        refused = await tenancy_config(secured.services, request)
    finally:
        caller.subject.reset(token)
    assert (info["principal"], info["peer_certificates"], info["remote_address"]) == (
        "CN=ann,OU=search", "1", "10.0.0.7:4711",
    )  # fmt: skip
    assert refused.body["message"].endswith("Security admin permissions required but CN=ann,OU=search is not an admin.")


async def test_verbose_tells_sizes(ask: Ask) -> None:
    info = (await ask("GET /_plugins/_security/authinfo?verbose")).json
    for key in ("size_of_user", "size_of_custom_attributes", "size_of_backendroles"):
        number, unit = info[key].split(" ")
        assert int(number) >= 0
        assert unit == "bytes"


async def test_tenants_indices_are_for_the_server_of_dashboards(ask: Ask) -> None:
    answer = await ask("GET /_plugins/_security/tenantinfo")
    assert (answer.status, answer.text) == (403, "")
    await make(ask, "kibanaserver")
    answer = await ask("GET /_plugins/_security/tenantinfo", user="kibanaserver")
    assert (answer.status, answer.json) == (200, {})


async def test_the_name_of_before_for_dashboards_info(ask: Ask) -> None:
    answer = await ask("GET /_opendistro/_security/kibanainfo")
    assert answer.json == (await ask("GET /_plugins/_security/dashboardsinfo")).json


async def test_without_security_there_is_no_such_api(client: AsgiClient) -> None:
    for path in ("/_plugins/_security/api/roles", "/_plugins/_security/health", "/_opendistro/_security/authinfo"):
        answer = await client(f"GET {path}")
        assert answer.json == {"error": f"no handler found for uri [{path}] and method [GET]"}
        assert answer.status == 400
