"""The simulator's HTTP server: a thread with an event loop of its own, writing its bytes itself, because half of what
it has to show is HTTP gone wrong."""

from __future__ import annotations

import asyncio
import http
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from ragstone.core import json
from ragstone.core.clock import Clock, SystemClock
from ragstone.core.errors import OpenSearchException
from ragstone.core.ids import IdGenerator
from ragstone.providers.http.addresses import Address, Resolver, system_resolver
from ragstone.providers.http.transport import AiohttpTransport
from ragstone.testing.deepseek.profiles import PROFILES
from ragstone.testing.deepseek.replies import Answer, ChatRequest, Raw, Reply, Step, completion, error
from ragstone.testing.deepseek.rules import Account, Refused, check_key, check_request

HOST = "api.deepseek.com"
_CHAT = ("/chat/completions", "/v1/chat/completions")


@dataclass(frozen=True)
class Received:
    """A request as it came, but for the key: of that, only the last four characters are kept."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes
    at: float
    """Seconds on the monotonic clock."""

    @property
    def body(self) -> Any:
        """Decoded JSON; None when it is none."""
        try:
            return json.decode(self.raw)
        except OpenSearchException:
            return None


class SimulatedDeepSeek:
    """A context manager: inside, the API answers at `url` over HTTP and at `tls_port` over TLS as api.deepseek.com.

    `profile` is a key of `PROFILES`. `answer` answers every request for which `next` left no step. `api_key` None lets
    every well-formed key in. `concurrency` requests may run at once, `user_concurrency` of each `user_id`; more get
    429. All of `answer`, `account`, `concurrency` and `user_concurrency` may be changed while it runs.
    """

    def __init__(
        self,
        profile: str = "v41-2026-09",
        *,
        answer: Step = "Hello! How can I assist you today?",
        api_key: str | None = None,
        balance: float = 100.0,
        forbidden_words: tuple[str, ...] = (),
        concurrency: int = 2500,
        user_concurrency: int | None = None,
        clock: Clock | None = None,
        ids: IdGenerator | None = None,
    ) -> None:
        self.profile = PROFILES[profile]
        self.answer = answer
        self.account = Account(api_key, balance, forbidden_words)
        self.concurrency = concurrency
        self.user_concurrency = user_concurrency
        self.requests: list[Received] = []
        """What has arrived at the chat endpoint, in order, refused ones too."""
        self.url = ""
        self.tls_port = 0
        self._clock: Clock = clock or SystemClock()
        self._ids = ids or IdGenerator(seed=7)
        self._steps: deque[Step] = deque()
        self._running: Counter[str | None] = Counter()
        self._arrival = threading.Condition()
        self._authority = _authority()

    # ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

    def next(self, *steps: Step) -> None:
        """Answer the next requests that pass all checks with these, one each, in order."""
        self._steps.extend(steps)

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> None:
        """Block until `count` chat requests have arrived. Raises TimeoutError."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests arrived in {timeout} s")

    @property
    def resolver(self) -> Resolver:
        """Brings `api.deepseek.com` here and every other name where it belongs."""

        async def resolve(host: str, port: int) -> list[Address]:
            if host == HOST:
                return [Address("127.0.0.1", self.tls_port, exempt=True)]
            return await system_resolver(host, port)

        return resolve

    @property
    def client_tls(self) -> ssl.SSLContext:
        """Trusts the simulator's authority, beside the system's."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context

    def transport(self) -> AiohttpTransport:
        """An HttpTransport that finds the simulator under the provider's real name."""
        return AiohttpTransport(self.resolver, self.client_tls)

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated-deepseek", daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        plain, tls = (listener.sockets[0].getsockname()[1] for listener in self._listeners)
        self.url, self.tls_port = f"http://127.0.0.1:{plain}", tls
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> list[asyncio.Server]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(HOST).configure_cert(context)
        return [await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=tls) for tls in (None, context)]

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ── a connection ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return  # the client, or the test, is done with this connection
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its response; False ends the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        response = await self._respond(Received(method, path.partition("?")[0], headers, body, time.monotonic()))
        return await _send(response, writer)

    async def _respond(self, request: Received) -> Raw:
        authorization = request.headers.get("authorization")
        try:
            if request.method == "POST" and request.path in _CHAT:
                self._record(request)
                check_key(authorization, self.account)
                return await self._chat(request.raw)
            check_key(authorization, self.account)
            if request.path in ("/models", "/v1/models"):
                names = sorted(set(self.profile.models.values()))
                entries = [{"id": name, "object": "model", "owned_by": "deepseek"} for name in names]
                return Raw(json.encode({"object": "list", "data": entries}))
            if request.path == "/user/balance":
                amount = f"{self.account.balance:.2f}"
                info = {"currency": "USD", "total_balance": amount, "granted_balance": "0.00"}
                info["topped_up_balance"] = amount
                return Raw(json.encode({"is_available": self.account.balance > 0, "balance_infos": [info]}))
            return error(404, "Not Found")
        except Refused as refused:
            return refused.response

    def _record(self, request: Received) -> None:
        shown = dict(request.headers)
        if "authorization" in shown:
            shown["authorization"] = f"Bearer ****{shown['authorization'][-4:]}"
        with self._arrival:
            self.requests.append(Received(request.method, request.path, shown, request.raw, request.at))
            self._arrival.notify_all()

    async def _chat(self, body: bytes) -> Raw:
        request = check_request(body, self.profile, self.account)
        if request.body.get("stream"):
            return error(501, "the simulator does not stream")
        user = request.body.get("user_id")
        with self._slot(user):
            step = self._steps.popleft() if self._steps else self.answer
            answer = step(request) if callable(step) else step
            delay = 0.0 if isinstance(answer, str) else answer.delay
            if delay == float("inf"):
                await asyncio.Event().wait()
            await asyncio.sleep(delay)
            return self._render(answer, request)

    @contextmanager
    def _slot(self, user: str | None) -> Iterator[None]:
        """A place among the running requests. Raises Refused with the provider's 429."""
        running = self._running.total() + 1
        if running > self.concurrency:
            raise _too_many(running, self.concurrency)
        of_user = self._running[user] + 1
        if user is not None and self.user_concurrency is not None and of_user > self.user_concurrency:
            raise _too_many(of_user, self.user_concurrency)
        self._running[user] += 1
        try:
            yield
        finally:
            self._running[user] -= 1

    def _render(self, answer: Answer, request: ChatRequest) -> Raw:
        if isinstance(answer, Raw):
            return answer
        reply = Reply(answer) if isinstance(answer, str) else answer
        body = json.encode(
            completion(
                reply,
                request,
                answer_id=self._ids.uuid4(),
                created=int(self._clock.now()),
                model=self.profile.models[request.model],
                fingerprint="fp_3a5770e1b4",
            )
        )
        if reply.blank_lines:
            return Raw(chunks=[*([b"\n"] * reply.blank_lines), body], chunk_every=reply.blank_line_every)
        return Raw(body)


def _too_many(current: int, limit: int) -> Refused:
    text = (
        f"Your current concurrency is {current}, which exceeds your concurrency limit of {limit} based on your "
        "remaining balance. Please top up your balance to restore your concurrency."
    )
    return Refused(error(429, text, "rate_limit_error", "rate_limit_error"))


async def _send(response: Raw, writer: asyncio.StreamWriter) -> bool:
    headers = {"Content-Type": response.content_type, **response.headers}
    if response.chunks is None:
        length = len(response.body) if response.content_length is None else response.content_length
        headers["Content-Length"] = str(length)
    else:
        headers["Transfer-Encoding"] = "chunked"
    head = f"HTTP/1.1 {response.status} {http.HTTPStatus(response.status).phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(head.encode("latin-1") + b"\r\n" + response.body)
    for chunk in response.chunks or ():
        await writer.drain()
        await asyncio.sleep(response.chunk_every)
        writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
    if response.chunks is not None and response.ending == "clean":
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    if response.ending == "reset":
        writer.transport.abort()
    return response.ending == "clean"


def _authority() -> Any:
    try:
        import trustme
    except ImportError:
        raise RuntimeError("the simulated DeepSeek needs the package trustme for its certificate") from None
    return trustme.CA()
