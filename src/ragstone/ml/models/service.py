"""What one can do with models. Satisfies `ml.ports.Predictor`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, NoReturn

from ragstone.cluster.model import NodeInfo
from ragstone.core.clock import Clock, Deadline, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    OpenSearchException,
    StatusException,
    UnsupportedOperationException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.log import get_logger
from ragstone.core.threadpool import ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import Engine, RecordStore
from ragstone.ml.activity import Activity
from ragstone.ml.connectors.executor import ConnectorExecutor
from ragstone.ml.connectors.inputs import ParametersInput
from ragstone.ml.connectors.model import Connector, ConnectorRequest
from ragstone.ml.connectors.service import DEPLOYED_STATES, ConnectorService
from ragstone.ml.model_groups.service import ModelGroupService
from ragstone.ml.models.config import parse_model_config
from ragstone.ml.models.deployment import Deployments
from ragstone.ml.models.function_name import TEXT_EMBEDDING, parse_function_name
from ragstone.ml.models.model import Model, UpdateRequest
from ragstone.ml.models.predict import Predictions
from ragstone.ml.models.rate_limiter import RateLimiters
from ragstone.ml.models.registration import Registration
from ragstone.ml.models.users import faults_of_users
from ragstone.ml.ports import PredictResult, SearchPort
from ragstone.ml.rights import require
from ragstone.ml.settings import CUSTOM_DEPLOYMENT_PLAN, SAFE_DELETE, SYNC_INTERVAL
from ragstone.ml.stats import StatsService
from ragstone.ml.system_indices import MODEL, SystemDocuments
from ragstone.ml.tasks import TaskService
from ragstone.providers.api import EmbeddingRuntime

_WHILE_OFF = 10
"""Seconds until the sync job looks at its switched-off interval again."""

log = get_logger(__name__)


class ModelService:
    """Registers, deploys, asks, reads, changes, deletes and finds models."""

    def __init__(
        self,
        engine: Engine,
        settings: ClusterSettings,
        connectors: ConnectorService,
        groups: ModelGroupService,
        tasks: TaskService,
        executor: ConnectorExecutor,
        runtime: EmbeddingRuntime,
        search: SearchPort,
        pools: ThreadPools,
        node: NodeInfo,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._documents = SystemDocuments(engine, MODEL)
        self._records: RecordStore = engine
        self._settings = settings
        self._connectors = connectors
        self._groups = groups
        self._tasks = tasks
        self._search = search
        self._clock = clock
        self._limiters = RateLimiters(clock)
        self.activity = Activity(settings, clock)
        """What is counted of it; of agents and tools too."""
        self._deployments = Deployments(engine, settings, connectors, runtime, pools, node, clock, self.activity)
        self.stats = StatsService(engine, self.activity, self._deployments, tasks, node)
        """What its models do, in figures."""
        self._registration = Registration(
            engine, settings, connectors, groups, tasks, self._deployments, runtime, pools, node, clock, ids,
            self.activity,
        )  # fmt: skip
        self._predictions = Predictions(settings, self._deployments, executor, self._limiters, pools, self.activity)
        self._sync_job: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what was deployed before, fail what was left unfinished, and begin the sync job."""
        await self._tasks.fail_unfinished()
        await self._deployments.start()
        self._sync_job = asyncio.create_task(self._sync())

    async def close(self) -> None:
        if self._sync_job is not None:
            self._sync_job.cancel()
            with suppress(asyncio.CancelledError):
                await self._sync_job
        await self._registration.close()

    # ── registered and deployed ──────────────────────────────────────────────────────────────────────────────────────

    async def register(self, body: Any, *, deploy: bool = False) -> JsonObject:
        """See `Registration.register`."""
        return await self._registration.register(body, deploy=deploy)

    async def deploy(self, id: str, node_ids: Sequence[str] | None = None) -> JsonObject:
        """See `Registration.deploy`."""
        require("deploy_model")
        if node_ids and not self._settings.get(CUSTOM_DEPLOYMENT_PLAN):
            raise IllegalArgumentException("Don't allow custom deployment plan")
        return await self._registration.deploy(id)

    async def undeploy(self, ids: Sequence[str], node_ids: Sequence[str] | None = None) -> JsonObject:
        """See `Deployments.undeploy`."""
        if not ids:
            raise IllegalArgumentException("Must set specific model ids to undeploy")
        require("undeploy_models")
        return await self._deployments.undeploy(ids, node_ids)

    # ── asked ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def predict(
        self, id: str, body: Callable[[], Any], *, algorithm: str | None = None, action_type: str = "PREDICT"
    ) -> PredictResult:
        """See `Predictions.from_body`; `algorithm` in any case. Raises IllegalArgumentException for an unknown one."""
        name = parse_function_name(algorithm) if algorithm is not None else None
        # Differs: OpenSearch tells first that there is no such model, also those who may not ask any.
        require("predict")
        return await self._predictions.from_body(id, body, name, action_type)

    async def refuse_batch(self, id: str) -> NoReturn:
        """Raises StatusException 404, IllegalArgumentException when the model knows no batches, else that we do not."""
        require("predict")
        await self._predictions.check_action(id, "BATCH_PREDICT")
        raise UnsupportedOperationException("Batch prediction is not supported yet")

    async def predict_remote(
        self,
        model_id: str,
        parameters: Mapping[str, Any],
        *,
        literal: bool = False,
        deadline: Deadline | None = None,
    ) -> PredictResult:
        require("predict")
        return await self._predictions.predict(model_id, ParametersInput(parameters, literal), deadline=deadline)

    async def is_remote(self, model_id: str) -> bool:
        live = self._deployments.get(model_id)
        if live is not None:
            return live.model.is_remote
        try:
            model = await self._deployments.find(model_id)
        except IndexNotFoundException:
            return True
        return model is None or model.is_remote

    async def embed(
        self,
        model_id: str,
        texts: Sequence[str],
        *,
        content_type: Literal["query", "passage"] = "passage",
        deadline: Deadline | None = None,
    ) -> list[list[float]]:
        require("predict")
        return await self._predictions.embed(model_id, texts, content_type, deadline)

    async def embed_sparse(
        self, model_id: str, texts: Sequence[str], *, deadline: Deadline | None = None
    ) -> list[dict[str, float]]:
        require("predict")
        return await self._predictions.embed_sparse(model_id, texts, deadline)

    # ── read, changed, deleted, found ────────────────────────────────────────────────────────────────────────────────

    async def get(self, id: str) -> Model:
        """Raises StatusException 404."""
        require("models/get")
        try:
            model = await self._deployments.find(id)
        except IndexNotFoundException:
            raise StatusException(404, "Fail to find model") from None
        if model is None:
            raise StatusException(404, f"Failed to find model with the provided model id: {id}")
        return model

    async def update(self, id: str, body: Any) -> JsonObject:
        """Change what the body names; a deployed model answers as changed when this returns.

        Raises StatusException (404, 403, 409, 400), and as registration does.
        """
        request = UpdateRequest.parse(body)
        require("models/update")
        if request.connector is not None and request.connector_id is not None:
            raise StatusException(
                400,
                "Model cannot have both stand-alone connector and internal connector. Please check your update input "
                "body.",
            )
        model = await self._updatable(id)
        changes = {
            **request.changes,
            "model_id": id,
            "last_updated_time": epoch_millis(self._clock),
            **await self._connector_changes(id, model, request),
        }
        if request.model_config is not None:
            merged = {**(model.model_config or {}), **request.model_config}
            changes["model_config"] = parse_model_config(merged, model.algorithm)
        if request.rate_limiter is not None:
            changes["rate_limiter"] = {**(model.rate_limiter or {}), **request.rate_limiter}
        if request.model_group_id is not None and request.model_group_id != model.model_group_id:
            changes["model_group_id"] = request.model_group_id
            changes["model_version"] = await self._version_in(request.model_group_id)
        stored = await self._documents.change(
            id, lambda document: replace(Model.from_document(document), **changes).to_document()
        )
        if stored is None:
            raise _unknown_to_update(id)
        await self._deployments.refresh(id, Model.from_document(stored[0]))
        return self._documents.write_response(stored[1])

    async def delete(self, id: str) -> JsonObject:
        """Raises StatusException: 404, 400 while it is deployed, 409 while pipelines use it (`safe_delete_model`)."""
        require("models/delete")
        try:
            model = await self._deployments.find(id)
        except IndexNotFoundException:
            model = None
        if model is None:
            raise StatusException(404, "Failed to find model")
        if model.model_state in DEPLOYED_STATES:
            raise StatusException(
                400, "Model cannot be deleted in deploying or deployed state. Try undeploy model first then delete"
            )
        faults = await faults_of_users(self._records, id) if self._settings.get(SAFE_DELETE) else []
        if faults:
            raise StatusException(409, " ".join(faults))
        self._limiters.forget(id)
        self.activity.forget(id)
        return self._documents.write_response(await self._documents.delete(id))

    async def search(self, body: bytes, excludes: Sequence[str]) -> JsonObject:
        """An ordinary search over models, without inline connectors' credentials and what `excludes` names."""
        require("models/search")
        hidden = ("connector.credential", "content", "model_content", *excludes)
        return await self._search.search_index(MODEL.name, body, source_excludes=hidden)

    async def _updatable(self, id: str) -> Model:
        try:
            model = await self._deployments.find(id)
        except IndexNotFoundException:
            model = None
        if model is None:
            raise _unknown_to_update(id)
        if not model.is_remote and model.algorithm != TEXT_EMBEDDING:
            raise StatusException(403, f"The function category {model.algorithm} is not supported at this time.")
        if model.model_state == "DEPLOYING":
            raise StatusException(
                409,
                f"Model is deploying. Please wait for the model to complete deployment. model ID {id}",
            )
        return model

    async def _connector_changes(self, id: str, model: Model, request: UpdateRequest) -> dict[str, Any]:
        if request.connector is None and request.connector_id is None:
            return {}
        if not model.is_remote:
            raise StatusException(400, "Trying to update the connector or connector_id field on a local model.")
        if request.connector is not None:
            if model.connector is None:
                raise StatusException(
                    400,
                    "Cannot update connector settings for this model. The model was created with a connector_id and "
                    "does not have an inline connector.",
                )
            wanted = ConnectorRequest.parse(request.connector)
            wanted.check(update=True)
            inline = Connector.from_document(model.connector)
            change = await self._connectors.changer(inline, wanted, id, None)
            return {"connector": change(inline).to_document()}
        if model.connector_id is None:
            raise StatusException(
                400, "This remote does not have a connector_id field, maybe it uses an internal connector."
            )
        # Differs: OpenSearch takes an unknown connector without a word, and fails at the next deployment.
        await self._connectors.known(request.connector_id or "")
        return {"connector_id": request.connector_id}

    async def _version_in(self, group: str) -> str:
        try:
            version = await self._groups.next_version(group)
        except IndexNotFoundException:
            version = None
        if version is None:
            raise StatusException(
                404,
                "Failed to find the model group with the provided model group id in the update model input, "
                f"MODEL_GROUP_ID: {group}",
            )
        return str(version)

    async def sync(self) -> None:
        """One round of the sync job: undeploy what is idle, fail what is stale."""
        await self._deployments.sweep()
        await self._tasks.fail_stale()

    async def _sync(self) -> None:
        """A round every `sync_up_job_interval_in_seconds`."""
        while True:
            interval = self._settings.get(SYNC_INTERVAL)
            await asyncio.sleep(interval or _WHILE_OFF)
            if interval == 0:
                continue
            try:
                await self.sync()
            except OpenSearchException as error:
                log.warning("sync job failed", reason=error.reason)
            except Exception as error:  # a bug of ours must not end the job unseen
                log.error("sync job failed", exc_info=error)


def _unknown_to_update(id: str) -> StatusException:
    return StatusException(404, f"Failed to find model to update with the provided model id: {id}")
