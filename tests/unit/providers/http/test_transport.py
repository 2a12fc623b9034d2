"""The transport against sockets that say exactly what a test wants them to say."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from ragstone.core.clock import Deadline, SystemClock
from ragstone.providers.api import HttpRequest, HttpResponse, HttpTransportError
from ragstone.providers.http.addresses import Address, Resolver
from ragstone.providers.http.transport import AiohttpTransport

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Reads a request's head and body, then lets `talk` answer; yields the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(length[0]) if length else b""
                await talk(head + body, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(reply: bytes, *, hang_up: bool = False) -> Talk:
    async def talk(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        if hang_up:
            await writer.drain()
            writer.close()

    return talk


def ok(body: bytes, extra: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


async def never(_request: bytes, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def resolving(ip: str, port: int, *, exempt: bool = False) -> Resolver:
    async def resolve(_host: str, _port: int) -> list[Address]:
        return [Address(ip, port, exempt)]

    return resolve


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport()
    yield made
    await made.close()


async def call(transport: AiohttpTransport, port: int, **changes: object) -> HttpResponse:
    values: dict[str, object] = {
        "method": "POST",
        "url": f"http://127.0.0.1:{port}/v1/chat",
        "headers": {"Content-Type": "application/json"},
        "body": b"{}",
        "allow_private": True,
    }
    return await transport.send(HttpRequest(**(values | changes)))  # type: ignore[arg-type]


async def failure(transport: AiohttpTransport, port: int, **changes: object) -> HttpTransportError:
    with pytest.raises(HttpTransportError) as caught:
        await call(transport, port, **changes)
    return caught.value


async def test_it_sends_method_path_headers_and_body_as_given_and_returns_the_answer(
    transport: AiohttpTransport,
) -> None:
    seen: list[bytes] = []

    async def talk(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(ok(b'{"a":1}', "X-One: 1\r\nX-One: 2\r\n"))

    async with server(talk) as port:
        url = f"http://127.0.0.1:{port}/model/a%3Ab%2Fc/invoke?q=%7E"
        response = await call(transport, port, url=url, body=b'{"q":"\xc3\xa4"}')
    assert (response.status, response.body, response.headers["x-one"]) == (200, b'{"a":1}', "1, 2")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /model/a%3Ab%2Fc/invoke?q=%7E HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in head
    assert b"User-Agent: ragstone/" in head
    assert body == b'{"q":"\xc3\xa4"}'


async def test_a_url_with_a_blank_or_other_letters_is_percent_encoded(transport: AiohttpTransport) -> None:
    seen: list[bytes] = []

    async def talk(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(ok(b""))

    async with server(talk) as port:
        await call(transport, port, url=f"http://127.0.0.1:{port}/a b\r\nX: y/ä", method="GET", body=None)
    assert seen[0].split(b"\r\n")[0] == b"GET /a%20bX:%20y/%C3%A4 HTTP/1.1"


async def test_no_content_type_is_invented(transport: AiohttpTransport) -> None:
    seen: list[bytes] = []

    async def talk(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(ok(b""))

    async with server(talk) as port:
        await call(transport, port, headers={})
    assert b"content-type" not in seen[0].lower()


async def test_connections_are_reused_and_cookies_are_not_kept(transport: AiohttpTransport) -> None:
    seen: list[bytes] = []
    peers = set()

    async def talk(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        peers.add(writer.get_extra_info("peername"))
        writer.write(ok(b"", "Set-Cookie: session=1\r\n"))

    async with server(talk) as port:
        for _ in range(3):
            await call(transport, port)
    assert len(peers) == 1
    assert not any(b"cookie" in request.lower() for request in seen)


async def test_redirects_are_answers_and_are_not_followed(transport: AiohttpTransport) -> None:
    reply = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 4\r\n\r\ngone"
    async with server(says(reply)) as port:
        response = await call(transport, port)
    assert (response.status, response.body) == (301, b"gone")


async def test_gzip_is_inflated(transport: AiohttpTransport) -> None:
    async with server(says(ok(gzip.compress(b'{"a":1}'), "Content-Encoding: gzip\r\n"))) as port:
        assert (await call(transport, port)).body == b'{"a":1}'


async def test_damaged_gzip_is_a_broken_body(transport: AiohttpTransport) -> None:
    async with server(says(ok(b"no gzip at all", "Content-Encoding: gzip\r\n"))) as port:
        error = await failure(transport, port)
    assert (error.kind, error.message) == ("broken_body", "The response body does not fit its Content-Encoding")


async def test_blank_lines_before_the_json_come_through(transport: AiohttpTransport) -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n1\r\n\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with server(says(reply)) as port:
        assert (await call(transport, port)).body == b"\n\n{}"


async def test_a_body_cut_short_tells_how_much_came(transport: AiohttpTransport) -> None:
    reply = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"cut": "off'
    async with server(says(reply + b"'", hang_up=True)) as port:
        error = await failure(transport, port)
    assert error.kind == "broken_body"
    assert error.message == (
        "Response had content-length of 1000 bytes, but only received 13 bytes before the connection was closed."
    )


@pytest.mark.parametrize(
    "reply",
    [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n"],
    ids=["before the head", "inside a chunked body"],
)
async def test_a_connection_closed_early_is_a_broken_body(transport: AiohttpTransport, reply: bytes) -> None:
    async with server(says(reply, hang_up=True)) as port:
        error = await failure(transport, port)
    assert error.kind == "broken_body"
    assert error.message == "The connection was closed before the response was complete"


async def test_an_answer_that_is_not_http_is_a_broken_body(transport: AiohttpTransport) -> None:
    async with server(says(b"SSH-2.0-nothing\r\n\r\n", hang_up=True)) as port:
        error = await failure(transport, port)
    assert (error.kind, error.message) == ("broken_body", "The remote service did not answer in HTTP/1.1")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_not_read(transport: AiohttpTransport, announced: bool) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11 + b"\r\n0\r\n\r\n"
    async with server(says(ok(b"x" * 11) if announced else chunked)) as port:
        error = await failure(transport, port, max_response=10)
        assert (await call(transport, port, max_response=11)).body == b"x" * 11
    assert (error.kind, error.message) == ("too_large", "JSON string size exceeds maximum allowed size (10 bytes)")


async def test_silence_is_a_read_timeout(transport: AiohttpTransport) -> None:
    async with server(never) as port:
        error = await failure(transport, port, read_timeout=0.05)
    assert (error.kind, error.message) == ("timeout", "Read timed out")


async def test_a_trickle_of_blank_lines_ends_at_the_deadline(transport: AiohttpTransport) -> None:
    async def trickle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\n\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server(trickle) as port:
        request = HttpRequest(method="GET", url=f"http://127.0.0.1:{port}/", headers={}, allow_private=True)
        with pytest.raises(HttpTransportError) as caught:
            await transport.send(request, Deadline.after(SystemClock(), 0.1))
    assert (caught.value.kind, caught.value.message) == ("timeout", "Read timed out")


async def test_a_refused_connection_is_told_as_java_tells_it(transport: AiohttpTransport) -> None:
    listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    error = await failure(transport, port)
    assert (error.kind, error.message) == ("connect", f"Connection refused: /127.0.0.1:{port}")


async def test_an_unknown_host_is_named() -> None:
    async def resolve(_host: str, _port: int) -> list[Address]:
        raise OSError(-2, "Name or service not known")

    transport = AiohttpTransport(resolve)
    error = await failure(transport, 0, url="https://nowhere.example/x")
    await transport.close()
    assert (error.kind, error.message) == ("unknown_host", "nowhere.example: Name or service not known")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:9/", "127.0.0.1"),
        ("http://10.1.2.3/", "10.1.2.3"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("http://[::1]:9/", "::1"),
        ("http://[::ffff:127.0.0.1]:9/", "::ffff:127.0.0.1"),
        ("http://localhost:9/", "localhost"),
        ("http://user:secret@localhost:9/", "localhost"),
    ],
)
async def test_private_addresses_are_refused(transport: AiohttpTransport, url: str, host: str) -> None:
    error = await failure(transport, 0, url=url, allow_private=False)
    assert error.kind == "private_address"
    assert error.message == f"Remote inference host name has private ip address: {host}"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1"])
async def test_old_spellings_of_an_address_reach_nothing(transport: AiohttpTransport, host: str) -> None:
    error = await failure(transport, 0, url=f"http://{host}:9/", allow_private=False)
    assert error.kind in ("unknown_host", "private_address")


async def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    async def resolve(_host: str, port: int) -> list[Address]:
        return [Address("8.8.8.8", port), Address("192.168.0.7", port)]

    transport = AiohttpTransport(resolve)
    error = await failure(transport, 0, url="https://both.example/", allow_private=False)
    await transport.close()
    assert error.kind == "private_address"


async def test_a_name_that_turns_private_later_is_refused_though_a_private_call_to_it_is_pooled() -> None:
    async with server(says(ok(b"{}"))) as port:
        transport = AiohttpTransport(resolving("127.0.0.1", port))
        url = "http://rebinding.example/"
        assert (await call(transport, port, url=url)).status == 200
        error = await failure(transport, port, url=url, allow_private=False)
        await transport.close()
    assert error.kind == "private_address"


async def test_a_test_reaches_a_simulated_provider_under_its_real_name_with_its_certificate_checked() -> None:
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.deepseek.com").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    async with server(says(ok(b"{}")), server_tls) as port:
        resolver = resolving("127.0.0.1", port, exempt=True)
        transport = AiohttpTransport(resolver, client_tls)
        url = "https://api.deepseek.com/v1/chat/completions"
        assert (await call(transport, port, url=url, allow_private=False)).status == 200
        wrong_name = await failure(transport, port, url="https://api.other.example/", allow_private=False)
        await transport.close()
        unknown_authority = AiohttpTransport(resolver)
        distrusted = await failure(unknown_authority, port, url=url, allow_private=False)
        assert (await call(unknown_authority, port, url=url, allow_private=False, verify_tls=False)).status == 200
        await unknown_authority.close()
    assert wrong_name.kind == distrusted.kind == "tls"
    assert "api.other.example" in wrong_name.message
    assert distrusted.message.startswith("TLS certificate refused: ")


async def test_a_server_without_tls_is_a_tls_error(transport: AiohttpTransport) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    error = await failure(transport, port, url=f"https://127.0.0.1:{port}/")
    listener.close()
    assert error.kind == "tls"
    assert error.message.startswith("TLS handshake failed: ")


async def test_more_requests_than_connections_wait_their_turn_and_then_give_up(transport: AiohttpTransport) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def hold(_request: bytes, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go.wait()
        writer.write(ok(b"{}"))

    async with server(hold) as port:
        first = asyncio.create_task(call(transport, port, max_connections=1))
        await arrived.wait()
        error = await failure(transport, port, max_connections=1, connect_timeout=0.05)
        second = asyncio.create_task(call(transport, port, max_connections=1))
        go.set()
        assert [(await first).status, (await second).status] == [200, 200]
    assert error.kind == "pool"
    assert "Acquire operation took longer than the configured maximum time" in error.message


async def test_cancelling_the_caller_closes_the_connection_and_frees_its_place(transport: AiohttpTransport) -> None:
    arrived = asyncio.Event()
    gone = asyncio.Event()

    async def talk(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/slow" not in request:
            writer.write(ok(b"{}"))
            return
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    async with server(talk) as port:
        slow = asyncio.create_task(call(transport, port, url=f"http://127.0.0.1:{port}/slow", max_connections=1))
        await arrived.wait()
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert (await call(transport, port, max_connections=1, connect_timeout=5.0)).status == 200


async def test_many_parallel_requests_keep_to_the_limit(transport: AiohttpTransport) -> None:
    running = highest = 0

    async def talk(_request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal running, highest
        running += 1
        highest = max(highest, running)
        await asyncio.sleep(0)
        running -= 1
        writer.write(ok(b"{}"))

    async with server(talk) as port:
        answers = await asyncio.gather(*(call(transport, port, max_connections=4) for _ in range(40)))
    assert [a.status for a in answers] == [200] * 40
    assert highest <= 4


@pytest.mark.parametrize("url", ["http://", "no url", "http://[::1/", "http://h:99999/"])
async def test_a_malformed_url_is_an_error_of_the_transport(transport: AiohttpTransport, url: str) -> None:
    assert (await failure(transport, 0, url=url)).kind in ("connect", "unknown_host")


async def test_a_line_break_in_a_header_is_refused_without_showing_the_value(transport: AiohttpTransport) -> None:
    async with server(says(ok(b"{}"))) as port:
        error = await failure(transport, port, headers={"Authorization": "Bearer sk-hush\r\nX-Injected: 1"})
    assert "sk-hush" not in error.message
    assert error.kind == "connect"


def test_a_request_does_not_show_its_headers_or_body() -> None:
    request = HttpRequest(method="POST", url="https://x.example/", headers={"Authorization": "sk-1"}, body=b"sk-2")
    assert "sk-" not in repr(request)


async def test_a_closed_transport_refuses(transport: AiohttpTransport) -> None:
    await transport.close()
    assert (await failure(transport, 1)).message == "the node is closed"


@pytest.mark.parametrize("host", ["127.0.0.1", "models.example"])
async def test_restricted_addresses_are_refused_though_private_ones_are_allowed(host: str) -> None:
    transport = AiohttpTransport(resolving("127.0.0.1", 1, exempt=True), restricted=[r"127\.0\.0\..*"])
    with pytest.raises(HttpTransportError) as error:
        await transport.send(HttpRequest(method="GET", url=f"http://{host}/", headers={}, allow_private=True))
    assert error.value.kind == "restricted_address"
    assert error.value.message == f"Remote inference host name has restricted ip address: {host}"
    await transport.close()
