"""Asks who sent a request, where security is on: one authenticator after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragstone.core import caller
from ragstone.core.settings_section import Network
from ragstone.rest.authentication.authenticator import Authenticator, LoginRefused
from ragstone.rest.authentication.proxy import client_address
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text
from ragstone.security.audit import Category, asked
from ragstone.security.model import User
from ragstone.security.service import SecurityService

_NODES_ONLY = "_opendistro_security_"
"""Begins the names of headers that OpenSearch's nodes send each other."""
_SPOOFED = (
    "Illegal parameter in http or transport request found.\nThis means that one node is trying to connect to another "
    "with \na non-node certificate (no OID or security.nodes_dn incorrect configured) or that someone \nis spoofing "
    "requests. Check your TLS certificate setup as described here: "
    "See https://opendistro.github.io/for-elasticsearch-docs/docs/troubleshoot/tls/"
)


class Login:
    """`authenticators` in the order in which they are asked; `proxies` are believed whom they speak for."""

    def __init__(
        self, security: SecurityService, authenticators: Sequence[Authenticator], proxies: tuple[Network, ...] = ()
    ) -> None:
        self._security = security
        self._audit = security.audit
        self._authenticators = authenticators
        self._proxies = proxies

    async def admit(self, request: Request, *, anonymous: bool = False) -> Response | None:
        """Sets `core.caller.subject` for the request; or the answer that refuses it.

        An `anonymous` request is served without a login, and may do nothing that asks for rights.
        """
        caller.subject.set(self._security.nobody)
        self._observe(request)
        if anonymous:
            return None
        if [name for name in request.headers if name.startswith(_NODES_ONLY)]:
            self._note("BAD_HEADERS")
            return Response({"error": {"status": "error", "reason": _SPOOFED}}, status=403, filterable=False)
        await self._security.renew()
        user = await self._sender(request)
        if user is None:
            return unauthorized()
        caller.subject.set(self._security.subject_of(user))
        return None

    async def _sender(self, request: Request) -> User | None:
        try:
            for authenticator in self._authenticators:
                user = await authenticator.authenticate(request)
                if user is not None:
                    tenant = request.headers.get("securitytenant")
                    self._note("AUTHENTICATED", user.name)
                    if user.address == request.address and user.requested_tenant == tenant:
                        return user
                    return replace(user, address=request.address, requested_tenant=tenant)
        except LoginRefused as refused:
            self._note("FAILED_LOGIN", refused.name)
            return None
        self._note("FAILED_LOGIN")
        return None

    def signature_refused(self, request: Request) -> None:
        """Note that a request was signed wrongly; it comes no further."""
        self._observe(request)
        self._note("FAILED_LOGIN")

    def _observe(self, request: Request) -> None:
        if self._proxies:
            request.address = client_address(request, self._proxies)
        if self._audit is not None:
            asked.set(request)

    def _note(self, category: Category, user: str | None = None) -> None:
        if self._audit is not None:
            self._audit.record(category, user=user)


def unauthorized() -> Response:
    challenge = {"www-authenticate": 'Basic realm="OpenSearch Security"'}
    return text("Unauthorized", 401, challenge)
