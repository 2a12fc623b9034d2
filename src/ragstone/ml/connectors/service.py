"""What one can do with connectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    OpenSearchException,
    StatusException,
    UnsupportedOperationException,
    VersionConflictEngineException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import Engine
from ragstone.ml.connectors.model import MCP, Connector, ConnectorRequest
from ragstone.ml.connectors.passed_role import check_passed
from ragstone.ml.connectors.secrets import ROLE, ConnectorSecrets
from ragstone.ml.connectors.trusted_endpoints import check_trusted
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.features import check_remote_inference
from ragstone.ml.fields import check_custom_id
from ragstone.ml.ports import SearchPort
from ragstone.ml.rights import require
from ragstone.ml.settings import MCP_CONNECTOR
from ragstone.ml.system_indices import CONNECTOR, MODEL, SystemDocuments
from ragstone.providers.api import SealBroken

DRY_RUN_ID = "dryRunConnector"
DEPLOYED_STATES = ("DEPLOYED", "DEPLOYING", "PARTIALLY_DEPLOYED", "LOADED", "LOADING", "PARTIALLY_LOADED")


class ConnectorService:
    """Creates, reads, changes, deletes and finds connectors. Credentials go in and never come out."""

    def __init__(
        self,
        engine: Engine,
        settings: ClusterSettings,
        vault: Vault,
        secrets: ConnectorSecrets,
        search: SearchPort,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._documents = SystemDocuments(engine, CONNECTOR)
        self._models = SystemDocuments(engine, MODEL)
        self._settings = settings
        self._search = search
        self._clock = clock
        self._ids = ids
        self._vault = vault
        self._secrets = secrets

    async def create(self, body: Any) -> str:
        """Store a connector and answer its id.

        Raises IllegalArgumentException, ParsingException, ActionRequestValidationException, StatusException (409 for
        a chosen id that is taken).
        """
        check_remote_inference(self._settings)
        request = ConnectorRequest.parse(body)
        request.check(update=False)
        require("create_connector")
        self._refuse_mcp(request)
        if request.connector_id is not None:
            check_custom_id("connector id", request.connector_id)
        if request.dry_run:
            return DRY_RUN_ID
        id = request.connector_id or self._ids.auto_id()
        connector = await self.build(request, id, epoch_millis(self._clock))
        _refuse_access_parameters(request)
        try:
            await self._documents.put(id, connector.to_document(), create=True)
        except VersionConflictEngineException:
            raise StatusException(409, f"connector id '{id}' already exists") from None
        return id

    async def build(self, request: ConnectorRequest, owner: str, now: int | None) -> Connector:
        """A connector with sealed credentials from a checked request; `owner` is the document it will live in.

        Raises IllegalArgumentException for what its protocol lacks or an untrusted URL, and a 403 for a role that the
        signer of the request may not pass on.
        """
        check_passed(request.credential or {}, lambda: None)
        connector = Connector.from_request(request, request.credential or {}, now)
        self._check(connector)
        return Connector.from_request(request, await self._vault.seal(owner, request.credential or {}), now)

    async def changer(
        self, connector: Connector, request: ConnectorRequest, owner: str, now: int | None
    ) -> Callable[[Connector], Connector]:
        """What makes a request's changes to a connector, tried on `connector`. Raises what `build` raises."""
        self._refuse_mcp(request)
        # Also of a role that stays: a new URL would lead its secret elsewhere.
        check_passed(request.credential or {}, lambda: self._role(connector, owner))
        sealed = await self._vault.seal(owner, request.credential or {})
        self._check(connector.changed(request, sealed, now))
        return lambda current: current.changed(request, sealed, now)

    def _role(self, connector: Connector, owner: str) -> str | None:
        if ROLE not in connector.credential:
            return None
        try:
            return self._vault.open(owner, {ROLE: connector.credential[ROLE]})[ROLE]
        except SealBroken:
            return "*"  # whichever it is: only who may pass every role may

    async def find(self, id: str) -> Connector | None:
        """None when there is none, or no connector was ever stored."""
        try:
            document = await self._documents.get(id)
        except IndexNotFoundException:
            return None
        return Connector.from_document(document) if document is not None else None

    async def get(self, id: str) -> Connector:
        """Raises StatusException 404."""
        require("connectors/get")
        return await self.known(id)

    async def known(self, id: str) -> Connector:
        """As `get`, for what the caller is allowed otherwise."""
        try:
            document = await self._documents.get(id)
        except IndexNotFoundException:
            raise StatusException(404, "Failed to find connector") from None
        if document is None:
            raise _unknown(id)
        return Connector.from_document(document)

    async def update(self, id: str, body: Any) -> JsonObject:
        """Change what the body names. Raises StatusException (404; 400 while deployed models use it), and as
        `create`."""
        check_remote_inference(self._settings)
        request = ConnectorRequest.parse(body)
        request.check(update=True)
        require("connectors/update")
        connector = await self.known(id)
        users = await self._users(id, {"terms": {"model_state": list(DEPLOYED_STATES)}})
        if users:
            raise StatusException(
                400,
                f"{len(users)} models are still using this connector, please undeploy the models first: "
                f"[{', '.join(users)}]",
            )
        _refuse_access_parameters(request)
        change = await self.changer(connector, request, id, epoch_millis(self._clock))
        stored = await self._documents.change(id, lambda now: change(Connector.from_document(now)).to_document())
        if stored is None:
            raise _unknown(id)
        return self._documents.write_response(stored[1])

    async def delete(self, id: str) -> JsonObject:
        """Raises StatusException 409 while models use it. An unknown id is answered with `not_found`."""
        require("connectors/delete")
        users = await self._users(id)
        if users:
            raise StatusException(
                409,
                f"{len(users)} models are still using this connector, please delete or update the models first: "
                f"[{', '.join(users)}]",
            )
        try:
            return self._documents.write_response(await self._documents.delete(id))
        except IndexNotFoundException:
            raise StatusException(404, "Failed to find connector") from None

    async def search(self, body: bytes, excludes: Sequence[str]) -> JsonObject:
        """An ordinary search over connectors, without credentials and what `excludes` names."""
        require("connectors/search")
        return await self._search.search_index(CONNECTOR.name, body, source_excludes=("credential", *excludes))

    async def _users(self, id: str, *further: JsonObject) -> list[str]:
        """Ids of up to ten models that use a connector."""
        clauses = [{"term": {"connector_id": {"value": id}}}, *further]
        return [model.id for model in await self._models.find({"bool": {"filter": clauses}})]

    def _refuse_mcp(self, request: ConnectorRequest) -> None:
        if request.protocol not in MCP:
            return
        if request.protocol == "mcp_sse" and not self._settings.get(MCP_CONNECTOR):
            raise OpenSearchException(
                "The MCP connector is not enabled. To enable, please update the setting "
                "plugins.ml_commons.mcp_connector_enabled"
            )
        raise UnsupportedOperationException(f"Connectors with the protocol [{request.protocol}] are not supported yet")

    def _check(self, connector: Connector) -> None:
        connector.check_protocol(role_required=self._secrets.role_required)
        self._secrets.check_named(connector.credential)
        for url in connector.urls():
            check_trusted(url, self._settings)


def _refuse_access_parameters(request: ConnectorRequest) -> None:
    if request.access_parameters:
        raise IllegalArgumentException(
            "You cannot specify connector access control parameters because the Security plugin or connector access "
            "control is disabled on your cluster."
        )


def _unknown(id: str) -> StatusException:
    return StatusException(404, f"Failed to find connector with the provided connector id: {id}")
