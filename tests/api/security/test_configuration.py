"""Who may use the security API, and what it tells of how security is set up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from unittest.mock import patch

import pytest

from ragstone.node import Node
from ragstone.rest.routes import security_routes
from ragstone.testing.asgi import Answer

PASSWORD = "Reef-Kettle-9271!"

Ask = Callable[..., Awaitable[Answer]]

OPEN = {
    "account", "permissionsinfo", "authinfo", "whoami", "whoamiprotected", "health", "dashboardsinfo", "kibanainfo",
    "tenantinfo", "configupdate", "generateonbehalfoftoken",
}  # fmt: skip
"""What everybody who has logged in may ask for, or what says no in another way."""


async def make(ask: Ask, user: str, *roles: str) -> None:
    content = {"password": PASSWORD, "opendistro_security_roles": list(roles)}
    assert (await ask(f"PUT /api/internalusers/{user}", content)).status == 201


async def test_every_route_but_those_for_everybody_is_refused_without_the_role(ask: Ask) -> None:
    await make(ask, "u", "ml_full_access")
    refused = {
        "status": "FORBIDDEN",
        "message": "No permission to access REST API: User u with Security roles [ml_full_access, own_index] does not "
        "have any role privileged for admin access. No ssl info found in request.",
    }
    asked = 0
    for route in security_routes():
        if OPEN.isdisjoint(route.path.split("/")):
            path = route.path.replace("{", "").replace("}", "")
            answer = await ask(f"{route.method} {path}", user="u")
            assert (answer.status, answer.json) == (403, refused), path
            asked += 1
    assert asked > 60


async def test_who_is_refused_is_written_down(secured: Node, ask: Ask) -> None:
    assert secured.services.security is not None
    await make(ask, "u")
    with patch.object(secured.services.security, "audit") as audit:
        await ask("GET /api/roles", user="u")
        await ask("GET /api/account", user="u")
    audit.record.assert_called_once_with("MISSING_PRIVILEGES", user="u")


async def test_no_route_but_two_is_answered_without_a_login(ask: Ask) -> None:
    answered = set()
    for route in security_routes():
        answer = await ask(f"{route.method} {route.path.replace('{', '').replace('}', '')}", user="")
        if answer.status != 401:
            answered.add(route.path.rsplit("/", 1)[1])
        else:
            assert answer.text == "Unauthorized"
    assert answered == {"health", "whoami"}


@pytest.mark.parametrize("role", ["all_access", "security_rest_api_access"])
async def test_two_roles_open_the_api(ask: Ask, role: str) -> None:
    await make(ask, "u", role)
    assert (await ask("PUT /api/roles/r", {"description": "x"}, user="u")).status == 201


async def test_the_cache_is_flushed_for_one_or_all(ask: Ask) -> None:
    await make(ask, "u")
    assert (await ask("DELETE /api/cache")).json == {"status": "OK", "message": "Cache flushed successfully."}
    answer = await ask("DELETE /api/cache/user/nobody")
    assert answer.json == {"status": "OK", "message": "Cache invalidated for user: nobody"}
    assert (await ask("GET /api/account", user="u")).status == 200


async def test_the_configuration_tells_what_is_on_and_no_secret(ask: Ask) -> None:
    dynamic = (await ask("GET /api/securityconfig")).json["config"]["dynamic"]
    domains = {name: domain["http_enabled"] for name, domain in dynamic["authc"].items()}
    assert domains == {
        "basic_internal_auth_domain": True,
        "jwt_auth_domain": False,
        "proxy_auth_domain": False,
        "clientcert_auth_domain": False,
    }


async def test_the_audit_configuration_is_read_only(ask: Ask) -> None:
    shown = (await ask("GET /api/audit")).json
    assert shown["config"]["enabled"] is True
    assert "/audit" in shown["_readonly"]
    assert (await ask("PUT /api/audit/config", {"enabled": False})).status == 400


@pytest.mark.parametrize(
    "target",
    [
        "GET /api/allowlist",
        "PUT /api/allowlist",
        "GET /api/ssl/certs",
        "GET /api/certificates",
        "PUT /api/ssl/http/reloadcerts",
        "PUT /api/securityconfig/config",
        "PATCH /api/securityconfig",
    ],
)
async def test_what_wants_the_administrators_certificate_is_denied(ask: Ask, target: str) -> None:
    answer = await ask(target)
    assert (answer.status, answer.json) == (403, {"status": "FORBIDDEN", "message": "Access denied"})


async def test_tokens_on_behalf_of_somebody_are_off(ask: Ask) -> None:
    path = "POST /_plugins/_security/api/generateonbehalfoftoken"
    answer = await ask(path, {"description": "x"})
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=UTF-8")
    assert answer.text.startswith("The OnBehalfOf token generating API has been disabled")
    await make(ask, "u")
    answer = await ask(path, {"description": "x"}, user="u")
    who = "User [name=u, backend_roles=[], requestedTenant=null]"
    assert (answer.status, answer.text) == (401, f"no permissions for [security:obo/create] and {who}")


async def test_nobody_needs_to_have_the_configuration_read_anew(ask: Ask) -> None:
    answer = await ask("PUT /_plugins/_security/configupdate?config_types=roles")
    assert (answer.status, answer.text) == (403, "")


async def test_there_is_nothing_to_upgrade(ask: Ask) -> None:
    assert (await ask("GET /api/_upgrade_check")).json == {"status": "OK", "upgradeAvailable": False}
    answer = await ask("POST /api/_upgrade_perform")
    assert answer.json["message"] == "Unable to upgrade, no differences found in 'roles' config"


async def test_accounts_of_services_are_not_made(ask: Ask) -> None:
    await make(ask, "u")
    answer = await ask("POST /api/internalusers/u/authtoken")
    assert (answer.status, answer.json["message"]) == (
        400,
        "An auth token could not be generated for the specified account.",
    )
    assert (await ask("POST /api/internalusers/nobody/authtoken")).status == 404
