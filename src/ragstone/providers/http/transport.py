"""The HttpTransport of the product: shared connections, deadlines, limits per host, no redirects."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ragstone.core.clock import Deadline
from ragstone.providers.api import HttpRequest, HttpResponse, HttpTransportError
from ragstone.providers.http.addresses import Resolver, system_resolver

if TYPE_CHECKING:
    from ragstone.providers.http.session import Session


class AiohttpTransport:
    """See `HttpTransport`. Belongs to the event loop of its first call.

    `resolver` and `ssl_context` replace the system's name service and its trusted authorities: that is how a test
    reaches a simulated provider under the provider's real name.

    `restricted` are patterns of addresses that nothing connects to, private or not.

    Guarantees: the address that was judged private or not is the address connected to, also when the name resolves
    anew; a connection opened with `allow_private` is never used by a request without; neither cookies nor redirects
    are followed; `max_connections` holds per host and port, and a request that finds none free waits
    `connect_timeout` at most.
    """

    def __init__(
        self,
        resolver: Resolver = system_resolver,
        ssl_context: ssl.SSLContext | None = None,
        *,
        restricted: Sequence[str] = (),
    ) -> None:
        self._resolver = resolver
        self._ssl_context = ssl_context
        self._restricted = [re.compile(pattern) for pattern in restricted]
        self._sessions: dict[bool, Session] = {}
        self._slots = _Slots()
        self._closed = False

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        try:
            async with (
                asyncio.timeout(deadline.remaining() if deadline is not None else None),
                self._slots.one(_origin(request.url), request.max_connections, request.connect_timeout),
            ):
                return await self._session(request.allow_private).exchange(request)
        except TimeoutError:
            raise HttpTransportError("timeout", "Read timed out") from None

    async def close(self) -> None:
        """Drop every connection. Requests that still run fail; later ones are refused."""
        self._closed = True
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, allow_private: bool) -> Session:
        if self._closed:
            raise HttpTransportError("connect", "the node is closed")
        if allow_private not in self._sessions:
            from ragstone.providers.http.session import Session

            self._sessions[allow_private] = Session(
                self._resolver, self._ssl_context, allow_private=allow_private, restricted=self._restricted
            )
        return self._sessions[allow_private]


class _Slots:
    """Permits by origin and limit, given in the order of asking; forgotten when nobody holds or wants one."""

    def __init__(self) -> None:
        self._free: dict[tuple[str, int], asyncio.Semaphore] = {}
        self._users: dict[tuple[str, int], int] = {}

    @asynccontextmanager
    async def one(self, origin: str, limit: int, patience: float) -> AsyncIterator[None]:
        key = (origin, limit)
        free = self._free.setdefault(key, asyncio.Semaphore(max(1, limit)))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            await self._acquire(free, limit, patience)
            try:
                yield
            finally:
                free.release()
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._free[key]

    @staticmethod
    async def _acquire(free: asyncio.Semaphore, limit: int, patience: float) -> None:
        if not free.locked():
            await free.acquire()
            return
        try:
            async with asyncio.timeout(patience):
                await free.acquire()
        except TimeoutError:
            message = f"Acquire operation took longer than the configured maximum time: all {limit} connections in use"
            raise HttpTransportError("pool", message) from None


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # reported when the URL is used
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
