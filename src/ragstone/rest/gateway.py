"""The ASGI application of a node in front of a cluster: what is ours goes to `App`, everything else through, untouched.

A request that no route of ours takes is streamed both ways without being looked at. For searches, writes and such the
route has a condition; where it needs the body, the body is read first, and goes on as it came when it is not ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from ragstone.core import caller, json
from ragstone.core.errors import OpenSearchException, OpenSearchSecurityException
from ragstone.core.log import get_logger
from ragstone.engine.api import ForwardedAnswer
from ragstone.gateway.guard import may_list_ours, may_reach_ours
from ragstone.gateway.permissions import Demand, Shows, demand_of, methods_of
from ragstone.gateway.service import Gateway
from ragstone.rest import errors
from ragstone.rest.app import ADMITTED, App, Send, parse_query, request_of
from ragstone.rest.authentication import permission_check
from ragstone.rest.body import BodyTooLarge, ClientGone, Message, Receive, has_body, read_body, replayed
from ragstone.rest.client_watch import ClientWatch
from ragstone.rest.compression import Inflater
from ragstone.rest.rendering import render
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Handler, Route, Router, Routes
from ragstone.rest.routes import (
    aliases,
    bulk,
    by_query,
    cat,
    documents,
    field_caps,
    gateway_documents,
    indices,
    mappings,
    ml,
    point_in_time,
    reader,
    scroll,
    search_templates,
    security_routes,
)
from ragstone.rest.routes import gateway as gateway_routes
from ragstone.rest.routes import search as search_routes
from ragstone.rest.services import Services
from ragstone.security.permissions import UserSubject

Condition = Callable[[Gateway, Request], Awaitable[bool]]
"""Whether a request is ours; its body has been read."""

_ALWAYS_OURS = (*ml.MODULES, reader)
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

_ITEM_BY_ITEM = frozenset({*_WRITES, gateway_routes.msearch})
"""Handlers that ask for each item's rights themselves."""
_IN_ITS_WORDS = frozenset({*_CONDITIONS, *(route.handler for route in gateway_routes.routes)})
"""Handlers of requests that the cluster could take as well."""
Found = tuple[Route, dict[str, str]] | None
_PARTLY: tuple[Routes, ...] = (
    search_routes.routes,
    scroll.routes,
    point_in_time.routes,
    search_templates.routes,
    documents.routes,
    bulk.routes,
    by_query.routes,
    field_caps.routes,
    mappings.routes,
    indices.routes,
    aliases.routes,
    cat.routes,
    gateway_documents.routes,
)
"""What can be done here for those who see indices in part, or have rights that are asked for item by item."""
_LOOKS_EVERYWHERE = ("/_plugins/_sql", "/_plugins/_ppl", "/_plugins/_query", "/_plugins/_asynchronous_search")
"""Where indices are named in languages that are not read here."""


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


def partly_router() -> Router:
    """The routes that serve requests in the cluster's words here, for callers whom the cluster must not answer."""
    return Router(route for routes in _PARTLY for route in routes)


