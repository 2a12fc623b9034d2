"""Network addresses of hosts, and the rule that keeps connectors out of private networks."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection goes. `ip` is a textual address, never a name."""

    ip: str
    port: int
    exempt: bool = False
    """Not judged by the rule on private addresses. The system's resolver never says so; a test's may, to bring a
    provider's real name to a simulated one on this machine."""


Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Every address of a host name, at least one. Raises OSError when there is none."""

# The families that OpenSearch refuses: Java's isSiteLocal, isLinkLocal, isLoopback and isAnyLocal.
# Differs: unique local IPv6 (fc00::/7), which is today's private IPv6 network, all of 0.0.0.0/8, and two networks where
# clouds keep their metadata services (100.64.0.0/10, 192.0.0.0/24) are in, too.
_PRIVATE = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "::/128",
        "::1/128",
        "64:ff9b:1::/48",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
    )
]
_ENDING_IN_IPV4 = [
    ipaddress.IPv6Network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")  # compatible, translated, NAT64
]


@lru_cache(maxsize=1024)  # every call of a model asks about the same few
def is_private(ip: str) -> bool:
    """Whether a textual address belongs to this machine or to a private network.

    An IPv4 address that travels inside an IPv6 one (mapped, 6to4, Teredo, NAT64, ...) is judged as itself.
    Raises ValueError when `ip` is no address.
    """
    address: IpAddress = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        address = _embedded(address) or address
    return any(address.version == network.version and address in network for network in _PRIVATE)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.teredo is not None:
        return address.teredo[1]
    found = address.ipv4_mapped or address.sixtofour
    if found is None and any(address in network for network in _ENDING_IN_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return found


def is_literal(host: str) -> bool:
    """Whether a URL's host (without brackets) is written as an address, well or badly, instead of a name."""
    return ":" in host or host.replace(".", "").isdigit()


async def system_resolver(host: str, port: int) -> list[Address]:
    """What the operating system says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(str(sockaddr[0]), port) for _, _, _, _, sockaddr in found]
