"""Who may use the security API, and how it says no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from ragstone.core import caller
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Handler
from ragstone.rest.services import Services
from ragstone.security.permissions import UserSubject
from ragstone.security.refusals import Refusal, refused
from ragstone.security.service import SecurityService

SecurityHandler = Callable[[SecurityService, Request], Awaitable[Response]]


def for_everybody(handler: SecurityHandler) -> Handler:
    """For whoever has logged in."""

    @wraps(handler)
    async def handle(services: Services, request: Request) -> Response:
        if services.security is None:
            raise TypeError("routed without security")
        try:
            return await handler(services.security, request)
        except Refusal as refusal:
            return Response(refusal.body, refusal.status)

    return handle


def for_administrators(handler: SecurityHandler) -> Handler:
    """For those whose roles open the security API."""

    @wraps(handler)
    async def handle(security: SecurityService, request: Request) -> Response:
        check_access(security, request)
        return await handler(security, request)

    return for_everybody(handle)


def sender() -> UserSubject:
    """Who the request being served is from."""
    subject = caller.subject.get()
    if not isinstance(subject, UserSubject):
        raise TypeError("a request was let in without a login")
    return subject


def has_access(security: SecurityService) -> bool:
    return not set(security.settings.restapi_roles).isdisjoint(sender().roles)


def check_access(security: SecurityService, request: Request) -> None:
    """Raises Refusal."""
    if not has_access(security):
        who = sender()
        if security.audit is not None:
            security.audit.record("MISSING_PRIVILEGES", user=who.name)
        certificate = "No ssl info found in request"
        if request.certificate is not None:
            certificate = f"Security admin permissions required but {request.certificate} is not an admin"
        raise refused(
            403,
            f"No permission to access REST API: User {who.name} with Security roles [{', '.join(who.roles)}] does not "
            f"have any role privileged for admin access. {certificate}.",
        )


def denied() -> Refusal:
    """What nobody may who has not the administrators' certificate, which there is not."""
    return refused(403, "Access denied")
