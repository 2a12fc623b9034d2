"""Deployments: which models answer now.

What is deployed is held in memory with its connector, so that a call reads nothing; every change of a model goes
through here. Local models are read into memory when they are deployed or, after a restart, first used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ragstone.cluster.model import NodeInfo
from ragstone.core import json
from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    OpenSearchException,
    StatusException,
)
from ragstone.core.log import get_logger
from ragstone.core.threadpool import ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import Engine
from ragstone.ml.activity import Activity
from ragstone.ml.connectors.executor import BoundConnector
from ragstone.ml.connectors.model import Connector
from ragstone.ml.connectors.service import DEPLOYED_STATES, ConnectorService
from ragstone.ml.models.model import Model
from ragstone.ml.settings import AUTO_REDEPLOY, MAX_MODELS
from ragstone.ml.system_indices import MODEL, SystemDocuments
from ragstone.providers.api import EmbeddingModel, EmbeddingRuntime, ModelNotAvailable

_MANY = 10_000

log = get_logger(__name__)


@dataclass(frozen=True)
class Live:
    """A deployed model; `bound` is its connector when it is remote."""

    id: str
    model: Model
    bound: BoundConnector | None


class Deployments:
    def __init__(
        self,
        engine: Engine,
        settings: ClusterSettings,
        connectors: ConnectorService,
        runtime: EmbeddingRuntime,
        pools: ThreadPools,
        node: NodeInfo,
        clock: Clock,
        activity: Activity,
    ) -> None:
        self._documents = SystemDocuments(engine, MODEL)
        self._settings = settings
        self._connectors = connectors
        self._runtime = runtime
        self._pools = pools
        self._node = node
        self._clock = clock
        self._activity = activity
        self._live: dict[str, Live] = {}
        self._loaded: dict[str, EmbeddingModel] = {}
        self._used: dict[str, float] = {}
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Take up what was deployed when the node went away, or note that it is not any more."""
        for stored in await self._documents.find({"terms": {"model_state": list(DEPLOYED_STATES)}}, size=_MANY):
            model = Model.from_document(stored.source)
            if not self._settings.get(AUTO_REDEPLOY):
                await self.store(stored.id, lambda now, current: current.undeployed(now))
                continue
            try:
                bound = await self._bind(stored.id, model)
            except StatusException as error:
                log.warning("model not redeployed", model=stored.id, reason=error.reason)
                await self.store(stored.id, lambda now, current: _failed(current, now))
                continue
            if model.model_state == "DEPLOYED":
                self._put(Live(stored.id, model, bound))
            else:
                await self._take_up(stored.id, model, bound)

    def get(self, id: str) -> Live | None:
        """The deployed model, which counts as used now."""
        live = self._live.get(id)
        if live is not None:
            self._used[id] = self._clock.monotonic()
        return live

    def all(self) -> list[Live]:
        return list(self._live.values())

    async def find(self, id: str) -> Model | None:
        """The model as it is stored. Raises IndexNotFoundException while no model ever was."""
        document = await self._documents.get(id)
        return Model.from_document(document) if document is not None else None

    async def read(self, id: str) -> Model:
        """Raises StatusException 404."""
        try:
            model = await self.find(id)
        except IndexNotFoundException as error:
            raise StatusException(404, f"Failed to get data object from index {MODEL.name}", cause=error) from None
        if model is None:
            raise StatusException(404, "Failed to find model")
        return model

    async def deploy_remote(self, id: str) -> Live:
        """Deploy; a deployed model is deployed again. When this returns, the stored model says DEPLOYED.

        Raises StatusException 404 for an unknown model, or one whose connector is gone (its state says so then).
        """
        async with self._changing:
            return await self._deploy_remote(id)

    async def ensure_remote(self, id: str) -> Live:
        """Deploy unless it is deployed: many first calls at once deploy once."""
        async with self._changing:
            return self._live.get(id) or await self._deploy_remote(id)

    async def begin_local(self, id: str) -> None:
        """Note that a local model is being deployed."""
        await self.store(id, lambda now, model: replace(model, model_state="DEPLOYING", last_updated_time=now))

    async def deploy_local(self, id: str) -> None:
        """Read a local model into memory. When this returns, the stored model says DEPLOYED.

        Raises StatusException, ModelNotAvailable, IllegalArgumentException (too many); the state says DEPLOY_FAILED.
        """
        model = await self.read(id)
        with self._activity.request("deploy", model.algorithm, id):
            await self._deploy_local(id, model)

    async def _deploy_local(self, id: str, model: Model) -> None:
        try:
            others = [live for live in self._live.values() if not live.model.is_remote and live.id != id]
            if len(others) >= self._settings.get(MAX_MODELS):
                raise IllegalArgumentException("Exceed max local model per node limit")
            self._loaded[id] = await self._load(model)
        except (ModelNotAvailable, OpenSearchException):
            await self.store(id, lambda now, current: _failed(current, now))
            raise
        async with self._changing:
            await self._take_up(id, model, None)

    async def embedding_model(self, live: Live) -> EmbeddingModel:
        """The model in memory, read now if it is not there. Raises IllegalArgumentException saying what is missing."""
        loaded = self._loaded.get(live.id)
        if loaded is None:
            try:
                loaded = self._loaded[live.id] = await self._load(live.model)
            except ModelNotAvailable as error:
                raise IllegalArgumentException(str(error)) from None
        return loaded

    async def undeploy(self, ids: Sequence[str], node_ids: Sequence[str] | None = None) -> JsonObject:
        """`{"<node>": {"stats": {"<model>": "undeployed" | "not_found"}}}`. Raises StatusException 404."""
        models = {id: await self.read(id) for id in ids}
        if node_ids is not None and self._node.node_id not in node_ids:
            return {}
        stats = {}
        async with self._changing:
            for id, model in models.items():
                with self._activity.request("undeploy", model.algorithm, id):
                    was_live = self._live.pop(id, None) is not None
                    self._loaded.pop(id, None)
                    self._used.pop(id, None)
                    self._activity.forget_latencies(id)
                    await self.store(id, lambda now, current: current.undeployed(now))
                stats[id] = "undeployed" if was_live else "not_found"
        return {self._node.node_id: {"stats": stats}}

    async def refresh(self, id: str, model: Model) -> None:
        """A stored model has changed: a deployed one answers as it is now from here on."""
        if id in self._live:
            self._put(Live(id, model, await self._bind(id, model)))

    async def sweep(self) -> None:
        """Undeploy models that have been idle for longer than their `model_ttl_minutes`."""
        now = self._clock.monotonic()
        for live in list(self._live.values()):
            minutes = (live.model.deploy_setting or {}).get("model_ttl_minutes", -1)
            if minutes >= 0 and now - self._used[live.id] >= minutes * 60:
                with suppress(StatusException):  # deleted meanwhile
                    await self.undeploy([live.id])

    async def store(self, id: str, change: Callable[[int, Model], Model]) -> Model:
        """Store a changed model. Raises StatusException 404."""
        now = epoch_millis(self._clock)
        stored = await self._documents.change(
            id, lambda document: change(now, Model.from_document(document)).to_document()
        )
        if stored is None:
            raise StatusException(404, "Failed to find model")
        return Model.from_document(stored[0])

    async def _deploy_remote(self, id: str) -> Live:
        model = await self.read(id)
        with self._activity.request("deploy", model.algorithm, id):
            try:
                bound = await self._bind(id, model)
            except StatusException:
                await self.store(id, lambda now, current: _failed(current, now))
                raise
            return await self._take_up(id, model, bound)

    async def _take_up(self, id: str, model: Model, bound: BoundConnector | None) -> Live:
        """Answer from now on, then say so: who reads DEPLOYED can rely on it."""
        self._put(Live(id, model, bound))
        try:
            stored = await self.store(id, lambda now, current: current.deployed_on(self._node.node_id, now))
        except OpenSearchException:
            self._live.pop(id, None)
            raise
        live = Live(id, stored, bound)
        self._put(live)
        return live

    def _put(self, live: Live) -> None:
        self._live[live.id] = live
        self._used.setdefault(live.id, self._clock.monotonic())

    async def _bind(self, id: str, model: Model) -> BoundConnector | None:
        """Raises StatusException 404 when the connector is gone."""
        if not model.is_remote:
            return None
        if model.connector is not None:
            return BoundConnector(Connector.from_document(model.connector), id)
        connector_id = model.connector_id or ""
        connector = await self._connectors.find(connector_id)
        if connector is None:
            raise StatusException(404, f"Failed to find connector:{connector_id}")
        return BoundConnector(connector, connector_id)

    async def _load(self, model: Model) -> EmbeddingModel:
        return await self._pools.run("ml_predict", self._runtime.load, model.name)


def _failed(model: Model, now: int) -> Model:
    return replace(model, model_state="DEPLOY_FAILED", last_updated_time=now)


def task_error(node: NodeInfo, error: Exception) -> str:
    """The `error` of a deployment task: what went wrong, by node."""
    reason = error.reason if isinstance(error, OpenSearchException) else str(error)
    return json.encode({node.node_id: reason}).decode()
