"""The ASGI application of a node in front of a cluster: what is ours goes to `App`, everything else through, untouched.

A request that no route of ours takes is streamed both ways without being looked at. For searches, writes and such the
route has a condition; where it needs the body, the body is read first, and goes on as it came when it is not ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from ragstone.core import caller
from ragstone.core.errors import OpenSearchException, OpenSearchSecurityException
from ragstone.core.log import get_logger
from ragstone.engine.api import ForwardedAnswer
from ragstone.gateway.service import Gateway
from ragstone.rest import errors
from ragstone.rest.app import ADMITTED, App, Send, parse_query, request_of
from ragstone.rest.body import BodyTooLarge, ClientGone, Message, Receive, has_body, read_body, replayed
from ragstone.rest.client_watch import ClientWatch
from ragstone.rest.compression import Inflater
from ragstone.rest.rendering import render
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Handler, Route, Router
from ragstone.rest.routes import bulk, documents, reader, security_routes
from ragstone.rest.routes import gateway as gateway_routes
from ragstone.rest.routes.ml import (
    agents,
    config,
    connectors,
    memory,
    model_groups,
    models,
    predict,
    stats,
    tasks,
    unsupported,
)
from ragstone.rest.services import Services
from ragstone.security.permissions import UserSubject

Condition = Callable[[Gateway, Request], Awaitable[bool]]
"""Whether a request is ours; its body has been read."""

_ALWAYS_OURS = (connectors, model_groups, models, predict, agents, stats, tasks, memory, config, reader, unsupported)
_READS = ("GET", "HEAD")
_WRITE_OPTIONS = ("timeout", "wait_for_active_shards")
OUR_PATHS = ("/_plugins/_ml/", "/_plugins/_ragstone/")
_SECURITY_PATHS = ("/_plugins/_security/", "/_opendistro/_security/")
"""Ours where security is on here; else the cluster's."""

log = get_logger("gateway")


async def _single_write(gateway: Gateway, request: Request) -> bool:
    return await gateway.ownership.write(request.required("index"), request.query.get("pipeline"))


async def _bulk(gateway: Gateway, request: Request) -> bool:
    index, pipeline = request.path_params.get("index"), request.query.get("pipeline")
    return await gateway.ownership.bulk(index, pipeline, request.body)


async def _search(gateway: Gateway, request: Request) -> bool:
    body = request.body or request.query.get("source", "").encode()
    index = request.path_params.get("index")
    return await gateway.ownership.search(index, request.query.get("search_pipeline"), body)


async def _count(gateway: Gateway, request: Request) -> bool:
    # No pipeline runs for a count, so none can make it ours.
    return await gateway.ownership.search(None, "_none", request.body)


async def _searches(gateway: Gateway, request: Request) -> bool:
    index = request.path_params.get("index")
    return await gateway.ownership.searches(index, request.query.get("search_pipeline"), request.body)


_WRITES: Mapping[Handler, Condition] = {
    documents.index_document: _single_write,
    documents.create_document: _single_write,
    documents.update_document: _single_write,
    bulk.bulk: _bulk,
}
_SEARCHES: Mapping[Handler, Condition] = {
    gateway_routes.search: _search,
    gateway_routes.msearch: _searches,
    gateway_routes.count: _count,
}
_CONDITIONS: Mapping[Handler, Condition] = {**_WRITES, **_SEARCHES}

_UNGUARDED = frozenset(route.handler for route in gateway_routes.routes)
"""Handlers that ask nobody for rights, because they were made for a cluster that does."""


def gateway_router(*, security: bool = False, api_tokens: bool = False) -> Router:
    """The routes that may be ours; those of the security API where `security` is on."""

    def found() -> Iterator[Route]:
        for module in _ALWAYS_OURS:
            yield from module.routes
        for route in (*documents.routes, *bulk.routes):
            if route.handler in _WRITES:
                # What the cluster would take as a parameter is not ours to refuse.
                yield replace(route, any_parameter=True)
        yield from gateway_routes.routes
        if security:
            yield from security_routes(api_tokens=api_tokens)

    return Router(found())


