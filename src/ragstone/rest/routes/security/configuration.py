"""How security itself is set up, to be read; and what is kept of logins, to be forgotten."""

from __future__ import annotations

from ragstone.core.xcontent import JsonObject
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text
from ragstone.rest.router import Routes
from ragstone.rest.routes.security.access import denied, for_administrators, for_everybody, sender
from ragstone.rest.routes.security.account import DASHBOARDS_INDEX, DASHBOARDS_USER
from ragstone.rest.routes.security.entities import PREFIXES, done
from ragstone.security.administration import Done
from ragstone.security.refusals import refused
from ragstone.security.service import SecurityService

routes = Routes()

_OBO = "/_plugins/_security/api/generateonbehalfoftoken"
_OBO_ACTION = "security:obo/create"
_TENANCY = {
    "default_tenant": "",
    "private_tenant_enabled": True,
    "multitenancy_enabled": True,
    "sign_in_options": ["BASIC"],
}


def _targets(*targets: str) -> list[str]:
    """`GET /cache` under both prefixes."""
    pairs = [target.split(" ") for target in targets]
    return [f"{method} {prefix}{path}" for method, path in pairs for prefix in PREFIXES]


@routes.add(*_targets("DELETE /cache"))
@for_administrators
async def flush_cache(security: SecurityService, request: Request) -> Response:
    security.flush_cache(None)
    return done(Done("Cache flushed successfully."))


@routes.add(*_targets("DELETE /cache/user/{username}"))
@for_administrators
async def forget_user(security: SecurityService, request: Request) -> Response:
    name = request.required("username")
    security.flush_cache(name)
    return done(Done(f"Cache invalidated for user: {name}"))


@routes.add(*_targets("GET /securityconfig"), head=False)
@for_administrators
async def security_config(security: SecurityService, request: Request) -> Response:
    """In the form of OpenSearch's `config.yml`, what is so here; it is changed by the node's settings."""
    return Response({"config": {"dynamic": _dynamic(security)}})


@routes.add(*_targets("PUT /securityconfig/config", "PATCH /securityconfig"))
@routes.add(*_targets("GET /allowlist", "PUT /allowlist", "PATCH /allowlist"), head=False)
@routes.add(*_targets("GET /ssl/certs", "GET /certificates", "GET /certificates/{node}"), head=False)
@routes.add(*_targets("PUT /ssl/{certificates}/reloadcerts"))
@for_administrators
async def for_nobody(security: SecurityService, request: Request) -> Response:
    raise denied()


@routes.add("PUT /_plugins/_security/configupdate", parameters=("config_types",))
@for_everybody
async def config_update(security: SecurityService, request: Request) -> Response:
    """To read the configuration anew wants the administrators' certificate; here every node does so by itself."""
    return text("", 403)


@routes.add(*_targets("GET /audit"), head=False)
@for_administrators
async def audit_config(security: SecurityService, request: Request) -> Response:
    """What of the audit log is written. It is changed by the node's settings, so all of it is read-only."""
    settings = security.settings.audit
    silent = list(settings.disabled_categories)
    return Response(
        {
            "_readonly": ["/enabled", "/audit", "/compliance"],
            "config": {
                "enabled": settings.enabled,
                "audit": {
                    "enable_rest": True,
                    "disabled_rest_categories": silent,
                    "enable_transport": False,
                    "disabled_transport_categories": silent,
                    "ignore_users": [],
                    "ignore_requests": [],
                    "ignore_headers": [],
                    "ignore_url_params": [],
                    "log_request_body": False,
                    "resolve_indices": False,
                    "resolve_bulk_requests": False,
                    "exclude_sensitive_headers": True,
                },
                "compliance": {"enabled": False},
            },
        }
    )


@routes.add(*_targets("GET /tenancy/config"), head=False)
@for_administrators
async def tenancy_config(security: SecurityService, request: Request) -> Response:
    return Response(_TENANCY)


@routes.add(*_targets("GET /authfailurelisteners"), head=False)
@for_administrators
async def auth_failure_listeners(security: SecurityService, request: Request) -> Response:
    """None that are made by this API: logins that fail are limited by the node's settings."""
    return Response({})


@routes.add(*_targets("GET /_upgrade_check"), head=False)
@for_administrators
async def upgrade_check(security: SecurityService, request: Request) -> Response:
    """There is never anything to do: what the product brings is not kept with the rest."""
    return Response({"status": "OK", "upgradeAvailable": False})


@routes.add(*_targets("POST /_upgrade_perform"))
@for_administrators
async def upgrade(security: SecurityService, request: Request) -> Response:
    raise refused(400, "Unable to upgrade, no differences found in 'roles' config")


@routes.add(f"POST {_OBO}")
@for_everybody
async def on_behalf_of(security: SecurityService, request: Request) -> Response:
    """Tokens for somebody who acts for the caller are not made here, as by default they are not by OpenSearch."""
    who = sender()
    if not who.allowed(_OBO_ACTION):
        return text(f"no permissions for [{_OBO_ACTION}] and {who.user}", 401)
    return text(
        "The OnBehalfOf token generating API has been disabled, see {link to doc} for more information on this "
        "feature.",
        400,
    )


def _dynamic(security: SecurityService) -> JsonObject:
    settings = security.settings
    jwt, proxy, certificates = settings.jwt, settings.proxy, settings.clientcert
    return {
        "disable_rest_auth": False,
        "disable_intertransport_auth": False,
        "do_not_fail_on_forbidden": False,
        "kibana": {**_TENANCY, "server_username": DASHBOARDS_USER, "index": DASHBOARDS_INDEX},
        "http": {
            "anonymous_auth_enabled": False,
            "xff": {"enabled": bool(proxy.peers), "remoteIpHeader": "X-Forwarded-For"},
        },
        "authc": {
            "basic_internal_auth_domain": _domain("basic", enabled=True, challenge=True, backend="intern"),
            "jwt_auth_domain": _domain("openid" if jwt.openid_connect_url else "jwt", enabled=jwt.enabled),
            "proxy_auth_domain": _domain("extended-proxy", enabled=bool(proxy.peers)),
            "clientcert_auth_domain": _domain("clientcert", enabled=certificates.enabled),
        },
        "authz": {},
        "auth_failure_listeners": {},
        "on_behalf_of": {"enabled": False},
    }


def _domain(type: str, *, enabled: bool, challenge: bool = False, backend: str = "noop") -> JsonObject:
    return {
        "http_enabled": enabled,
        "http_authenticator": {"type": type, "challenge": challenge, "config": {}},
        "authentication_backend": {"type": backend, "config": {}},
    }
