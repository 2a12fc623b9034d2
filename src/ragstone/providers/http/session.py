"""One exchange over aiohttp, and its faults in our words. Imported on the first call: aiohttp costs a sixth of a
second."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ragstone._version import __version__
from ragstone.providers.api import HttpRequest, HttpResponse, HttpTransportError
from ragstone.providers.http.addresses import Resolver, is_literal, is_private

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace

_PRINTABLE = re.compile(r"[!-~]+")


class Session:
    """A pool of connections, either with or without the right to enter private networks."""

    def __init__(
        self,
        resolver: Resolver,
        ssl_context: ssl.SSLContext | None,
        *,
        allow_private: bool,
        restricted: Sequence[re.Pattern[str]] = (),
    ) -> None:
        self._rule = _AddressRule(allow_private, restricted)
        self._connector = _Connector(
            # How many connections a host gets is decided per request, by the transport.
            limit=0,
            resolver=_CheckedResolver(resolver, self._rule),
            ssl=ssl_context or True,
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            # Connectors of different users share this session: no cookie of one may reach another.
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"ragstone/{__version__}"},
            skip_auto_headers=["Content-Type"],
        )

    async def exchange(self, request: HttpRequest) -> HttpResponse:
        """Send and read the whole answer. Raises HttpTransportError only."""
        try:
            # A URL that can go out as it stands does: rewriting its escapes would break a signature over it.
            url = URL(request.url, encoded=_PRINTABLE.fullmatch(request.url) is not None)
            peer = _peer(url)
        except ValueError as error:
            raise HttpTransportError("connect", str(error)) from None
        if url.raw_host is not None and is_literal(url.raw_host):
            self._check_literal(url.raw_host)
        try:
            async with self._session.request(
                request.method,
                url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                ssl=request.verify_tls,
                timeout=aiohttp.ClientTimeout(
                    connect=request.connect_timeout,
                    sock_connect=request.connect_timeout,
                    sock_read=request.read_timeout,
                ),
            ) as response:
                body = await _read(response, request.max_response)
                headers: dict[str, str] = {}
                for name, value in response.headers.items():
                    name = name.lower()
                    headers[name] = f"{headers[name]}, {value}" if name in headers else value
                return HttpResponse(response.status, headers, body)
        except aiohttp.ConnectionTimeoutError:
            millis = int(request.connect_timeout * 1000)
            raise HttpTransportError("connect", f"connection timed out after {millis} ms: {peer}") from None
        except TimeoutError:
            raise HttpTransportError("timeout", "Read timed out") from None
        except aiohttp.ClientConnectorDNSError:
            raise HttpTransportError("unknown_host", f"{url.raw_host}: Name or service not known") from None
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            raise HttpTransportError("tls", _tls_text(error)) from None
        except aiohttp.ClientConnectorError as error:
            raise HttpTransportError("connect", f"{_reason(error.os_error)}: {peer}") from None
        except (aiohttp.InvalidURL, ValueError) as error:
            # aiohttp's own checks: no host, a line break in a header. Its text names no value.
            raise HttpTransportError("connect", str(error)) from None
        except (aiohttp.ClientError, OSError) as error:
            raise HttpTransportError("broken_body", _broken_text(error)) from None

    def _check_literal(self, host: str) -> None:
        try:
            self._rule.check(host, host)
        except ValueError:  # `127.1`, `2130706433` and such, which C libraries take for addresses
            raise HttpTransportError("unknown_host", f"{host}: Name or service not known") from None

    async def close(self) -> None:
        await self._session.close()
        await self._connector.abort()


@dataclass(frozen=True)
class _AddressRule:
    """Which addresses may be connected to. `restricted` patterns match a whole textual address."""

    allow_private: bool
    restricted: Sequence[re.Pattern[str]]

    def check(self, host: str, ip: str, *, exempt: bool = False) -> None:
        """Raises HttpTransportError when the address of `host` is refused, ValueError when `ip` is none."""
        private = is_private(ip)
        if any(pattern.fullmatch(ip) for pattern in self.restricted):
            reason = f"Remote inference host name has restricted ip address: {host}"
            raise HttpTransportError("restricted_address", reason)
        if private and not exempt and not self.allow_private:
            reason = f"Remote inference host name has private ip address: {host}"
            raise HttpTransportError("private_address", reason)


class _Connector(aiohttp.TCPConnector):
    """Remembers every connection until it is really gone: one that was given up says goodbye over TLS for up to half a
    minute, and nobody waits for that when the node closes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._not_gone: set[asyncio.BaseTransport] = set()

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        protocol = await super()._create_connection(req, traces, timeout)
        transport, gone = protocol.transport, protocol.closed
        if transport is not None and gone is not None:
            self._not_gone.add(transport)
            gone.add_done_callback(lambda _: self._not_gone.discard(transport))
        return protocol

    async def abort(self) -> None:
        for transport in [t for t in self._not_gone if isinstance(t, asyncio.Transport)]:
            transport.abort()
        await asyncio.sleep(0)  # the loop closes an aborted socket in its next round


class _CheckedResolver(AbstractResolver):
    """Hands aiohttp only addresses that passed, so what was checked is what is connected to, whatever the name
    server says a moment later. One refused address among them refuses the host."""

    def __init__(self, resolver: Resolver, rule: _AddressRule) -> None:
        self._resolver = resolver
        self._rule = rule

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolver(host, port)
        for address in addresses:
            self._rule.check(host, address.ip, exempt=address.exempt)
        return [
            ResolveResult(
                hostname=host,
                host=address.ip,
                port=address.port,
                family=socket.AF_INET6 if ":" in address.ip else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    too_large = HttpTransportError("too_large", f"JSON string size exceeds maximum allowed size ({limit} bytes)")
    expected = response.content_length
    if expected is not None and expected > limit:
        raise too_large
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise too_large
    except (aiohttp.ClientPayloadError, ConnectionError):
        if expected is not None and "Content-Encoding" not in response.headers:
            text = f"Response had content-length of {expected} bytes, but only received {len(body)} bytes"
            raise HttpTransportError("broken_body", f"{text} before the connection was closed.") from None
        raise
    return bytes(body)


def _peer(url: URL) -> str:
    """As Java prints a socket address: `/127.0.0.1:1` for a literal one, `host:1` for a name."""
    host = url.raw_host or ""
    return f"/{host}:{url.port}" if is_literal(host) else f"{host}:{url.port}"


def _reason(error: OSError) -> str:
    if error.errno is None:
        return "Connection failed"
    return os.strerror(error.errno)


def _tls_text(error: Exception) -> str:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"TLS certificate refused: {inner.verify_message}"
    return f"TLS handshake failed: {getattr(inner, 'reason', None) or type(inner).__name__}"


def _broken_text(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return "The remote service did not answer in HTTP/1.1"
    if isinstance(error, aiohttp.ClientPayloadError) and "decode" in str(error).lower():
        return "The response body does not fit its Content-Encoding"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | asyncio.IncompleteReadError):
        return "The connection was closed before the response was complete"
    return "Connection reset"
