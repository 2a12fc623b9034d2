"""The services route handlers call. Filled by `node.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragstone.cluster.model import NodeInfo
    from ragstone.cluster.service import ClusterService
    from ragstone.cluster.stored_scripts import StoredScripts
    from ragstone.cluster.tasks import TaskManager
    from ragstone.core.clock import Clock
    from ragstone.core.settings import Settings
    from ragstone.documents.bulk import BulkService
    from ragstone.documents.by_query import ByQueryService
    from ragstone.documents.reindex import ReindexService
    from ragstone.documents.service import DocumentService
    from ragstone.gateway.service import Gateway
    from ragstone.indices.analyze import AnalyzeService
    from ragstone.indices.field_caps import FieldCapsService
    from ragstone.indices.knn import KnnService
    from ragstone.indices.service import IndexService
    from ragstone.indices.templates.service import TemplateService
    from ragstone.ml.agents.service import AgentService
    from ragstone.ml.connectors.service import ConnectorService
    from ragstone.ml.memory.service import MemoryService
    from ragstone.ml.model_groups.service import ModelGroupService
    from ragstone.ml.models.service import ModelService
    from ragstone.ml.tasks import TaskService
    from ragstone.pipelines.ingest.service import IngestService
    from ragstone.pipelines.search.service import SearchPipelineService
    from ragstone.providers.api import SecurityTokens
    from ragstone.rag.reader import Reader
    from ragstone.rest.authentication.login import Login
    from ragstone.rest.authentication.signature import SignatureVerifier
    from ragstone.rest.secrets_manager import SecretsManager
    from ragstone.search.explain import ExplainService
    from ragstone.search.service import SearchService
    from ragstone.search.templates import SearchTemplateService
    from ragstone.security.service import SecurityService


@dataclass(frozen=True)
class Services:
    settings: Settings
    node: NodeInfo
    clock: Clock
    cluster: ClusterService
    task_manager: TaskManager
    indices: IndexService
    field_caps: FieldCapsService
    documents: DocumentService
    bulk: BulkService
    by_query: ByQueryService
    reindex: ReindexService
    search: SearchService
    search_templates: SearchTemplateService
    scripts: StoredScripts
    ingest: IngestService
    search_pipelines: SearchPipelineService
    connectors: ConnectorService
    model_groups: ModelGroupService
    models: ModelService
    agents: AgentService
    tasks: TaskService
    memory: MemoryService
    reader: Reader
    signatures: SignatureVerifier | None = None
    """Before a cluster there is none: the cluster says who is calling."""
    security: SecurityService | None = None
    """None where security is off."""
    login: Login | None = None
    """There is one where there is `security`."""
    tokens: SecurityTokens | None = None
    secrets: SecretsManager | None = None
    analyze: AnalyzeService | None = None
    """Before a cluster there is none: the cluster analyses."""
    knn: KnnService | None = None
    """As `analyze`."""
    templates: TemplateService | None = None
    """As `analyze`."""
    explain: ExplainService | None = None
    """As `analyze`."""
    gateway: Gateway | None = None
    """What a node in front of a cluster has besides."""
