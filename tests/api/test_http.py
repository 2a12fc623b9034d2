"""OpenSearch's HTTP rules, in this process: paths, methods, parameters, bodies, headers."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, ParsingException
from ragstone.core.log import request_id
from ragstone.core.settings import Settings
from ragstone.core.xcontent import Place
from ragstone.node import Node
from ragstone.rest.app import App
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Router, Routes
from ragstone.rest.services import Services
from ragstone.testing.asgi import AsgiClient

routes = Routes()
log: list[str] = []


@routes.add("POST /echo", "GET /echo", parameters=["size", "flag"])
async def echo(services: Services, request: Request) -> Response:
    request.integer("size")
    request.flag("flag")
    return Response({"body": request.json_or(None), "path": request.path})


@routes.add("GET /broken")
async def broken(services: Services, request: Request) -> Response:
    raise KeyError("a secret that is in no answer")


@routes.add("POST /placed")
async def placed(services: Services, request: Request) -> Response:
    body = request.json()
    raise ParsingException("unknown query [foo]", place=Place(body["query"], "foo", "key"))


@routes.add("POST /deep")
async def deep(services: Services, request: Request) -> Response:
    def walk(value: object) -> int:
        return 1 + walk(value[0]) if isinstance(value, list) and value else 0

    return Response({"depth": walk(request.json())})


@routes.add("POST /late", body_first=True)
async def late(services: Services, request: Request) -> Response:
    if request.body == b"{}":
        raise IllegalArgumentException("the body first")
    request.check_parameters()
    return Response({})


@routes.add("GET /slow")
@routes.add("POST /stubborn", outlives_client=True)
async def slow(services: Services, request: Request) -> Response:
    log.append("began")
    began.set()
    try:
        await asyncio.wait_for(released.wait(), 10)
        log.append("finished")
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
    return Response({})


began, released = asyncio.Event(), asyncio.Event()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    global began, released  # an event belongs to the loop of one test
    began, released = asyncio.Event(), asyncio.Event()
    log.clear()
    async with Node(Settings(port=0, data=settings.data, max_content_length=1000)) as node:
        yield App(Router(routes), node.services, run_id="run")


@pytest.fixture
async def client(app: App) -> AsgiClient:
    return AsgiClient(app)


# ── paths and methods ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_unknown_path_is_a_bare_text_without_a_status(client: AsgiClient) -> None:
    answer = await client("POST /no/such?a=b")
    assert answer.status == 400
    assert answer.json == {"error": "no handler found for uri [/no/such] and method [POST]"}


async def test_a_wrong_method_names_the_right_ones(client: AsgiClient) -> None:
    answer = await client("DELETE /echo?x=1")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST,GET"
    assert answer.json == {
        "error": "Incorrect HTTP method for uri [/echo?x=1] and method [DELETE], allowed: [POST, GET]",
        "status": 405,
    }


async def test_options_names_the_methods(client: AsgiClient) -> None:
    answer = await client("OPTIONS /echo")
    assert (answer.status, answer.body, answer.headers["allow"]) == (200, b"", "POST,GET")
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


async def test_head_has_no_body_but_its_length(client: AsgiClient) -> None:
    get, head = await client("GET /echo"), await client("HEAD /echo")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(get.body)) == get.headers["content-length"]


async def test_every_answer_says_which_version_speaks_and_echoes_the_opaque_id(client: AsgiClient) -> None:
    for target in ("GET /echo", "GET /broken", "GET /none"):
        answer = await client(target, headers={"X-Opaque-Id": "mine"})
        assert answer.headers["x-opensearch-version"] == "OpenSearch/3.4.0 (opensearch)"
        assert answer.headers["x-opaque-id"] == "mine"


# ── parameters ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("foo=1", "request [/echo] contains unrecognized parameter: [foo]"),
        ("size=many", "Failed to parse int parameter [size] with value [many]"),
        ("flag=yes", "Failed to parse value [yes] as only [true] or [false] are allowed."),
        ("pretty=1", "Failed to parse value [1] as only [true] or [false] are allowed."),
        ("a=%zz", "invalid hex byte 'zz' at index 1 of '%zz'"),
        ("source=x", "source and source_content_type parameters are required"),
        ("source=x&source_content_type=text/plain", "Unknown value for source_content_type [text/plain]"),
    ],
)
async def test_a_wrong_parameter_is_told(client: AsgiClient, query: str, reason: str) -> None:
    answer = await client(f"GET /echo?{query}&filter_path=nothing")
    assert answer.status == 400
    assert answer.json["error"]["reason"] == reason
    assert answer.json["error"]["root_cause"][0]["type"] == "illegal_argument_exception"


async def test_a_bare_flag_is_true(client: AsgiClient) -> None:
    assert (await client("GET /echo?flag&flag=")).status == 200


async def test_the_source_parameter_stands_in_for_the_body(client: AsgiClient) -> None:
    answer = await client("GET /echo?source=%7B%22a%22:1%7D&source_content_type=application/json")
    assert answer.json["body"] == {"a": 1}


async def test_a_route_may_tell_of_its_body_first(client: AsgiClient) -> None:
    assert (await client("POST /late?foo=1", {})).json["error"]["reason"] == "the body first"
    unknown = await client("POST /late?foo=1", {"a": 1})
    assert unknown.json["error"]["reason"] == "request [/late] contains unrecognized parameter: [foo]"


async def test_error_trace_adds_the_trace(client: AsgiClient) -> None:
    assert "stack_trace" in (await client("GET /echo?size=x&error_trace=true")).json["error"]
    assert "stack_trace" not in (await client("GET /echo?size=x")).json["error"]


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/x-ndjson",
        "application/vnd.opensearch+json;compatible-with=2",
    ],
)
async def test_json_by_all_its_names(client: AsgiClient, kind: str) -> None:
    assert (await client("POST /echo", {"a": 1}, headers={"content-type": kind})).json["body"] == {"a": 1}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/cbor", "x"])
async def test_another_content_type_is_refused(client: AsgiClient, kind: str) -> None:
    answer = await client("POST /echo", {"a": 1}, headers={"content-type": kind})
    assert answer.status == 406
    assert answer.json == {"error": f"Content-Type header [{kind}] is not supported", "status": 406}


async def test_an_empty_content_type_is_an_error_of_its_own(client: AsgiClient) -> None:
    answer = await client("POST /echo", {"a": 1}, headers={"content-type": ""})
    assert (answer.status, answer.json["error"]["type"]) == (400, "content_type_header_exception")


async def test_without_a_body_any_content_type_passes(client: AsgiClient) -> None:
    assert (await client("POST /echo", headers={"content-type": "text/plain"})).status == 200


async def test_a_body_too_large_is_refused_without_a_word(client: AsgiClient) -> None:
    for chunk in (None, 100):
        answer = await client("POST /echo", b"x" * 1001, chunk=chunk)
        assert (answer.status, answer.body, answer.headers["connection"]) == (413, b"", "close")
    packed = gzip.compress(b'"' + b"x" * 5000 + b'"')
    assert (await client("POST /echo", packed, headers={"content-encoding": "gzip"})).status == 413


async def test_gzip_both_ways(client: AsgiClient) -> None:
    body = {"text": "words " * 100}
    answer = await client(
        "POST /echo",
        gzip.compress(json.encode(body)),
        headers={"content-encoding": "gzip", "accept-encoding": "gzip,deflate"},
    )
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(answer.body) < 200
    assert answer.json["body"] == body


async def test_gzip_is_not_forced_on_anybody(client: AsgiClient) -> None:
    body = {"text": "words " * 100}
    for encodings in ("identity", "gzip;q=0", ""):
        answer = await client("POST /echo", body, headers={"accept-encoding": encodings})
        assert "content-encoding" not in answer.headers


async def test_triple_quotes_are_understood(client: AsgiClient) -> None:
    answer = await client("POST /echo", b'{"a": """^https://x\\.y/.*$"""}')
    assert answer.json["body"] == {"a": "^https://x\\.y/.*$"}


