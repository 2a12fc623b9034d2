"""ClusterClient: requests to the nodes of a cluster, over aiohttp. The only importer of it here.

Which node: the next one that has not just failed. A request that never left goes to another node; one that may have
arrived does so only when doing it twice is doing it once.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ragstone.core import caller, json
from ragstone.core.clock import Clock, Deadline
from ragstone.core.errors import (
    JsonObject,
    NoNodeAvailableException,
    OpenSearchException,
    OpenSearchTimeoutException,
)
from ragstone.core.log import get_logger
from ragstone.engine.opensearch.errors import GatewaysAccountRefused, error_of, from_json
from ragstone.engine.values import ClusterAnswer

_CONNECT_TIMEOUT = 3.0
_RESTS = 5.0
"""Seconds that a node which did not answer is passed over, unless no other is left."""
_ONE_CONNECTION_ONLY = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "host", "expect",
    }
)  # fmt: skip
_READING = frozenset({"GET", "HEAD"})
_READING_POST = re.compile(r"/([^/_][^/]*/)?_(search|msearch|count|mget|validate|explain|field_caps|analyze)(/|$)")
_MOVES_ON = re.compile(r"/_search/(scroll|pipeline)(/|$)")
"""Below `_search`, and yet nothing to be asked twice: a scroll's next page is another one."""
_PIECE = 64 * 1024
"""Bytes of a body that are sent at a time, so that a cluster which takes none of it is noticed."""

_log = get_logger("opensearch")


class Signer(Protocol):
    """Adds what proves the gateway's identity to a request whose body is known."""

    async def headers(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class ServiceAccount:
    """The gateway's own identity. Without either there is none, for a cluster without security."""

    authorization: str | None = field(default=None, repr=False)
    """A whole `Authorization` header."""
    signer: Signer | None = field(default=None, repr=False)


class ClusterClient:
    """See the module's docstring. `ClusterApi` of `engine.api`; close it when done."""

    def __init__(
        self,
        nodes: Sequence[str],
        clock: Clock,
        *,
        account: ServiceAccount | None = None,
        callers_rights: bool = True,
        tls: ssl.SSLContext | None = None,
        timeout: float = 60.0,
    ) -> None:
        """`nodes` are base URLs. `callers_rights`: data requests carry the caller's own `Authorization`."""
        self._nodes = [_Node(url.rstrip("/")) for url in nodes]
        self._clock = clock
        self._account = account or ServiceAccount()
        self._callers_rights = callers_rights
        self._tls = tls
        self._timeout = timeout
        self._turn = itertools.count()
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        as_service: bool = False,
        deadline: Deadline | None = None,
        repeatable: bool | None = None,
    ) -> ClusterAnswer:
        """See `ClusterApi`. `repeatable`: doing it twice is doing it once; by default what only reads."""
        headers = {"content-type": content_type} if body is not None else {}
        authorization = self._authorization(as_service)
        if authorization is not None:
            headers["authorization"] = authorization
        seconds = self._timeout if deadline is None else min(self._timeout, deadline.remaining())
        again = _reads(method, target) if repeatable is None else repeatable
        signed = as_service or not self._callers_rights
        async with self._exchange(method, target, headers, body, seconds, again, signed) as response:
            try:
                async with asyncio.timeout(seconds):
                    content = await response.read()
            except TimeoutError:
                raise _timed_out(seconds) from None
            except aiohttp.ClientError as error:
                raise _unavailable(error) from None
            if as_service and response.status == 401:
                raise GatewaysAccountRefused(f"the cluster refuses the gateway's account: {_text(content)}")
            return ClusterAnswer(response.status, _headers(response), content)

    async def call(
        self, method: str, target: str, body: Any = None, *, as_service: bool = False, deadline: Deadline | None = None
    ) -> Any:
        """See `ClusterApi`."""
        content_type = "application/json"
        if isinstance(body, list):
            content_type, body = "application/x-ndjson", b"".join(json.encode(line) + b"\n" for line in body)
        elif body is not None and not isinstance(body, bytes):
            body = json.encode(body)
        answer = await self.ask(
            method, target, body, content_type=content_type, as_service=as_service, deadline=deadline
        )
        if answer.status >= 400:
            raise error_of(answer)
        return json.decode(answer.body) if answer.body else None

    def error(self, error: JsonObject, status: int) -> OpenSearchException:
        """See `ClusterApi`."""
        return from_json(error, status)

    @asynccontextmanager
    async def forward(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes | AsyncIterable[bytes] | None
    ) -> AsyncIterator[Forwarded]:
        """See `ClusterApi`."""
        passed = CIMultiDict((name, value) for name, value in headers if name.lower() not in _ONE_CONNECTION_ONLY)
        own = not self._callers_rights
        if own:
            passed.popall("authorization", None)
            if self._account.authorization is not None:
                passed["authorization"] = self._account.authorization
        again = not isinstance(body, AsyncIterable) and _reads(method, target)
        async with self._exchange(method, target, passed, body, self._timeout, again, own) as response:
            yield Forwarded(response, self._timeout)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _authorization(self, as_service: bool) -> str | None:
        return caller.authorization.get() if self._callers_rights and not as_service else self._account.authorization

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None,
        seconds: float,
        again: bool,
        signed: bool,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The first answer of a node, up to its headers."""
        response = None
        waiting = self._order()
        if again and len(waiting) == 1:
            waiting *= 2  # it may be but the connection that had grown old
        while response is None:
            node = waiting.pop(0)
            url = URL(node.url + target, encoded=True)
            given = CIMultiDict(headers)
            if signed and self._account.signer is not None:
                if isinstance(body, AsyncIterable):
                    body = b"".join([chunk async for chunk in body])
                given.update(await self._account.signer.headers(method, str(url), body or b"", headers))
            # What fits into a socket's buffer goes out at once, whether or not it is taken.
            small = body if isinstance(body, bytes) and len(body) <= _PIECE else None
            upload = None if body is None or small is not None else _Upload(body, seconds)
            if isinstance(body, bytes):
                given["content-length"] = str(len(body))
            try:
                response = await self._send(method, url, given, upload or small, seconds)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                self._failed(node, error)
                if not waiting:
                    raise _unavailable(error) from None
            except TimeoutError as error:
                self._failed(node, error)
                raise _timed_out(seconds) from None
            except (aiohttp.ClientError, OSError) as error:
                if upload is not None and upload.failure is not None:
                    raise upload.failure from None
                self._failed(node, error)
                if not again or not waiting:
                    raise _unavailable(error) from None
        node.failed_at = None
        try:
            yield response
        finally:
            response.release()

    async def _send(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: _Upload | bytes | None,
        seconds: float,
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._tls or True, keepalive_timeout=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=["User-Agent", "Content-Type", "Accept", "Accept-Encoding"],
                auto_decompress=False,
            )
            # It would send a PUT or a DELETE again that may have arrived. There is no other way to say no.
            self._session._retry_connection = False
        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT_TIMEOUT, sock_read=seconds)
        data = body.pieces() if isinstance(body, _Upload) else body
        asked = self._session.request(method, url, headers=headers, data=data, allow_redirects=False, timeout=timeout)
        if not isinstance(body, _Upload):
            return await asked
        async with body.limit():
            return await asked

    def _order(self) -> list[_Node]:
        start = next(self._turn) % len(self._nodes)
        nodes = self._nodes[start:] + self._nodes[:start]
        now = self._clock.monotonic()
        return sorted(nodes, key=lambda node: node.failed_at is not None and now - node.failed_at < _RESTS)

    def _failed(self, node: _Node, error: Exception) -> None:
        if node.failed_at is None:
            _log.warning("a node of the cluster does not answer", node=node.url, error=type(error).__name__)
        node.failed_at = self._clock.monotonic()


class _Upload:
    """A body on its way to a node. Ends with TimeoutError when nothing of it is taken for `seconds`; waiting for more
    of it, which is the sender's time, does not count."""

    def __init__(self, body: bytes | AsyncIterable[bytes], seconds: float) -> None:
        self._body = body
        self._seconds = seconds
        self._timeout: asyncio.Timeout | None = None
        self.failure: Exception | None = None
        """What came from whoever gives the body."""

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as self._timeout:
            try:
                yield
            finally:
                self._timeout = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._given():
                self._expect(self._seconds)
                yield piece
                self._expect(None)
        except Exception as failure:
            self.failure = failure
            raise

    async def _given(self) -> AsyncIterator[bytes]:
        if isinstance(self._body, bytes):
            for start in range(0, len(self._body), _PIECE):
                yield self._body[start : start + _PIECE]
        else:
            async for piece in self._body:
                yield piece

    def _expect(self, seconds: float | None) -> None:
        if self._timeout is not None:
            self._timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


