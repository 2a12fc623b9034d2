"""What a node in front of a cluster has that others have not."""

from __future__ import annotations

import ssl
from base64 import b64encode

from ragstone.core.clock import Clock
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.engine.opensearch.client import ClusterClient, ServiceAccount
from ragstone.engine.opensearch.engine import OpenSearchEngine
from ragstone.engine.opensearch.signing import aws_signer
from ragstone.gateway.admission import Admission
from ragstone.gateway.catalogue import ClusterCatalogue
from ragstone.gateway.guard import Guard
from ragstone.gateway.master_key import agree_on_key, check_key
from ragstone.gateway.ownership import Ownership
from ragstone.gateway.processors import ClusterProcessors
from ragstone.gateway.search import GatewaySearch
from ragstone.gateway.service import Gateway
from ragstone.ml.models.service import ModelService
from ragstone.pipelines.search.service import SearchPipelineService
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.rest.app import App
from ragstone.rest.gateway import GatewayApp, gateway_router, partly_router
from ragstone.rest.services import Services


class ClusterParts:
    """The parts over an engine that has started. Whoever made the engine closes it."""

    def __init__(
        self, engine: OpenSearchEngine, encryptor: MasterKeyEncryptor, settings: Settings, clock: Clock
    ) -> None:
        self._engine = engine
        self._encryptor = encryptor
        self._settings = settings
        self._clock = clock
        self._catalogue = ClusterCatalogue(engine.api, clock)

    async def start(self) -> None:
        """Raises IllegalStateException when the gateways of this cluster seal with another key."""
        await check_key(self._engine, self._encryptor.key_id, str(self._settings.keys_folder))
        await self._catalogue.features()

    async def agree_on_key(self) -> None:
        """See `master_key.agree_on_key`."""
        encryptor = self._encryptor
        await agree_on_key(self._engine, encryptor.key_id, encryptor.make_key, str(self._settings.keys_folder))

    def processors(self) -> ClusterProcessors:
        return ClusterProcessors(self._engine.api, self._catalogue)

    def gateway(self, pipelines: SearchPipelineService, models: ModelService) -> Gateway:
        engine, clock = self._engine, self._clock
        ownership = Ownership(engine, engine.api, self._catalogue)
        return Gateway(
            engine.api,
            ownership,
            GatewaySearch(engine, engine.api, ownership, pipelines, models, clock),
            Admission(engine.api, clock, callers_rights=self._settings.cluster_auth == "caller"),
            Guard(engine, engine.indices_changed),
            engine.indices_changed,
        )


def cluster_engine(settings: Settings, clock: Clock, ids: IdGenerator) -> OpenSearchEngine:
    """The engine on the cluster that the settings name, not started.

    Raises IllegalArgumentException when its certificates cannot be read.
    """
    account = ServiceAccount()
    if settings.cluster_aws_sigv4 is not None:
        account = ServiceAccount(signer=aws_signer(settings.cluster_aws_sigv4))
    elif settings.cluster_user is not None:
        login = f"{settings.cluster_user}:{settings.cluster_password or ''}".encode()
        account = ServiceAccount(authorization=f"Basic {b64encode(login).decode()}")
    try:
        tls = ssl.create_default_context(cafile=settings.cluster_ca) if settings.cluster_ca is not None else None
    except OSError as error:
        raise IllegalArgumentException(
            f"cannot read certificates from [{settings.cluster_ca}]: {error.strerror or error}"
        ) from None
    client = ClusterClient(
        settings.cluster,
        clock,
        account=account,
        callers_rights=settings.cluster_auth == "caller",
        tls=tls,
        timeout=settings.cluster_timeout,
    )
    return OpenSearchEngine(client, clock=clock, ids=ids)


def gateway_app(services: Services, gateway: Gateway, run_id: str) -> GatewayApp:
    """The application that serves what is ours and forwards the rest."""
    settings, security = services.settings, services.security is not None
    api_tokens = security and settings.security.api_keys.enabled
    app = App(gateway_router(security=security, api_tokens=api_tokens), services, run_id=run_id)
    partly = App(partly_router(), services, run_id=run_id) if security else None
    return GatewayApp(app, services, gateway, limit=settings.max_content_length, partly=partly)


__all__ = ["ClusterParts", "cluster_engine", "gateway_app"]
