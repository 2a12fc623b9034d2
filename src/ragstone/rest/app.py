"""The ASGI application: a request's way from the wire to a handler and back.

    signature → route → login → body → content type → parameters → handler → rendering → compression

Everything that can go wrong leaves through one door, `errors.failure`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from ragstone.cluster.model import OPENSEARCH_VERSION
from ragstone.core import caller, json
from ragstone.core.errors import ContentTypeHeaderException
from ragstone.core.log import request_id
from ragstone.core.units import parse_bool
from ragstone.dsl.triple_quotes import without_triple_quotes
from ragstone.providers.sigv4 import SignatureRefused, WireRequest, is_signed
from ragstone.rest import errors
from ragstone.rest.authentication import permission_check
from ragstone.rest.authentication.signature import SignatureVerifier
from ragstone.rest.body import BodyTooLarge, ClientGone, Message, Receive, has_body, read_body, replayed
from ragstone.rest.client_watch import ClientWatch
from ragstone.rest.compression import SMALLEST, accepts_gzip, gzip
from ragstone.rest.rendering import render
from ragstone.rest.request import Request, is_json
from ragstone.rest.response import JSON, TEXT, Response
from ragstone.rest.rounds import Rounds
from ragstone.rest.router import Route, Router, decode, parameter_fault
from ragstone.rest.services import Services

Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
"""What a server serves (ASGI)."""

_AT_ONCE = 16
"""Requests that begin in one round of the event loop."""
CERTIFICATE = "ragstone.certificate"
"""Where a scope holds the client's certificate."""
ADMITTED = "ragstone.admitted"
"""Is in a scope whose sender has been asked for a login."""
_SERVER = (b"x-opensearch-version", f"OpenSearch/{OPENSEARCH_VERSION} (opensearch)".encode())


class App:
    """Serves `router`'s routes with `services`. `run_id` begins every request id, so that ids of two runs differ."""

    def __init__(self, router: Router, services: Services, *, run_id: str) -> None:
        self.router = router
        self._services = services
        self._signatures = services.signatures
        self._login = services.login
        self._limit = services.settings.max_content_length
        self._run_id = run_id
        self._count = itertools.count(1)
        self._rounds = Rounds(_AT_ONCE)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"this application speaks http only, not {scope['type']}")
        self.number_request()
        request = request_of(scope)
        try:
            await self._rounds.wait()
            if self._signatures is not None:
                receive = await self._signed(self._signatures, request, scope, receive)
            response = await self._respond(request, receive)
            body, kind = render(response, request)
        except ClientGone:
            return
        except BodyTooLarge:
            response, body, kind = Response(status=413, headers={"connection": "close"}), b"", TEXT
        except asyncio.CancelledError:  # the server stops, and its patience is at an end
            response = errors.stopping()
            body, kind = json.encode(response.body), JSON
        except Exception as error:
            if self._login is not None and isinstance(error, SignatureRefused):
                self._login.signature_refused(request)
            response = errors.failure(error, request)
            body, kind = _render_failure(response, request)
        await _send(send, request, response, body, kind)

    def number_request(self) -> None:
        """Give the current task's request an id of its own, for the log."""
        request_id.set(f"{self._run_id}-{next(self._count)}")

    async def _signed(
        self, signatures: SignatureVerifier, request: Request, scope: Message, receive: Receive
    ) -> Receive:
        """Verifies a signed request, which is from then on the one that was signed. Raises what `admit` does."""
        caller.signer.set(None)
        if not is_signed(request.headers, request.uri.partition("?")[2]):
            return receive
        # The body as it is on the wire: that is what was signed.
        plain = {name: value for name, value in request.headers.items() if name != "content-encoding"}
        body = await read_body(receive, plain, self._limit) if has_body(plain) else b""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        admitted = signatures.admit(WireRequest(request.method, request.uri, headers, body))
        caller.signer.set(admitted.signer)
        request.uri = admitted.target
        request.path = unquote(admitted.target.partition("?")[0])
        return replayed(body, receive)

    async def _respond(self, request: Request, receive: Receive) -> Response:
        path, _, query = request.uri.partition("?")
        found = self.router.find(request.method, path)
        if found is None:
            return self._unrouted(request, path)
        route, request.path_params = found
        if self._login is not None and not request.admitted:
            refusal = await self._login.admit(request, anonymous=route.anonymous)
            if refusal is not None:
                return refusal
            query = request.uri.partition("?")[2]  # a token in it has been taken out
        checking = False
        if query:
            parameters = parse_query(query)
            checking = self._login is not None and parameters.pop(permission_check.PARAMETER, "") == "true"
            request.query = parameters
            if "pretty" in request.query:
                parse_bool(request.query["pretty"])
        if has_body(request.headers):
            body = await read_body(receive, request.headers, self._limit)
            request.body = body if route.any_content else without_triple_quotes(body)
            refused = None if route.any_content else _check_content_type(request)
            if refused is not None:
                return refused
        if request.query:
            request.fault = parameter_fault(route, request)
            if not route.body_first:
                request.check_parameters()
        handled = self._handle(route, request, receive)
        return await (permission_check.checked(handled) if checking else handled)

    def _unrouted(self, request: Request, path: str) -> Response:
        allowed = self.router.allowed(path)
        if request.method == "OPTIONS":
            return Response("", content_type=TEXT, headers={"allow": ",".join(allowed)} if allowed else {})
        if allowed:
            return errors.wrong_method(request.uri, request.method, allowed)
        return errors.no_handler(path, request.method)

    async def _handle(self, route: Route, request: Request, receive: Receive) -> Response:
        if route.outlives_client:
            return await route.handler(self._services, request)
        watch = ClientWatch(receive)
        try:
            response = await route.handler(self._services, request)
        except asyncio.CancelledError:
            if watch.gone:
                raise ClientGone from None
            raise
        finally:
            watch.close()
        if watch.gone:
            raise ClientGone
        return response


