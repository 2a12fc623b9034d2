"""A whole node: built from the bottom up, closed in reverse. The only file that names implementations."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import ragstone.cluster.settings  # noqa: F401  (declares them)
from ragstone.cluster.model import NodeInfo
from ragstone.cluster.service import ClusterService
from ragstone.core.clock import Clock, SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.documents.bulk import BulkService
from ragstone.documents.service import DocumentService
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.indices.service import IndexService
from ragstone.ml.connectors.executor import ConnectorExecutor
from ragstone.ml.connectors.service import ConnectorService
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.memory.service import MemoryService
from ragstone.ml.model_groups.service import ModelGroupService
from ragstone.ml.models.service import ModelService
from ragstone.ml.settings import RESTRICTED_IP_PATTERNS
from ragstone.ml.tasks import TaskService
from ragstone.pipelines.ingest.service import IngestService
from ragstone.pipelines.processor import ProcessorServices
from ragstone.pipelines.search.service import SearchPipelineService
from ragstone.providers.api import EmbeddingRuntime, HttpTransport
from ragstone.providers.embeddings.onnx import OnnxRuntime
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.http.transport import AiohttpTransport
from ragstone.rag.generative_qa import GenerativeQA
from ragstone.rag.reader import Reader
from ragstone.rest.app import App
from ragstone.rest.router import Router
from ragstone.rest.routes import all_routes
from ragstone.rest.services import Services
from ragstone.search.service import SearchService
from ragstone.search.system import SystemSearch


class Node:
    """`async with Node(settings) as node:` runs a node; `node.app` is its ASGI application, without a server.

    `http_address` (`127.0.0.1:9200`) is what the node tells clients to reach it by. Everything else is for tests: a
    clock and ids of their own, a transport that leads to simulated providers, models without weights.
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
        transport: HttpTransport | None = None,
        embeddings: EmbeddingRuntime | None = None,
    ) -> None:
        self._settings = settings
        self._http_address = http_address or f"{settings.host}:{settings.port}"
        self._clock: Clock = clock or SystemClock()
        self._ids = ids or IdGenerator()
        self._transport = transport
        self._embeddings: EmbeddingRuntime = embeddings or OnnxRuntime(settings.models_folder)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Raises IllegalStateException when another process holds the data."""
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

        engine = EmbeddedEngine(settings.data, pools=pools, clock=clock, ids=ids)
        await engine.start()
        self._open.push_async_callback(engine.close)

        cluster = ClusterService(engine, settings.cluster_settings)
        await cluster.start()
        node = NodeInfo(
            node_id=engine.node_id,
            node_name=settings.node_name,
            cluster_name=settings.cluster_name,
            cluster_uuid=engine.cluster_uuid,
            http_address=self._http_address,
            started=clock.monotonic(),
        )

        restricted = cluster.get(RESTRICTED_IP_PATTERNS)
        transport = self._transport or AiohttpTransport(restricted=restricted)
        self._open.push_async_callback(transport.close)
        system_search = SystemSearch(engine, clock)
        vault = Vault(MasterKeyEncryptor(settings.keys_folder), pools)
        connectors = ConnectorService(engine, cluster, vault, system_search, clock, ids)
        executor = ConnectorExecutor(cluster, vault, transport, clock, ids)
        groups = ModelGroupService(engine, system_search, clock, ids)
        tasks = TaskService(engine, cluster, system_search, node, clock, ids)
        models = ModelService(
            engine, cluster, connectors, groups, tasks, executor, self._embeddings, system_search, pools, node, clock,
            ids,
        )  # fmt: skip
        memory = MemoryService(engine, cluster, system_search, clock, ids)

        generative_qa = GenerativeQA(models, memory, cluster, clock)
        processors = ProcessorServices(models, generative_qa, cluster, clock)
        ingest = IngestService(engine, processors)
        pipelines = SearchPipelineService(engine, processors)
        indices = IndexService(engine)

        self.services = Services(
            settings=settings,
            node=node,
            clock=clock,
            cluster=cluster,
            indices=indices,
            documents=DocumentService(engine),
            bulk=BulkService(engine, ingest, cluster, clock, ids),
            search=SearchService(engine, pipelines, models, clock),
            ingest=ingest,
            search_pipelines=pipelines,
            connectors=connectors,
            model_groups=groups,
            models=models,
            tasks=tasks,
            memory=memory,
            reader=Reader(clock, ids, pools),
        )
        await models.start()
        self._open.push_async_callback(models.close)
        self.app = App(Router(all_routes()), self.services, run_id=ids.auto_id()[:8])
