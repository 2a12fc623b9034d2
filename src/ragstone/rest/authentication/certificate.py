"""Clients who are known by their certificate, which TLS has verified by then."""

from __future__ import annotations

from ragstone.core.security_settings import CertificateSettings
from ragstone.rest.authentication.authenticator import LoginRefused
from ragstone.rest.request import Request
from ragstone.security.model import User


class CertificateAuthenticator:
    def __init__(self, settings: CertificateSettings) -> None:
        self._name = settings.username_attribute
        self._roles = settings.roles_attribute

    async def authenticate(self, request: Request) -> User | None:
        certificate = request.certificate
        if certificate is None:
            return None
        names = (str(certificate),) if self._name is None else certificate.values(self._name)
        if not names or not names[0]:
            raise LoginRefused(str(certificate))
        return User(names[0], certificate.values(self._roles) if self._roles is not None else ())
