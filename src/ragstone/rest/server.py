"""The HTTP server: uvicorn with OpenSearch's limits, an orderly stop, and no surprises about who can reach it."""

from __future__ import annotations

import asyncio
import math
import re
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ragstone.core import json
from ragstone.core.clock import Clock, SystemClock
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, error_body
from ragstone.core.log import get_logger
from ragstone.core.settings import Settings
from ragstone.rest import tls
from ragstone.rest.app import CERTIFICATE, Application
from ragstone.rest.client_certificate import ClientCertificate
from ragstone.rest.response import JSON
from ragstone.rest.tls import Certificates, Refused, TlsListener

T = TypeVar("T")

MAX_LINE = 4096
"""Bytes of `GET /path?query HTTP/1.1` (`http.max_initial_line_length`)."""
MAX_HEADERS = 16 * 1024
"""Bytes of all header names and values (`http.max_header_size`)."""
_KEEP_ALIVE = 3600
"""Seconds an idle connection stays open. OpenSearch never closes one; clients do not expect it either."""
_LAST_WORDS = 1.0
"""Seconds that cut off requests have to tell their clients so."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")

log = get_logger("server")


class CannotListen(Exception):
    """The address is refused, unknown or taken. The text is for the person who started the server."""


class TooLongHttpLineException(OpenSearchException):
    status = 400


class TooLongHttpHeaderException(OpenSearchException):
    status = 400


def bind(settings: Settings) -> socket.socket:
    """Take the address, without answering on it yet. Raises CannotListen, also where TLS would not work."""
    if settings.tls.active:
        try:
            tls.context(settings.tls)
        except tls.TlsFault as fault:
            raise CannotListen(str(fault)) from None
    if not settings.loopback_only:
        _check_reachable(settings)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise CannotListen(_why(error, settings)) from None
    listener.set_inheritable(False)
    return listener


def _check_reachable(settings: Settings) -> None:
    if not settings.tls.active and settings.tls.enabled is None:
        raise CannotListen(
            f"will not listen on {settings.host} without TLS: passwords and data could be read on the way. Name a "
            "certificate with --tls-cert and --tls-key; behind a proxy that has TLS, set tls.enabled to false."
        )
    if not settings.tls.active:
        log.warning("no TLS: whoever is between clients and this server reads along", host=settings.host)
    if settings.security.enabled is False:
        log.warning("security is off: everybody who reaches this address may do everything", host=settings.host)


def _why(error: OSError, settings: Settings) -> str:
    return (
        f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}. "
        "Is another server running there? --port chooses another one."
    )


def address_of(listener: socket.socket) -> str:
    """`127.0.0.1:9200` or `[::1]:9200`, with the port that the system has chosen."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class HttpServer(uvicorn.Server):
    """Answers on a bound socket until it is told to stop: by SIGTERM or SIGINT, or by `stop`.

    Then it takes no new connections, gives running requests `shutdown_grace` seconds, answers the rest with a 503.
    SIGHUP has the certificate read anew; a changed file is noticed without it.

    `on_refused` hears of connections that came to nothing because of TLS.
    """

    def __init__(
        self,
        app: Application,
        listener: socket.socket,
        settings: Settings,
        on_ready: Callable[[], None],
        *,
        clock: Clock | None = None,
        on_refused: Refused = lambda address, reason: None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody asks where a request came from
                date_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=math.ceil(settings.shutdown_grace),
            )
        )
        self._listener = listener
        self._settings = settings
        self._on_ready = on_ready
        self._on_refused = on_refused
        tls = settings.tls
        self._certificates = Certificates(tls, clock or SystemClock()) if tls.active else None

    async def run_until_stopped(self) -> None:
        """Raises CannotListen when another process was faster to take the address."""
        try:
            await self.serve([self._listener])
        finally:
            self._listener.close()

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            if self._certificates is None:
                await super().startup(sockets)
            else:
                await self._startup_with_tls(self._certificates)
        except OSError as error:
            raise CannotListen(_why(error, self._settings)) from None
        self._on_ready()

    async def _startup_with_tls(self, certificates: Certificates) -> None:
        """uvicorn's `startup`, with connections from our own listener. Raises OSError."""
        await self.lifespan.startup()

        def protocol() -> asyncio.Protocol:
            return _Protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

        listener = TlsListener(self._listener, certificates, protocol, self._on_refused)
        listener.start(self.config.backlog)
        self.servers = [listener]  # type: ignore[list-item]  # it has what is asked of them
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("stopping", running=len(self.server_state.tasks))
        await super().shutdown(sockets)
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_LAST_WORDS)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Both signals mean stop, the second SIGINT at once. uvicorn's own way would raise them again at the end,
        and the data would not be closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        if self._certificates is not None:
            loop.add_signal_handler(signal.SIGHUP, self._certificates.reload)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
            if self._certificates is not None:
                loop.remove_signal_handler(signal.SIGHUP)


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on the fastest event loop there is."""
    try:
        import uvloop
    except ImportError:  # no wheel for Windows
        return asyncio.run(main())
    return uvloop.run(main())


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which knows no limits for the head of a request and answers faults in plain text."""

    _refusal: OpenSearchException | None = None
    _certificate: ClientCertificate | None = None
    _in_message = False
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        certificate = transport.get_extra_info("peercert")
        self._certificate = ClientCertificate.read(certificate) if certificate else None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._certificate is not None:
            self.scope[CERTIFICATE] = self._certificate  # type: ignore[literal-required]  # ours
        self._in_message, self._in_head, self._head_bytes = True, True, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1") > MAX_LINE:
            self._refuse(TooLongHttpLineException(f"An HTTP line is larger than {MAX_LINE} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEADERS:
            self._refuse(_headers_too_long())

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if not self._in_message and not data.isascii():
            data = _quoted_line(data)
        super().data_received(data)
        # A single endless header reaches no callback, and must not fill the memory either.
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_LINE + 2 * MAX_HEADERS:
                self._refusal = _headers_too_long()
                self.send_400_response("")

    def _refuse(self, error: OpenSearchException) -> None:
        self._refusal = error
        raise error

    def send_400_response(self, msg: str) -> None:
        error = self._refusal or IllegalArgumentException(f"invalid HTTP request: {msg}")
        body = json.encode(error_body(error))
        head = f"content-type: {JSON}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head.encode() + body)
        self.transport.close()


def _quoted_line(data: bytes) -> bytes:
    """curl sends what it was given, bare UTF-8 too; the parser insists on percent-encoded paths."""
    end = data.find(b"\n")
    line, rest = (data[:end], data[end:]) if end >= 0 else (data, b"")
    return _NOT_ASCII.sub(lambda found: quote_from_bytes(found[0]).encode(), line) + rest


def _headers_too_long() -> TooLongHttpHeaderException:
    return TooLongHttpHeaderException(f"HTTP header is larger than {MAX_HEADERS} bytes.")
