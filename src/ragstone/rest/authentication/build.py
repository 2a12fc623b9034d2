"""The ways to log in that the settings open, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator

from ragstone.core.clock import Clock
from ragstone.core.security_settings import JwtSettings, SecuritySettings
from ragstone.providers.api import HttpTransport
from ragstone.rest.authentication.api_key import ApiKeyAuthenticator
from ragstone.rest.authentication.authenticator import Authenticator
from ragstone.rest.authentication.basic import BasicAuthenticator
from ragstone.rest.authentication.certificate import CertificateAuthenticator
from ragstone.rest.authentication.login import Login
from ragstone.rest.authentication.proxy import ProxyAuthenticator
from ragstone.rest.authentication.signer import SignerAuthenticator
from ragstone.security.service import SecurityService


def login(security: SecurityService, settings: SecuritySettings, transport: HttpTransport, clock: Clock) -> Login:
    """Raises IllegalArgumentException for keys of bearer tokens that are none."""
    return Login(security, list(_authenticators(security, settings, transport, clock)), settings.proxy.peers)


def _authenticators(
    security: SecurityService, settings: SecuritySettings, transport: HttpTransport, clock: Clock
) -> Iterator[Authenticator]:
    yield SignerAuthenticator()
    yield BasicAuthenticator(security)
    if settings.jwt.enabled:
        yield _bearer(settings.jwt, transport, clock)
    if security.api_keys is not None:
        yield ApiKeyAuthenticator(security.api_keys)
    if settings.proxy.peers:
        yield ProxyAuthenticator(settings.proxy)
    if settings.clientcert.enabled:
        yield CertificateAuthenticator(settings.clientcert)


def _bearer(settings: JwtSettings, transport: HttpTransport, clock: Clock) -> Authenticator:
    # Here and not above: most nodes take no tokens, and all have a start.
    from ragstone.rest.authentication.bearer import BearerAuthenticator
    from ragstone.rest.authentication.bearer_keys import BearerKeys, FixedKeys, PublishedKeys

    keys: BearerKeys
    if settings.signing_keys:
        keys = FixedKeys(settings.signing_keys)
    else:
        keys = PublishedKeys(
            transport,
            clock,
            jwks_uri=settings.jwks_uri,
            discovery=settings.openid_connect_url,
            ttl=settings.keys_ttl,
        )
    return BearerAuthenticator(settings, keys, clock)
