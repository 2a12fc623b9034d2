"""Proxies that have asked who is there. They are known by their address; whoever else sends their headers is not
believed."""

from __future__ import annotations

from ipaddress import ip_address

from ragstone.core.security_settings import ProxySettings
from ragstone.core.settings_section import Network
from ragstone.rest.request import Request
from ragstone.security.model import User


class ProxyAuthenticator:
    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings

    async def authenticate(self, request: Request) -> User | None:
        name = request.headers.get(self._settings.user_header, "").strip()
        if not name or not is_within(request.peer, self._settings.peers):
            return None
        roles = request.headers.get(self._settings.roles_header, "").split(",")
        prefix = self._settings.attribute_prefix
        attributes = {
            f"attr.proxy.{header.removeprefix(prefix)}": value
            for header, value in request.headers.items()
            if header.startswith(prefix)
        }
        return User(name, tuple(role.strip() for role in roles if role.strip()), attributes)


def client_address(request: Request, peers: tuple[Network, ...]) -> str | None:
    """Whom the request is from: the peer or, where that is a proxy of ours, whom it names last that is none."""
    address = request.peer
    if not is_within(address, peers):
        return address
    named = request.headers.get("x-forwarded-for", "").split(",")
    for one in reversed([part.strip() for part in named if part.strip()]):
        if not _is_address(one):
            break
        address = one
        if not is_within(one, peers):
            break
    return address


def is_within(address: str | None, networks: tuple[Network, ...]) -> bool:
    if not networks or address is None or not _is_address(address):
        return False
    found = ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