class GatewayApp:
    """See the module's docstring. `limit` is the largest body that is read here, in bytes."""

    def __init__(self, app: App, services: Services, gateway: Gateway, *, limit: int) -> None:
        self._app = app
        self._services = services
        self._gateway = gateway
        self._our_paths = OUR_PATHS if services.security is None else OUR_PATHS + _SECURITY_PATHS
        self._limit = limit

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._app.number_request()
        request = request_of(scope)
        caller.authorization.set(request.headers.get("authorization"))
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._serve(request, scope, receive, sending)
            return
        except ClientGone:
            return
        except BodyTooLarge:
            response = Response(status=413, headers={"connection": "close"})
        except asyncio.CancelledError:
            response = errors.stopping()
        except Exception as error:
            response = errors.failure(error, request)
        if begun:
            # Half an answer is out. To end here cuts the connection, and that tells the client.
            log.warning("an answer broke off", method=request.method, path=request.path)
            return
        await _failed(send, response, request)

    async def _serve(self, request: Request, scope: Message, receive: Receive, send: Send) -> None:
        path, _, query = request.uri.partition("?")
        try:
            found = self._app.router.find(request.method, path)
        except OpenSearchException:
            found = None  # a broken path: the cluster says so
        if self._services.login is not None:
            refusal = await self._services.login.admit(request, anonymous=found is not None and found[0].anonymous)
            if refusal is not None:
                await _failed(send, refusal, request)
                return
            query = request.uri.partition("?")[2]  # a token in it has been taken out
            scope = {**scope, ADMITTED: True, "query_string": query.encode("latin-1")}
            if found is None or found[0].handler in _UNGUARDED:
                _check_everything()
        if found is None and (path.startswith(self._our_paths) or not path.startswith("/")):
            # It knows how to say that there is no such thing; and `OPTIONS *` asks about the server it has reached.
            await self._app(scope, receive, send)
            return
        if found is None:
            await self._through(request, scope, _stream(receive) if has_body(request.headers) else None, receive, send)
            return
        route, request.path_params = found
        condition = _CONDITIONS.get(route.handler)
        if condition is None or not _may_do_everything():
            # A write of somebody else is checked document by document, wherever it could be done.
            await self._ours(route, scope, receive, send)
            return
        if route.handler in _WRITES and not await self._gateway.ownership.keeps_ingest_pipelines():
            await self._through(request, scope, _stream(receive) if has_body(request.headers) else None, receive, send)
            return
        raw = await read_body(receive, {}, self._limit) if has_body(request.headers) else b""
        request.query = parse_query(query)
        request.body = _inflated(raw, request.headers, self._limit)
        if await condition(self._gateway, request):
            await self._ours(route, scope, replayed(raw, receive), send)
        else:
            await self._through(request, scope, raw or None, receive, send)

    async def _ours(self, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        await self._services.cluster.renew()
        right = self._right(route)
        if route.handler in _CONDITIONS:
            await self._gateway.admission.check_known()
        if route.handler in _WRITES:
            query = parse_query(scope["query_string"].decode("latin-1"))
            caller.write_options.set({name: query[name] for name in _WRITE_OPTIONS if name in query})
        if right is not None:
            await self._gateway.admission.check(right)
        await self._app(scope, receive, send)

    def _right(self, route: Route) -> Literal["read", "write"] | None:
        """What the caller must be allowed; None where the cluster, or the handler, sees to it."""
        if route.handler in _CONDITIONS or route in gateway_routes.routes or route in reader.routes:
            return None
        if route.path.startswith(_SECURITY_PATHS):
            return None
        return "read" if route.method in _READS or route.path.endswith("_search") else "write"

    async def _through(
        self,
        request: Request,
        scope: Message,
        body: bytes | AsyncIterator[bytes] | None,
        receive: Receive,
        send: Send,
    ) -> None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        # As long as a streamed body comes in, that is what hears of the client.
        watch = ClientWatch(receive, started=not isinstance(body, AsyncIterator))
        if isinstance(body, AsyncIterator):
            body = _then(body, watch.start)
        try:
            async with self._gateway.api.forward(request.method, request.uri, headers, body) as answer:
                await _relay(answer, send)
        except asyncio.CancelledError:
            if watch.gone:
                raise ClientGone from None
            raise
        finally:
            watch.close()
        if request.method not in _READS and not _is_data(request.path):
            self._gateway.forget()


def _check_everything() -> None:
    """Where security is ours, what goes to the cluster in its own words is for those only who may do and see all: no
    action of it is looked at here. Raises OpenSearchSecurityException."""
    who = caller.subject.get()
    if isinstance(who, UserSubject) and not _may_do_everything():
        raise OpenSearchSecurityException(
            "this request would go on to the cluster, whose actions are not checked here one by one: only who may do "
            f"everything, and sees all documents and fields, may send it; no permissions for [*] and {who.user}"
        )


def _may_do_everything() -> bool:
    """Also where security is the cluster's, which sees to it."""
    who = caller.subject.get()
    return not isinstance(who, UserSubject) or who.is_unrestricted


def _is_data(path: str) -> bool:
    """Whether a path changes documents only, or nothing; not what indices there are and what they are like."""
    parts = path.strip("/").split("/")
    return any(part in _DATA for part in parts[:3])


_DATA = frozenset(
    {
        "_doc", "_create", "_update", "_bulk", "_search", "_msearch", "_count", "_mget", "_refresh", "_flush",
        "_analyze", "_validate", "_explain", "_field_caps", "_delete_by_query",
        "_update_by_query", "_forcemerge", "_termvectors",
    }
)  # fmt: skip


async def _relay(answer: ForwardedAnswer, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    # Where its length is known the last piece goes out as the last: one step less, and most answers are one piece.
    left = next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), -1)
    ended = False
    async for chunk in answer.chunks():
        left -= len(chunk)
        ended = left == 0
        await send({"type": "http.response.body", "body": chunk, "more_body": not ended})
    if not ended:
        await send({"type": "http.response.body", "body": b""})


async def _failed(send: Send, response: Response, request: Request) -> None:
    body = render(response, request)[0]
    headers = {"content-type": response.content_type, **response.headers, "content-length": str(len(body))}
    opaque = request.headers.get("x-opaque-id")
    if opaque is not None:
        headers["x-opaque-id"] = opaque
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


async def _stream(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if message.get("body"):
            yield message["body"]
        more = message.get("more_body", False)


async def _then(body: AsyncIterator[bytes], done: Callable[[], None]) -> AsyncIterator[bytes]:
    async for piece in body:
        yield piece
    done()


def _inflated(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body as it can be looked at; as it came, where it is not what its header says: that is for others to tell."""
    inflater = Inflater.for_encoding(headers.get("content-encoding"))
    if inflater is None:
        return body
    try:
        return inflater.feed(body, limit)
    except OpenSearchException:
        return body
