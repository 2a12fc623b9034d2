"""TLS: connections that are encrypted, by a certificate that may be replaced while the server runs."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from ragstone.core import json
from ragstone.core.clock import Clock
from ragstone.core.errors import IllegalArgumentException, error_body
from ragstone.core.log import get_logger
from ragstone.core.security_settings import TlsSettings
from ragstone.rest.response import JSON

_HANDSHAKE = 0x16
"""The first byte of every TLS connection."""
_PATIENCE = 15.0
"""Seconds in which a client must have begun to speak, and again in which the handshake must be over."""
_GOODBYE = 0.5
"""Seconds that a client has to answer when its connection is closed: idle ones do not, and a stop waits for them."""
_LOOK = 1.0
"""Seconds between two looks whether the certificate's files have changed."""
_OUT_OF_DESCRIPTORS = 0.1
"""Seconds until the next try when no connection can be taken."""
_CLIENT_AUTH = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}

Factory = Callable[[], asyncio.Protocol]
Refused = Callable[[str | None, str], None]
"""Hears of connections that came to nothing: the peer's address, and why."""

log = get_logger("tls")


class TlsFault(Exception):
    """The certificate, its key or the clients' authority cannot be used. The text is for the operator."""


def context(settings: TlsSettings) -> ssl.SSLContext:
    """TLS 1.2 or newer, by the files that the settings name. Raises TlsFault."""
    assert settings.cert is not None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    try:
        # An encrypted key would be asked for at the terminal: with a password, it is just wrong.
        made.load_cert_chain(settings.cert, settings.key, password="")
    except (OSError, ValueError) as error:
        raise TlsFault(f"cannot use the certificate [{settings.cert}] with the key [{settings.key}]: {error}") from None
    if settings.client_ca is not None:
        try:
            made.load_verify_locations(settings.client_ca)
        except (OSError, ValueError) as error:
            raise TlsFault(f"cannot read the clients' authority [{settings.client_ca}]: {error}") from None
    made.verify_mode = _CLIENT_AUTH[settings.client_auth]
    return made


class Certificates:
    """The context for the next connection: it is made anew when a file has changed. Raises TlsFault when it is made.

    A change that does not work is logged, and the certificate before it serves on.
    """

    def __init__(self, settings: TlsSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._stamp = self._stamps()
        self._looked = clock.monotonic()
        self._context = context(settings)

    @property
    def current(self) -> ssl.SSLContext:
        if self._clock.monotonic() - self._looked >= _LOOK:
            self._looked = self._clock.monotonic()
            stamp = self._stamps()
            if stamp != self._stamp:
                self._stamp = stamp
                self.reload()
        return self._context

    def reload(self) -> None:
        try:
            self._context = context(self._settings)
        except TlsFault as fault:
            log.error("the new certificate does not work, the old one stays", reason=str(fault))
            return
        log.info("the certificate was read anew", file=str(self._settings.cert))

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        files = (self._settings.cert, self._settings.key, self._settings.client_ca)
        return [_stamp(file) for file in files if file is not None]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class TlsListener:
    """Takes connections from a bound socket and hands encrypted ones to protocols that `factory` makes.

    Who speaks plain HTTP is told what is wrong. Has what uvicorn asks of an `asyncio.Server` when it stops.
    """

    def __init__(self, listener: socket.socket, certificates: Certificates, factory: Factory, refused: Refused) -> None:
        self._listener = listener
        self._certificates = certificates
        self._factory = factory
        self._refused = refused
        self._opening: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    def start(self, backlog: int) -> None:
        """Raises OSError when the address has been taken meanwhile."""
        self._listener.listen(backlog)
        self._listener.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
        for task in self._opening:
            task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._opening, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listener)
            except OSError as error:
                log.warning("cannot take a connection", reason=str(error))
                await asyncio.sleep(_OUT_OF_DESCRIPTORS)
                continue
            task = loop.create_task(self._open(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        loop, handed_over = asyncio.get_running_loop(), False
        address = _address(connection)
        try:
            connection.setblocking(False)
            async with asyncio.timeout(_PATIENCE):
                first = await _first_byte(connection)
            if first == _HANDSHAKE:
                handed_over = True
                await loop.connect_accepted_socket(
                    self._factory,
                    connection,
                    ssl=self._certificates.current,
                    ssl_handshake_timeout=_PATIENCE,
                    ssl_shutdown_timeout=_GOODBYE,
                )
            elif first is not None:
                self._refused(address, "no TLS")
                async with asyncio.timeout(_PATIENCE):
                    await _tell(connection)
        except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
            self._refused(address, getattr(error, "reason", None) or str(error) or type(error).__name__)
        finally:
            if not handed_over:
                connection.close()


async def _first_byte(connection: socket.socket) -> int | None:
    """What a client begins with, left where it is; None when it hangs up."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    found = connection.recv(1, socket.MSG_PEEK)
    return found[0] if found else None


async def _tell(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    # What has been sent is taken, or the answer might be lost with the connection.
    await loop.sock_recv(connection, 65_536)
    body = json.encode(error_body(IllegalArgumentException("this server speaks TLS: use https")))
    head = (
        f"HTTP/1.1 400 Bad Request\r\ncontent-type: {JSON}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    await loop.sock_sendall(connection, head.encode() + body)
    connection.shutdown(socket.SHUT_WR)


def _address(connection: socket.socket) -> str | None:
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return None
