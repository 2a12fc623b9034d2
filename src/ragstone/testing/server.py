"""A real server in a thread of its own, for tests that speak HTTP."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from ragstone.core.clock import Clock
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.api import EmbeddingRuntime, HttpTransport, Identities
from ragstone.rest.server import HttpServer, address_of, bind, run

_PATIENCE = 30.0
"""Seconds to start or stop, far more than it takes."""


class ThreadedServer:
    """`with ThreadedServer(settings) as server: requests.get(server.url)`. Port 0 takes a free one.

    `transport` and `embeddings` lead the node to simulated providers and models, `clock` is its time, `identities` know
    who signs; see `Node`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: HttpTransport | None = None,
        embeddings: EmbeddingRuntime | None = None,
        clock: Clock | None = None,
        identities: Identities | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._embeddings = embeddings
        self._clock = clock
        self._identities = identities
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ragstone-server", daemon=True)
        self._server: HttpServer | None = None
        self._failure: BaseException | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_PATIENCE) or self._failure is not None:
            raise RuntimeError("the server did not start") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            raise RuntimeError("the server did not stop")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Begin to stop, as at a signal."""
        if self._server is not None:
            self._server.stop()

    def until_busy(self, busy: bool = True) -> None:
        """Return when a request is being worked on, or none any more. Raises TimeoutError."""
        end = time.monotonic() + _PATIENCE
        while self._server is None or bool(self._server.server_state.tasks) is not busy:
            if time.monotonic() > end:
                raise TimeoutError(f"the server did not become {'busy' if busy else 'idle'}")
            time.sleep(0.001)

    def _run(self) -> None:
        try:
            run(self._serve)
        except BaseException as failure:  # belongs to the thread that waits for us
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        listener = bind(self._settings)
        address = address_of(listener)
        self.url = f"{'https' if self._settings.tls.active else 'http'}://{address}"
        async with Node(
            self._settings,
            http_address=address,
            transport=self._transport,
            embeddings=self._embeddings,
            clock=self._clock,
            identities=self._identities,
        ) as node:
            self._server = HttpServer(
                node.app,
                listener,
                self._settings,
                self._ready.set,
                clock=self._clock,
                on_refused=node.connection_refused,
            )
            await self._server.run_until_stopped()
