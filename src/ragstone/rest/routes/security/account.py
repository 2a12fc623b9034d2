"""Who am I, and what is there for me: what everybody may ask who has logged in, and some before."""

from __future__ import annotations

import sys

from ragstone.core.xcontent import JsonObject
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text
from ragstone.rest.router import Routes
from ragstone.rest.routes.security.access import for_everybody, has_access, sender
from ragstone.rest.routes.security.entities import PREFIXES, done
from ragstone.security import content
from ragstone.security.service import SecurityService
from ragstone.security.tenants import tenants_of

routes = Routes()

_PLUGIN, _OPENDISTRO = "/_plugins/_security", "/_opendistro/_security"
_BOTH = (_PLUGIN, _OPENDISTRO)
_ASKED = ("GET", "POST")

_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT")
_ENDPOINTS = (
    "AUTHTOKEN", "INTERNALUSERS", "AUDIT", "ACCOUNT", "TENANTS", "ROLESMAPPING", "VIEW_VERSION", "ROLES", "VALIDATE",
    "PERMISSIONSINFO", "RATELIMITERS", "MIGRATE", "ROLLBACK_VERSION", "ALLOWLIST", "CACHE", "CONFIG",
    "RESOURCE_SHARING", "SYSTEMINFO", "SSL", "NODESDN", "ACTIONGROUPS",
)  # fmt: skip

_PASSWORD_HINT = (
    "Password should be at least 8 characters long and contain at least one uppercase letter, one lowercase letter, "
    "one digit, and one special character."
)
_PASSWORD_REGEX = r"(?=.*[A-Z])(?=.*[^a-zA-Z\d])(?=.*[0-9])(?=.*[a-z]).{8,}"
_WHOAMI_ACTIONS = ("cluster:admin/opendistro_security/whoamiprotected", "security:whoamiprotected")
DASHBOARDS_INDEX = ".kibana"
DASHBOARDS_USER = "kibanaserver"


def _asked(name: str, *prefixes: str) -> list[str]:
    return [f"{method} {prefix}/{name}" for method in _ASKED for prefix in prefixes]


def _account(prefix: str) -> list[str]:
    return [f"{prefix} {each}/account" for each in PREFIXES]


@routes.add(*_account("GET"), head=False)
@for_everybody
async def account(security: SecurityService, request: Request) -> Response:
    who = sender()
    entity = security.configuration.internal_users.get(who.name)
    return Response(
        {
            "user_name": who.name,
            "is_reserved": entity is not None and entity.guard.reserved,
            "is_hidden": entity is not None and entity.guard.hidden,
            "is_internal_user": entity is not None,
            "user_requested_tenant": who.user.requested_tenant,
            "backend_roles": list(who.backend_roles),
            "custom_attribute_names": list(who.user.attributes),
            "tenants": tenants_of(who.name, who.roles, security.configuration),
            "roles": list(who.roles),
        }
    )


@routes.add(*_account("PUT"))
@for_everybody
async def change_password(security: SecurityService, request: Request) -> Response:
    given = content.parse(request.body)
    return done(await security.administration.change_own_password(sender().name, given))


@routes.add(*(f"GET {prefix}/permissionsinfo" for prefix in PREFIXES), head=False)
@for_everybody
async def permissions_info(security: SecurityService, request: Request) -> Response:
    who = sender()
    allowed = has_access(security)
    return Response(
        {
            "user": str(who.user),
            "user_name": who.name,
            "has_api_access": allowed,
            "disabled_endpoints": {} if allowed else {name: list(_METHODS) for name in _ENDPOINTS},
        }
    )


@routes.add(*_asked("authinfo", *_BOTH), parameters=("auth_type", "verbose"), suggested=(), head=False)
@for_everybody
async def authinfo(security: SecurityService, request: Request) -> Response:
    """`?verbose` adds how much memory the user takes."""
    who = sender()
    user = who.user
    answer: JsonObject = {
        "user": str(user),
        "user_name": user.name,
        "user_requested_tenant": user.requested_tenant,
        "remote_address": request.address if request.port is None else f"{request.address}:{request.port}",
        "backend_roles": list(user.backend_roles),
        "custom_attribute_names": list(user.attributes),
        "roles": list(who.roles),
        "tenants": tenants_of(user.name, who.roles, security.configuration),
        "principal": _principal(request),
        "peer_certificates": "0" if request.certificate is None else "1",
        "sso_logout_url": None,
    }
    if request.flag("verbose"):
        names = _size(*user.backend_roles)
        attributes = _size(*user.attributes.keys(), *user.attributes.values())
        answer["size_of_user"] = f"{_size(user.name) + names + attributes} bytes"
        answer["size_of_custom_attributes"] = f"{attributes} bytes"
        answer["size_of_backendroles"] = f"{names} bytes"
    return Response(answer)


def _principal(request: Request) -> str | None:
    return None if request.certificate is None else str(request.certificate)


def _size(*texts: str) -> int:
    return sum(map(sys.getsizeof, texts))


@routes.add(*_asked("whoami", _PLUGIN), head=False, anonymous=True)
@for_everybody
async def whoami(security: SecurityService, request: Request) -> Response:
    """Who the connection's certificate says its sender is. `Differs:` without one, too, OpenSearch answers 403."""
    return _whoami(request)


@routes.add(f"GET {_PLUGIN}/whoamiprotected", head=False)
@for_everybody
async def whoami_protected(security: SecurityService, request: Request) -> Response:
    """The same, for those who may ask."""
    who = sender()
    if any(map(who.allowed, _WHOAMI_ACTIONS)):
        return _whoami(request)
    return text(f"no permissions for [any of [{', '.join(_WHOAMI_ACTIONS)}]] and {who.user}", 401)


def _whoami(request: Request) -> Response:
    return Response({"dn": _principal(request), "is_admin": False, "is_node_certificate_request": False})


@routes.add(*_asked("health", *_BOTH), parameters=("mode",), head=False, anonymous=True)
@for_everybody
async def health(security: SecurityService, request: Request) -> Response:
    mode = request.query.get("mode", "strict")
    settings = {"plugins.security.cache.ttl_minutes": security.settings.cache_ttl_minutes}
    if security.initialized:
        return Response({"message": None, "mode": mode, "status": "UP", "settings": settings})
    down = {"message": "Not initialized", "mode": mode, "status": "DOWN", "settings": settings}
    return Response(down, 200 if mode == "lenient" else 503)


@routes.add(*_asked("dashboardsinfo", _PLUGIN), *_asked("kibanainfo", _OPENDISTRO), head=False)
@for_everybody
async def dashboards_info(security: SecurityService, request: Request) -> Response:
    return Response(
        {
            "user_name": sender().name,
            "not_fail_on_forbidden_enabled": False,
            "opensearch_dashboards_mt_enabled": True,
            "opensearch_dashboards_index": DASHBOARDS_INDEX,
            "opensearch_dashboards_server_user": DASHBOARDS_USER,
            "multitenancy_enabled": True,
            "private_tenant_enabled": True,
            "default_tenant": "",
            "sign_in_options": ["BASIC"],
            "password_validation_error_message": _PASSWORD_HINT,
            "password_validation_regex": _PASSWORD_REGEX,
            "resource_sharing_enabled": False,
        }
    )


@routes.add(*_asked("tenantinfo", *_BOTH), head=False)
@for_everybody
async def tenant_info(security: SecurityService, request: Request) -> Response:
    """Tenants' indices, for the server of Dashboards and nobody else. There are none here."""
    return Response({}) if sender().name == DASHBOARDS_USER else text("", 403)
