"""A whole node: built from the bottom up, closed in reverse."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import ragstone.cluster.settings
import ragstone.ml.tools  # noqa: F401  (registers them)
from ragstone.cluster.model import NodeInfo
from ragstone.cluster.service import ClusterService
from ragstone.cluster.stored_scripts import StoredScripts
from ragstone.cluster.tasks import TaskManager
from ragstone.core.arns import domain_arn
from ragstone.core.clock import Clock, SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.documents.bulk import BulkService
from ragstone.documents.by_query import ByQueryService
from ragstone.documents.by_scroll import ByScrollWorker
from ragstone.documents.reindex import ReindexService
from ragstone.documents.service import DocumentService
from ragstone.engine.api import RecordStore
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.indices.analyze import AnalyzeService
from ragstone.indices.field_caps import FieldCapsService
from ragstone.indices.knn import KnnService
from ragstone.indices.service import IndexService
from ragstone.indices.templates.service import TemplateService
from ragstone.ml.agents.service import AgentService
from ragstone.ml.connectors.aws_signing import AwsSigning
from ragstone.ml.connectors.executor import ConnectorExecutor
from ragstone.ml.connectors.secrets import ConnectorSecrets
from ragstone.ml.connectors.service import ConnectorService
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.memory.service import MemoryService
from ragstone.ml.model_groups.service import ModelGroupService
from ragstone.ml.models.service import ModelService
from ragstone.ml.settings import RESTRICTED_IP_PATTERNS
from ragstone.ml.tasks import TaskService
from ragstone.ml.tools.tool import ToolServices
from ragstone.pipelines.ingest.service import IngestService
from ragstone.pipelines.processor import ProcessorServices
from ragstone.pipelines.search.service import SearchPipelineService
from ragstone.providers.api import EmbeddingRuntime, HttpTransport, Identities
from ragstone.providers.embeddings.onnx import OnnxRuntime
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.http.transport import AiohttpTransport
from ragstone.providers.identity.access_keys import AccessKeys
from ragstone.providers.identity.aws_sts import AwsSts
from ragstone.providers.identity.local_roles import LocalRoles
from ragstone.providers.identity.local_sts import LocalSts
from ragstone.providers.identity.role_sessions import RoleSessions
from ragstone.providers.identity.service_roles import ServiceRoles
from ragstone.providers.identity.store import IdentityStore
from ragstone.providers.secrets.aws_secretsmanager import AwsSecretsManager
from ragstone.providers.secrets.by_arn import SecretsByArn
from ragstone.providers.secrets.keystore import Keystore
from ragstone.providers.sigv4 import Rules
from ragstone.rag.generative_qa import GenerativeQA
from ragstone.rag.reader import Reader
from ragstone.rest.app import App
from ragstone.rest.authentication.signature import SignatureVerifier
from ragstone.rest.router import Router
from ragstone.rest.routes import all_routes
from ragstone.rest.secrets_manager import SecretsManager
from ragstone.rest.services import Services
from ragstone.search.contexts import SearchContexts
from ragstone.search.explain import ExplainService
from ragstone.search.service import SearchService
from ragstone.search.system import SystemSearch
from ragstone.search.templates import SearchTemplateService
from ragstone.search.tool_indices import ToolIndices

if TYPE_CHECKING:
    from ragstone.engine.opensearch.engine import OpenSearchEngine
    from ragstone.node.cluster import ClusterParts
    from ragstone.rest.authentication.login import Login
    from ragstone.rest.gateway import GatewayApp
    from ragstone.security.service import SecurityService


class Node:
    """`async with Node(settings) as node:` runs a node; `node.app` is its ASGI application, without a server.

    `http_address` (`127.0.0.1:9200`) is what the node tells clients to reach it by. `announce_password` is told the
    password of the user admin when one was made up; without it that goes to a file. Everything else is for tests: a
    clock and ids of their own, a transport that leads to simulated providers, models without weights, signers' keys
    that somebody else keeps.
    """

    app: App | GatewayApp
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
        announce_password: Callable[[str], None] | None = None,
        identities: Identities | None = None,
    ) -> None:
        self._settings = settings
        self._http_address = http_address or f"{settings.host}:{settings.port}"
        self._clock: Clock = clock or SystemClock()
        self._ids = ids or IdGenerator()
        self._transport = transport
        self._embeddings: EmbeddingRuntime = embeddings or OnnxRuntime(settings.models_folder)
        self._identities = identities
        self._announce_password = announce_password
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

    def connection_refused(self, address: str | None, reason: str) -> None:
        """A connection came to nothing because of TLS."""
        if self.services.security is not None and self.services.security.audit is not None:
            self.services.security.audit.record(
                "SSL_EXCEPTION", audit_request_remote_address=address, audit_request_exception_stacktrace=reason
            )

    async def _start(self) -> None:
        settings, clock, ids = self._settings, self._clock, self._ids
        pools = ThreadPools()
        self._open.callback(pools.close)

        engine = self._engine(pools)
        await engine.start()
        self._open.push_async_callback(engine.close)
        encryptor = MasterKeyEncryptor(settings.keys_folder)
        elsewhere = None if isinstance(engine, EmbeddedEngine) else await self._elsewhere(engine, encryptor)

        cluster = ClusterService(engine, settings.cluster_settings, shared=elsewhere is not None)
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
        vault = Vault(encryptor, pools, elsewhere.agree_on_key if elsewhere is not None else None)
        identity_store = IdentityStore(settings.data)
        identities = AccessKeys(identity_store, encryptor)
        roles = ServiceRoles(identities, pools)
        keystore = Keystore(settings.data, encryptor, clock, ids)
        ambient = settings.aws_ambient_credentials
        tokens = LocalSts(identity_store, identities, pools, clock, ids)
        aws_roles = AwsSts(pools, ambient_credentials=ambient, external_id=settings.aws_external_id)
        sessions = RoleSessions(LocalRoles(tokens, aws_roles), clock)
        provider = SecretsByArn(keystore, AwsSecretsManager(sessions, pools), pools, roles.may_read)
        secrets = ConnectorSecrets(provider, cluster, clock, role_required=not ambient)
        connectors = ConnectorService(engine, cluster, vault, secrets, system_search, clock, ids)
        executor = ConnectorExecutor(cluster, vault, secrets, AwsSigning(sessions, clock), transport, clock, ids)
        groups = ModelGroupService(engine, system_search, clock, ids)
        tasks = TaskService(engine, cluster, system_search, node, clock, ids)
        models = ModelService(
            engine, cluster, connectors, groups, tasks, executor, self._embeddings, system_search, pools, node, clock,
            ids,
        )  # fmt: skip
        memory = MemoryService(engine, cluster, system_search, clock, ids)

        generative_qa = GenerativeQA(models, memory, cluster, clock)
        processors_elsewhere = elsewhere.processors() if elsewhere is not None else None
        processors = ProcessorServices(models, generative_qa, cluster, clock, processors_elsewhere)
        ingest = IngestService(engine, processors)
        pipelines = SearchPipelineService(engine, processors)
        templates = TemplateService(engine, engine, ids) if isinstance(engine, EmbeddedEngine) else None
        indices = IndexService(engine, templates)
        bulk = BulkService(engine, indices, ingest, cluster, clock, ids)
        contexts = SearchContexts(engine, cluster, clock, ids)
        self._open.push_async_callback(contexts.close)
        scripts = StoredScripts(engine, cluster)
        search = SearchService(engine, pipelines, models, contexts, clock)
        tools = ToolServices(models, ToolIndices(search, indices))
        agents = AgentService(engine, cluster, system_search, tools, models.activity, clock, ids)
        worker = ByScrollWorker(search, bulk, indices, clock)
        task_manager = TaskManager(engine, node, clock)
        self._open.push_async_callback(task_manager.close)

        security = await self._security(engine, pools, node) if settings.security_enabled else None
        self.services = Services(
            settings=settings,
            security=security,
            login=_login(security, settings, transport, clock),
            node=node,
            clock=clock,
            cluster=cluster,
            task_manager=task_manager,
            indices=indices,
            field_caps=FieldCapsService(engine),
            documents=DocumentService(engine),
            bulk=bulk,
            by_query=ByQueryService(engine, worker),
            reindex=ReindexService(engine, worker),
            search=search,
            search_templates=SearchTemplateService(engine, scripts, search),
            scripts=scripts,
            ingest=ingest,
            search_pipelines=pipelines,
            connectors=connectors,
            model_groups=groups,
            models=models,
            agents=agents,
            tasks=tasks,
            memory=memory,
            reader=Reader(clock, ids, pools),
            signatures=_signatures(settings, self._identities or identities, clock) if elsewhere is None else None,
            secrets=SecretsManager(keystore, pools),
            templates=templates,
            knn=KnnService(engine, engine) if isinstance(engine, EmbeddedEngine) else None,
            analyze=AnalyzeService(engine, engine) if isinstance(engine, EmbeddedEngine) else None,
            explain=ExplainService(engine, engine, models) if isinstance(engine, EmbeddedEngine) else None,
            tokens=tokens,
            gateway=elsewhere.gateway(pipelines, models) if elsewhere is not None else None,
        )
        await models.start()
        self._open.push_async_callback(models.close)
        self.app = _app(self.services, ids.auto_id()[:8])

    def _engine(self, pools: ThreadPools) -> EmbeddedEngine | OpenSearchEngine:
        settings, clock, ids = self._settings, self._clock, self._ids
        if settings.engine == "embedded":
            return EmbeddedEngine(settings.data, pools=pools, clock=clock, ids=ids)
        from ragstone.node.cluster import cluster_engine

        return cluster_engine(settings, clock, ids)

    async def _elsewhere(self, engine: OpenSearchEngine, encryptor: MasterKeyEncryptor) -> ClusterParts:
        from ragstone.node.cluster import ClusterParts

        parts = ClusterParts(engine, encryptor, self._settings, self._clock)
        await parts.start()
        return parts

    async def _security(self, records: RecordStore, pools: ThreadPools, node: NodeInfo) -> SecurityService:
        from ragstone.node.security import security_service

        return await security_service(
            records, self._settings, pools, node, self._clock, self._ids, self._announce_password, self._open
        )


def _login(
    security: SecurityService | None, settings: Settings, transport: HttpTransport, clock: Clock
) -> Login | None:
    if security is None:
        return None
    from ragstone.rest.authentication.build import login

    return login(security, settings.security, transport, clock)


def _signatures(settings: Settings, identities: Identities, clock: Clock) -> SignatureVerifier:
    rules = Rules(
        settings.sigv4_services,
        settings.sigv4_regions,
        settings.sigv4_max_skew,
        # Nobody is between a client and us on this machine, or behind TLS.
        unsigned_payload=settings.loopback_only or settings.tls.active,
    )
    domain = domain_arn(identities.account, settings.cluster_name)
    return SignatureVerifier(identities, clock, rules, domain)


def _app(services: Services, run_id: str) -> App | GatewayApp:
    if services.gateway is not None:
        from ragstone.node.cluster import gateway_app

        return gateway_app(services, services.gateway, run_id)
    security = services.security is not None
    api_tokens = security and services.settings.security.api_keys.enabled
    return App(Router(all_routes(security=security, api_tokens=api_tokens)), services, run_id=run_id)


__all__ = ["Node"]