async def test_an_error_is_located_in_the_text(client: AsgiClient) -> None:
    answer = await client("POST /placed", b'{"query":\n  {"foo": {}}}')
    assert (answer.json["error"]["line"], answer.json["error"]["col"]) == (2, 4)


async def test_nesting_too_deep_is_the_clients_fault(client: AsgiClient) -> None:
    for depth in (200, 499):
        answer = await client("POST /deep", b"[" * depth + b"]" * depth)
        assert answer.status in (200, 400), answer.text


# ── faults of ours, and clients that leave ───────────────────────────────────────────────────────────────────────────


async def test_a_fault_of_ours_shows_nothing_but_the_request_id(client: AsgiClient) -> None:
    answer = await client("GET /broken")
    assert answer.status == 500
    reason = f"internal error, see the log for request id [{request_id.get()}]"
    cause = {"type": "exception", "reason": reason}
    assert answer.json == {"error": {"root_cause": [cause], **cause}, "status": 500}


async def test_a_client_that_hangs_up_cancels_its_request(client: AsgiClient) -> None:
    request = asyncio.create_task(client("GET /slow"))
    await asyncio.wait_for(began.wait(), 10)
    client.hung_up.set()
    with pytest.raises(ConnectionError):
        await request
    assert log == ["began", "cancelled"]


async def test_some_work_outlives_its_client(client: AsgiClient) -> None:
    request = asyncio.create_task(client("POST /stubborn"))
    await asyncio.wait_for(began.wait(), 10)
    client.hung_up.set()
    released.set()
    assert (await request).status == 200
    assert log == ["began", "finished"]


async def test_a_request_cut_off_by_the_stop_of_the_server_is_told_so(client: AsgiClient) -> None:
    request = asyncio.create_task(client("GET /slow"))
    await asyncio.wait_for(began.wait(), 10)
    request.cancel()
    answer = await request
    assert (answer.status, answer.headers["connection"]) == (503, "close")
    assert answer.json["error"]["reason"] == "the node is shutting down"