class GatewayApp:
    """See the module's docstring. `limit` is the largest body that is read here, in bytes. `partly` serves those whom
    the cluster must not answer; there is one where security is on."""

    def __init__(
        self, app: App, services: Services, gateway: Gateway, *, limit: int, partly: App | None = None
    ) -> None:
        self._app = app
        self._services = services
        self._gateway = gateway
        self._our_paths = OUR_PATHS if services.security is None else OUR_PATHS + _SECURITY_PATHS
        self._limit = limit
        self._partly = partly
        self._logins = frozenset({"authorization", services.settings.security.jwt.header})

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
                unrouted = _unrouted(request, path) if found is None and not path.startswith(self._our_paths) else None
                await _failed(send, unrouted or refusal, request)
                return
            query = request.uri.partition("?")[2]  # a token in it has been taken out
            # Whatever logs in here is nobody else's.
            request.headers = {name: value for name, value in request.headers.items() if name not in self._logins}
            headers = [pair for pair in scope["headers"] if pair[0].decode("latin-1").lower() not in self._logins]
            scope = {**scope, ADMITTED: True, "query_string": query.encode("latin-1"), "headers": headers}
        if found is None and (path.startswith(self._our_paths) or not path.startswith("/")):
            # It knows how to say that there is no such thing; and `OPTIONS *` asks about the server it has reached.
            await self._app(scope, receive, send)
            return
        if self._partly is not None and (found is None or found[0].handler in _IN_ITS_WORDS):
            await self._guarded(self._partly, request, found, scope, receive, send)
            return
        await self._where_it_belongs(request, found, scope, receive, send)

    async def _where_it_belongs(
        self, request: Request, found: Found, scope: Message, receive: Receive, send: Send
    ) -> None:
        """To us what needs us, else to the cluster."""
        if found is None:
            await self._through(request, scope, _stream(receive) if has_body(request.headers) else None, receive, send)
            return
        route, request.path_params = found
        condition = _CONDITIONS.get(route.handler)
        if condition is None or (route.handler in _ITEM_BY_ITEM and not _may_do_everything()):
            await self._ours(self._app, route, scope, receive, send)
            return
        if route.handler in _WRITES and not await self._gateway.ownership.keeps_ingest_pipelines():
            await self._through(request, scope, _stream(receive) if has_body(request.headers) else None, receive, send)
            return
        raw = await read_body(receive, {}, self._limit) if has_body(request.headers) else b""
        request.query = parse_query(request.uri.partition("?")[2])
        request.body = _inflated(raw, request.headers, self._limit)
        if await condition(self._gateway, request):
            await self._ours(self._app, route, scope, replayed(raw, receive), send)
        else:
            await self._through(request, scope, raw or None, receive, send)

    async def _guarded(
        self, partly: App, request: Request, found: Found, scope: Message, receive: Receive, send: Send
    ) -> None:
        """The same where the cluster is ours alone to guard."""
        path, _, query = request.uri.partition("?")
        # For the cluster a semicolon separates parameters too.
        demand, parameters = demand_of(request.method, path), parse_query(query.replace(";", "&"))
        everything = _may_do_everything()
        if not everything and (demand is None or ";" in query):
            raise _for_those_who_may_do_everything()
        checking = parameters.get(permission_check.PARAMETER) == "true"
        looked_into = not everything or checking or demand is None or may_reach_ours(demand, parameters)
        if (looked_into or (demand is not None and demand.lists)) and has_body(request.headers):
            raw = await read_body(receive, {}, self._limit)
            receive = replayed(raw, receive)
            request.body = _inflated(raw, request.headers, self._limit)
        body = request.body or parameters.get("source", "").encode()
        if demand is None:
            if path.startswith(_LOOKS_EVERYWHERE) and may_list_ours(request.uri.encode() + b" " + body):
                raise OpenSearchSecurityException("what this node keeps in the cluster is not read in that language")
        elif looked_into or (demand.lists and may_list_ours(request.uri.encode() + b" " + body)):
            if checking and demand.steps:
                await _failed(send, await self._what_is_allowed(demand, parameters, body), request)
                return
            hides = await self._gateway.guard.check(demand, parameters, body)
            if hides and found is not None and found[0].handler is gateway_routes.search:
                expression = demand.parameters.get("index")
                if await self._gateway.guard.can_be_kept(expression, parameters, _decoded(body)):
                    await self._ours(self._app, found[0], scope, receive, send)
                    return
            if hides or demand.here or _holds_open(demand, parameters, body):
                await self._in_part(partly, request, scope, receive, send)
                return
            if found is not None and found[0].handler in _ITEM_BY_ITEM:
                await self._ours(self._app, found[0], scope, receive, send)
                return
        await self._where_it_belongs(request, found, scope, receive, send)

    async def _what_is_allowed(self, demand: Demand, parameters: Mapping[str, str], body: bytes) -> Response:
        async def asked() -> Response:
            await self._gateway.guard.check(demand, parameters, body)
            raise AssertionError("the first question ends it")

        return await permission_check.checked(asked())

    async def _in_part(self, partly: App, request: Request, scope: Message, receive: Receive, send: Send) -> None:
        """Raises OpenSearchSecurityException for what cannot be done here."""
        found = partly.router.find(request.method, request.uri.partition("?")[0])
        if found is None:
            raise OpenSearchSecurityException(
                f"[{request.method} {request.path}] is not possible for who sees only a part of the indices"
            )
        await self._ours(partly, found[0], scope, receive, send)

    async def _ours(self, app: App, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        await self._services.cluster.renew()
        right = self._right(route)
        if route.handler in _CONDITIONS:
            await self._gateway.admission.check_known()
        if route.handler in _WRITES:
            query = parse_query(scope["query_string"].decode("latin-1"))
            caller.write_options.set({name: query[name] for name in _WRITE_OPTIONS if name in query})
        if right is not None:
            await self._gateway.admission.check(right)
        await app(scope, receive, send)

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


def _unrouted(request: Request, path: str) -> Response | None:
    """What a request is told before anybody is asked who they are; None where the cluster may have a route for it."""
    if demand_of(request.method, path) is not None or request.method == "OPTIONS":
        return None
    allowed = methods_of(path)
    if allowed:
        return errors.wrong_method(request.uri, request.method, allowed)
    parts = path.strip("/").split("/")
    # Behind an index, and in front of one, routes begin with an underscore.
    if len(parts) > 1 and not any(part.startswith("_") for part in parts[:2]):
        return errors.no_handler(path, request.method)
    return None


def _for_those_who_may_do_everything() -> OpenSearchSecurityException:
    """Where security is ours, no action of the request is known."""
    who = caller.subject.get()
    user = who.user if isinstance(who, UserSubject) else ""
    return OpenSearchSecurityException(
        "this request would go on to the cluster, and what it does there is not known here: only who may do "
        f"everything, and sees all documents and fields, may send it; no permissions for [*] and {user}"
    )


def _holds_open(demand: Demand, parameters: Mapping[str, str], body: bytes) -> bool:
    """Whether a search is one of several pages, whose ids are good for their owner only."""
    if demand.shows is not Shows.DOCUMENTS or _may_do_everything():
        return False
    return "scroll" in parameters or ((b"pit" in body or b"\\u" in body) and _is_of_a_moment(body))


def _is_of_a_moment(search: bytes) -> bool:
    found = _decoded(search)
    return isinstance(found, dict) and "pit" in found


def _decoded(search: bytes) -> Any:
    """A search's JSON; None where it is none."""
    try:
        return json.decode(search) if search.strip() else {}
    except OpenSearchException:
        return None


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
