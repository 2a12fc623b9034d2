"""A whole node: built from the bottom up, closed in reverse. The only file that names implementations."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, cast

import ragstone.cluster.settings  # noqa: F401  (declares them)
from ragstone.cluster.model import NodeInfo
from ragstone.cluster.service import ClusterService
from ragstone.core.clock import Clock, SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.documents.service import DocumentService
from ragstone.engine.values import Metadata
from ragstone.indices.service import IndexService
from ragstone.rest.app import App
from ragstone.rest.router import Router
from ragstone.rest.routes import all_routes
from ragstone.rest.services import Services
from ragstone.testing.records import MemoryRecords


class _NoEngineYet(MemoryRecords):
    async def metadata(self) -> Metadata:
        return Metadata("memory-cluster-uuid-00", {})


class Node:
    """`async with Node(settings) as node:` runs a node; `node.app` is its ASGI application, without a server.

    `http_address` (`127.0.0.1:9200`) is what the node tells clients to reach it by. Clock and ids are the system's
    unless given.
    """

    app: App
    services: Services

    def __init__(
        self,
        settings: Settings,
        *,
        http_address: str | None = None,
        clock: Clock | None = None,
        ids: IdGenerator | None = None,
    ) -> None:
        self._settings = settings
        self._http_address = http_address or f"{settings.host}:{settings.port}"
        self._clock: Clock = clock or SystemClock()
        self._ids = ids or IdGenerator()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def _start(self) -> None:
        settings, clock, ids = self._settings, self._clock, self._ids
        pools = ThreadPools()
        self._open.callback(pools.close)
        engine = cast(Any, _NoEngineYet())

        cluster = ClusterService(engine, settings.cluster_settings)
        await cluster.start()
        node = NodeInfo(
            node_id=ids.uuid22(),
            node_name=settings.node_name,
            cluster_name=settings.cluster_name,
            cluster_uuid=(await engine.metadata()).cluster_uuid,
            http_address=self._http_address,
            started=clock.monotonic(),
        )
        pending = cast(Any, None)
        self.services = Services(
            settings=settings,
            node=node,
            clock=clock,
            cluster=cluster,
            indices=IndexService(engine),
            documents=DocumentService(engine),
            bulk=pending,
            search=pending,
            ingest=pending,
            search_pipelines=pending,
            connectors=pending,
            model_groups=pending,
            models=pending,
            tasks=pending,
            memory=pending,
            reader=pending,
        )
        self.app = App(Router(all_routes()), self.services, run_id=ids.auto_id()[:8])
