"""Registration: from a request to a model document, and to the tasks that clients wait for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any

from ragstone.cluster.model import NodeInfo
from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    MLLimitExceededException,
    MLResourceNotFoundException,
    OpenSearchException,
    StatusException,
    UnsupportedOperationException,
    VersionConflictEngineException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.log import get_logger
from ragstone.core.threadpool import ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import Engine
from ragstone.ml.activity import Activity
from ragstone.ml.connectors.model import MCP, Connector, ConnectorRequest
from ragstone.ml.connectors.service import ConnectorService
from ragstone.ml.features import check_local_models, check_remote_inference
from ragstone.ml.fields import check_custom_id
from ragstone.ml.model_groups.service import ModelGroupService
from ragstone.ml.models.deployment import Deployments, task_error
from ragstone.ml.models.function_name import REMOTE
from ragstone.ml.models.model import Model, RegisterRequest
from ragstone.ml.rights import require
from ragstone.ml.settings import (
    CUSTOM_DEPLOYMENT_PLAN,
    MAX_DEPLOY_TASKS,
    MAX_REGISTER_TASKS,
    REGISTER_VIA_URL,
    TRUSTED_MODEL_URL,
)
from ragstone.ml.system_indices import MODEL, SystemDocuments
from ragstone.ml.tasks import TaskService
from ragstone.providers.api import EmbeddingRuntime, ModelNotAvailable, PretrainedModel

log = get_logger(__name__)


class Registration:
    """Registers and deploys. Local models take their time in tasks of their own; `close` stops those that still run."""

    def __init__(
        self,
        engine: Engine,
        settings: ClusterSettings,
        connectors: ConnectorService,
        groups: ModelGroupService,
        tasks: TaskService,
        deployments: Deployments,
        runtime: EmbeddingRuntime,
        pools: ThreadPools,
        node: NodeInfo,
        clock: Clock,
        ids: IdGenerator,
        activity: Activity,
    ) -> None:
        self._activity = activity
        self._documents = SystemDocuments(engine, MODEL)
        self._settings = settings
        self._connectors = connectors
        self._groups = groups
        self._tasks = tasks
        self._deployments = deployments
        self._runtime = runtime
        self._pools = pools
        self._node = node
        self._clock = clock
        self._ids = ids
        self._registering: set[asyncio.Task[None]] = set()
        self._deploying: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop what runs in the background; its tasks are failed at the next start."""
        running = [*self._registering, *self._deploying]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def register(self, body: Any, *, deploy: bool) -> JsonObject:
        """`{"task_id", "status": "CREATED"}`, with `model_id` for a remote model, which is registered at once.

        Raises IllegalArgumentException, StatusException (404 unknown connector; 409 id taken),
        MLResourceNotFoundException (unknown group), ActionRequestValidationException, ParsingException.
        """
        request = RegisterRequest.parse(body)
        require("register_model")
        if request.model_node_ids is not None and not self._settings.get(CUSTOM_DEPLOYMENT_PLAN):
            raise IllegalArgumentException("Don't allow custom deployment plan")
        if request.model_id is not None:
            check_custom_id("model id", request.model_id)
        if request.function_name == REMOTE:
            return await self._register_remote(request, deploy=deploy)
        return await self._register_local(request, deploy=deploy)

    async def deploy(self, id: str) -> JsonObject:
        """`{"task_id", "task_type": "DEPLOY_MODEL", "status"}`: COMPLETED for a remote model, CREATED for a local one.

        Raises StatusException 404, also when a remote model's connector is gone.
        """
        model = await self._deployments.read(id)
        if model.is_remote:
            await self._deployments.deploy_remote(id)
            task_id = await self._tasks.create("DEPLOY_MODEL", REMOTE, state="COMPLETED", model_id=id)
            return {"task_id": task_id, "task_type": "DEPLOY_MODEL", "status": "COMPLETED"}
        return {"task_id": await self._deploy_local(id, model), "task_type": "DEPLOY_MODEL", "status": "CREATED"}

    # ── remote ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _register_remote(self, request: RegisterRequest, *, deploy: bool) -> JsonObject:
        check_remote_inference(self._settings)
        id = request.model_id or self._ids.auto_id()
        with self._activity.request("register", REMOTE):
            inline = await self._connector(request, id)
            await self._store(id, request, {"connector_id": request.connector_id} if inline is None else inline)
        task_id = await self._tasks.create("REGISTER_MODEL", REMOTE, state="COMPLETED", model_id=id, is_async=False)
        if deploy:
            try:
                await self.deploy(id)
            except OpenSearchException as error:  # the registration stands; the model's state tells
                log.warning("model not deployed", model=id, reason=error.reason)
        return {"task_id": task_id, "status": "CREATED", "model_id": id}

    async def _connector(self, request: RegisterRequest, model_id: str) -> JsonObject | None:
        """`{"connector": document}` for an inline connector, None for a stored one that was checked to be there."""
        if request.connector_id is not None:
            if await self._connectors.find(request.connector_id) is None:
                raise StatusException(404, f"Failed to find connector:{request.connector_id}")
            return None
        if request.connector is None:
            raise IllegalArgumentException(
                "You must provide connector content when creating a remote model without connector id!"
            )
        return {"connector": (await self._inline(request.connector, model_id)).to_document()}

    async def _inline(self, body: JsonObject, model_id: str) -> Connector:
        connector = ConnectorRequest.parse(body)
        if connector.protocol is None:
            raise IllegalArgumentException("connector protocol is null")
        if connector.protocol in MCP:
            raise UnsupportedOperationException(
                f"Connectors with the protocol [{connector.protocol}] are not supported yet"
            )
        if not connector.credential:
            raise IllegalArgumentException("Connector credential is null or empty list")
        connector.check(update=True)
        if not any(action.type == "PREDICT" for action in connector.actions or ()):
            raise IllegalArgumentException(
                "Connector endpoint is required when creating a remote model without connector id!"
            )
        return await self._connectors.build(connector, model_id, None)

    # ── local ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _register_local(self, request: RegisterRequest, *, deploy: bool) -> JsonObject:
        check_local_models(self._settings)
        if request.url is not None:
            if not self._settings.get(REGISTER_VIA_URL):
                raise IllegalArgumentException(
                    "To upload custom model user needs to enable allow_registering_model_via_url settings. Otherwise "
                    "please use OpenSearch pre-trained models."
                )
            if not re.search(self._settings.get(TRUSTED_MODEL_URL), request.url):
                raise IllegalArgumentException("URL can't match trusted url regex")
        if len(self._registering) >= self._settings.get(MAX_REGISTER_TASKS):
            raise MLLimitExceededException("exceed max running task limit")
        task_id = await self._tasks.create("REGISTER_MODEL", request.function_name)
        _spawn(self._registering, self._run_registration(task_id, request, deploy=deploy))
        return {"task_id": task_id, "status": "CREATED"}

    async def _run_registration(self, task_id: str, request: RegisterRequest, *, deploy: bool) -> None:
        try:
            await self._tasks.advance(task_id, "RUNNING")
            id = request.model_id or self._ids.auto_id()
            with self._activity.request("register", request.function_name):
                pretrained = await self._pretrained(request)
                now = epoch_millis(self._clock)
                await self._store(
                    id,
                    request,
                    {
                        "algorithm": pretrained.function_name,
                        "model_format": request.model_format,
                        "model_config": _config(pretrained),
                        "last_registered_time": now,
                    },
                )
            await self._tasks.advance(task_id, "COMPLETED", model_id=id, function_name=pretrained.function_name)
        except (ModelNotAvailable, OpenSearchException) as error:
            await self._tasks.advance(task_id, "FAILED", error=_reason(error))
            return
        if deploy:
            await self._deploy_local(id, await self._deployments.read(id))

    async def _pretrained(self, request: RegisterRequest) -> PretrainedModel:
        """The catalogue's entry, whose weights are here. Raises IllegalArgumentException, ModelNotAvailable."""
        if request.url is not None:
            raise UnsupportedOperationException(
                "Model archives are not supported; register a pretrained model by its name, or a remote model"
            )
        found = next(
            (
                entry
                for entry in self._runtime.catalogue()
                if entry.name == request.name
                and (request.version or "").lower() in entry.versions
                and request.model_format in entry.formats
            ),
            None,
        )
        if found is None:
            raise IllegalArgumentException(
                "This model is not in the pre-trained model list, please check your parameters."
            )
        await self._pools.run("ml_predict", self._runtime.locate, found.name)
        return found

    async def _deploy_local(self, id: str, model: Model) -> str:
        if len(self._deploying) >= self._settings.get(MAX_DEPLOY_TASKS):
            raise MLLimitExceededException("exceed max running task limit")
        task_id = await self._tasks.create("DEPLOY_MODEL", model.algorithm, model_id=id)
        await self._deployments.begin_local(id)
        _spawn(self._deploying, self._run_deployment(task_id, id))
        return task_id

    async def _run_deployment(self, task_id: str, id: str) -> None:
        try:
            await self._tasks.advance(task_id, "RUNNING")
            await self._deployments.deploy_local(id)
        except (ModelNotAvailable, OpenSearchException) as error:
            await self._tasks.advance(task_id, "FAILED", error=task_error(self._node, error))
        else:
            await self._tasks.advance(task_id, "COMPLETED")

    # ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _store(self, id: str, request: RegisterRequest, members: JsonObject) -> None:
        """Take a version of the group and store the model."""
        group = request.model_group_id or await self._groups.named(request.name)
        try:
            version = await self._groups.next_version(group)
        except IndexNotFoundException:
            raise StatusException(404, "Model group not found") from None
        if version is None:
            # Differs: a 404, where OpenSearch answers 500.
            raise MLResourceNotFoundException(f"Model Group Response is empty for {group}")
        now = epoch_millis(self._clock)
        document: JsonObject = {
            "name": request.name,
            "model_group_id": group,
            "algorithm": request.function_name,
            "model_version": str(version),
            "description": request.description,
            "model_config": request.model_config,
            "model_state": "REGISTERED",
            "created_time": now,
            "last_updated_time": now,
            **request.settings,
            **members,
        }
        model = Model.from_document(document)
        try:
            await self._documents.put(id, model.to_document(), create=True)
        except VersionConflictEngineException:
            raise StatusException(409, f"model id '{id}' already exists") from None


def _spawn(running: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    running.add(task)
    task.add_done_callback(running.discard)


def _config(pretrained: PretrainedModel) -> JsonObject:
    members = {
        "model_type": pretrained.model_type,
        "embedding_dimension": pretrained.dimension,
        "framework_type": pretrained.framework_type,
    }
    return {name: value for name, value in members.items() if value is not None}


def _reason(error: Exception) -> str:
    return (error.reason or "") if isinstance(error, OpenSearchException) else str(error)
