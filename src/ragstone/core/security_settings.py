"""What security is started with: who is asked how, what is limited, what is written down; and TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragstone.core.caller import DEFAULT_SALT
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.settings_section import (
    Network,
    flag,
    listed,
    networks,
    path,
    section,
    setting,
    text,
    whole,
    whole_texts,
    word,
)


def _salt(name: str, value: Any) -> str:
    if len(str(value).encode()) < 16:
        raise IllegalArgumentException(f"setting [{name}] must at least contain 16 bytes")
    return str(value)


@dataclass(frozen=True)
class LoginSettings:
    """How often a login may fail. Times are in seconds."""

    tries: int = setting(10, whole(0, 1_000_000))
    """Of one user from one address within `window`; 0 is no limit."""
    tries_per_address: int = setting(100, whole(0, 1_000_000))
    """Of all users from one address."""
    window: int = setting(600, whole(1, 86_400))
    block: int = setting(600, whole(1, 86_400))
    """For how long whoever failed too often is refused."""


@dataclass(frozen=True)
class JwtSettings:
    """Bearer tokens: signed with known keys, with those of a JWKS document, or with those that OpenID discovery finds.
    Without any of the three no token is taken."""

    signing_keys: tuple[str, ...] = setting((), whole_texts, secret=True)
    """PEM public keys, or base64 of HMAC secrets."""
    jwks_uri: str | None = setting(None, text)
    openid_connect_url: str | None = setting(None, text)
    """A `.well-known/openid-configuration`."""
    issuer: str | None = setting(None, text)
    audience: tuple[str, ...] = setting((), listed)
    """Any of them will do."""
    skew: int = setting(30, whole(0, 3600))
    """Seconds that the issuer's clock and ours may differ."""
    subject_key: str = setting("sub", text)
    """The claim that holds the user's name."""
    roles_key: str | None = setting(None, text)
    """The claim that holds backend roles: a list, or text with commas. A path is written with dots."""
    header: str = setting("authorization", lambda name, value: text(name, value).lower())
    url_parameter: str | None = setting(None, text)
    """A query parameter that may hold the token instead."""
    keys_ttl: int = setting(3600, whole(1, 86_400))
    """Seconds that keys which were fetched are used before they are fetched again."""

    @property
    def enabled(self) -> bool:
        return bool(self.signing_keys or self.jwks_uri or self.openid_connect_url)

    def __post_init__(self) -> None:
        sources = [bool(self.signing_keys), self.jwks_uri is not None, self.openid_connect_url is not None]
        if sum(sources) > 1:
            raise IllegalArgumentException(
                "settings [security_jwt_signing_keys], [security_jwt_jwks_uri] and [security_jwt_openid_connect_url] "
                "exclude each other"
            )
        for name in ("jwks_uri", "openid_connect_url"):
            url = getattr(self, name)
            if url is not None and not url.startswith(("https://", "http://")):
                raise IllegalArgumentException(f"setting [security_jwt_{name}] must be an http or https URL")


@dataclass(frozen=True)
class ProxySettings:
    """A proxy that has asked who is there, and says so in headers. Nobody but `peers` is believed."""

    peers: tuple[Network, ...] = setting((), networks)
    """Where such proxies connect from. They are believed `X-Forwarded-For`, too."""
    user_header: str = setting("x-proxy-user", lambda name, value: text(name, value).lower())
    roles_header: str = setting("x-proxy-roles", lambda name, value: text(name, value).lower())
    attribute_prefix: str = setting("x-proxy-ext-", lambda name, value: text(name, value).lower())


@dataclass(frozen=True)
class CertificateSettings:
    """Clients who are known by their certificate."""

    enabled: bool = setting(False, flag)
    username_attribute: str | None = setting(None, text)
    """The part of the certificate's name that is the user's (`cn`); None takes the whole name."""
    roles_attribute: str | None = setting(None, text)
    """The part whose values are backend roles (`ou`)."""


@dataclass(frozen=True)
class ApiKeySettings:
    """Keys that may do no more than what they were made for."""

    enabled: bool = setting(False, flag)
    max_keys: int = setting(100, whole(1, 1_000_000))
    """How many may be in force at once."""
    max_duration: int = setting(31_536_000, whole(1))
    """Seconds that a key may live at most, and does when nothing is said."""


@dataclass(frozen=True)
class AuditSettings:
    """The log of who was refused what."""

    enabled: bool = setting(True, flag)
    file: Path | None = setting(None, path)
    """By default by default `audit/audit.log` inside `data`."""
    disabled_categories: tuple[str, ...] = setting(("AUTHENTICATED", "GRANTED_PRIVILEGES"), listed)
    max_bytes: int = setting(50 * 2**20, whole(4096))
    """Size at which the next file is begun; each day begins one, too."""
    keep: int = setting(30, whole(1, 100_000))
    """How many finished files are kept."""
    queue: int = setting(10_000, whole(1, 10_000_000))
    """Records that may wait to be written; more are counted, and the number is written down."""


@dataclass(frozen=True)
class SecuritySettings:
    enabled: bool | None = setting(None, flag)
    """None: beyond loopback yes, on it no; see `Settings.security_enabled`."""
    restapi_roles: tuple[str, ...] = setting(("all_access", "security_rest_api_access"), listed)
    """Who may use the security API."""
    cache_ttl_minutes: int = setting(60, whole(0, 525_600))
    """How long a good login is remembered; 0 asks the password's hash every time."""
    compliance_salt: str = setting(DEFAULT_SALT, _salt, secret=True)
    """What hashes of masked fields are salted with, the first 16 bytes of it. Who knows it can guess short values."""
    logins: LoginSettings = section(LoginSettings)
    jwt: JwtSettings = section(JwtSettings)
    proxy: ProxySettings = section(ProxySettings)
    clientcert: CertificateSettings = section(CertificateSettings)
    api_keys: ApiKeySettings = section(ApiKeySettings)
    audit: AuditSettings = section(AuditSettings)


@dataclass(frozen=True)
class TlsSettings:
    enabled: bool | None = setting(None, flag)
    """None: when there is a certificate. False beyond loopback is for servers behind a proxy that has TLS."""
    cert: Path | None = setting(None, path)
    """PEM: the certificate, and those between it and its root."""
    key: Path | None = setting(None, path)
    """PEM, not encrypted."""
    client_ca: Path | None = setting(None, path)
    """PEM: who signs clients' certificates."""
    client_auth: Literal["none", "optional", "required"] = setting("none", word("none", "optional", "required"))
    """Whether clients are asked for a certificate, and whether they must have one."""

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise IllegalArgumentException("setting [tls_cert] and setting [tls_key] belong together")
        if self.enabled and self.cert is None:
            raise IllegalArgumentException("setting [tls_enabled] needs [tls_cert] and [tls_key]")
        if (self.client_ca is None) != (self.client_auth == "none"):
            raise IllegalArgumentException(
                "setting [tls_client_ca] belongs together with [tls_client_auth] [optional] or [required]"
            )
        if self.client_ca is not None and not self.active:
            raise IllegalArgumentException("setting [tls_client_ca] needs [tls_cert] and [tls_key]")

    @property
    def active(self) -> bool:
        return self.cert is not None and self.enabled is not False