@dataclass
class _Node:
    url: str
    failed_at: float | None = None


class Forwarded:
    """See `ForwardedAnswer`."""

    def __init__(self, response: aiohttp.ClientResponse, seconds: float) -> None:
        self._response = response
        self._seconds = seconds
        self.status = response.status
        self.headers: Sequence[tuple[str, str]] = [
            (name, value) for name, value in response.headers.items() if name.lower() not in _ONE_CONNECTION_ONLY
        ]

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except TimeoutError:
            raise _timed_out(self._seconds) from None
        except aiohttp.ClientError as error:
            raise _unavailable(error) from None


def _reads(method: str, target: str) -> bool:
    path = target.partition("?")[0]
    if method not in _READING and (method != "POST" or _READING_POST.match(path) is None):
        return False
    return _MOVES_ON.match(path) is None


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _text(content: bytes) -> str:
    return content[:200].decode("utf-8", "replace").strip()


def _unavailable(error: Exception) -> NoNodeAvailableException:
    reason = {
        aiohttp.ClientConnectorCertificateError: "its TLS certificate is not trusted",
        aiohttp.ClientSSLError: "the TLS handshake failed",
        aiohttp.ClientConnectorDNSError: "its name is not known",
        aiohttp.ClientConnectorError: "no connection",
        aiohttp.ConnectionTimeoutError: "no connection",
    }
    why = next((text for kind, text in reason.items() if isinstance(error, kind)), "the connection was closed")
    return NoNodeAvailableException(f"the cluster does not answer: {why}")


def _timed_out(seconds: float) -> OpenSearchTimeoutException:
    return OpenSearchTimeoutException(f"the cluster did not answer within {int(seconds * 1000)} ms")