def request_of(scope: Message) -> Request:
    """The request as far as it is known before it is routed: neither its query nor its body has been read."""
    raw = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=unquote(raw) if "%" in raw else raw,
        uri=f"{raw}?{query}" if query else raw,
        query={},
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        address=client[0] if client else None,
        peer=client[0] if client else None,
        port=client[1] if client else None,
        certificate=scope.get(CERTIFICATE),
        admitted=ADMITTED in scope,
    )


def parse_query(text: str) -> dict[str, str]:
    """A query string; of a repeated name the last value counts, a name without `=` is the empty text."""
    query = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.replace("+", " ").partition("=")
            query[decode(name)] = decode(value)
    return query


def _check_content_type(request: Request) -> Response | None:
    """An answer when the body is of a kind nobody reads. Raises ContentTypeHeaderException for an empty header."""
    if not request.body:
        return None
    value = request.headers.get("content-type")
    if value is not None and not value.strip():
        raise ContentTypeHeaderException("invalid Content-Type header []")
    return None if value and is_json(value) else errors.unsupported_content_type(value or "")


def _render_failure(response: Response, request: Request) -> tuple[bytes, str]:
    """An error as the client wants it or, when what it wants is itself the fault, as plain JSON."""
    try:
        return render(response, request)
    except Exception:
        return json.encode(response.body), JSON


async def _send(send: Send, request: Request, response: Response, body: bytes, kind: str) -> None:
    headers = [_SERVER, (b"content-type", kind.encode())]
    opaque = request.headers.get("x-opaque-id")
    if opaque is not None:
        headers.append((b"x-opaque-id", opaque.encode("latin-1")))
    for name, value in response.headers.items():
        headers.append((name.lower().encode("latin-1"), value.encode("latin-1", "replace")))
    if len(body) >= SMALLEST and request.method != "HEAD" and accepts_gzip(request.headers.get("accept-encoding", "")):
        body = gzip(body)
        headers.append((b"content-encoding", b"gzip"))
    # HEAD tells the length of the body that GET would have.
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
