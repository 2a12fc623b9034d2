"""Predictions: from a model's id and an input to its answer, with everything that is checked on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragstone.core.clock import Deadline
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import IllegalArgumentException, OpenSearchTimeoutException, StatusException
from ragstone.core.threadpool import ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.ml.activity import Action, Activity
from ragstone.ml.connectors.executor import ConnectorExecutor
from ragstone.ml.connectors.inputs import ModelInput, ParametersInput, TextDocsInput
from ragstone.ml.features import check_local_models, check_remote_inference
from ragstone.ml.fields import Fields
from ragstone.ml.models import guardrails, interface
from ragstone.ml.models.deployment import Deployments, Live
from ragstone.ml.models.function_name import TEXT_EMBEDDING
from ragstone.ml.models.functions.function import function_of
from ragstone.ml.models.model import Model
from ragstone.ml.models.rate_limiter import RateLimiters
from ragstone.ml.models.text_embedding import as_lists, prefixed, results
from ragstone.ml.ports import PredictResult
from ragstone.ml.settings import AUTO_DEPLOY
from ragstone.providers.api import Vectors

_NOT_READY = "Model not ready yet. Please deploy the model first."


class Predictions:
    def __init__(
        self,
        settings: ClusterSettings,
        deployments: Deployments,
        executor: ConnectorExecutor,
        limiters: RateLimiters,
        pools: ThreadPools,
        activity: Activity,
    ) -> None:
        self._activity = activity
        self._settings = settings
        self._deployments = deployments
        self._executor = executor
        self._limiters = limiters
        self._pools = pools

    async def from_body(
        self, model_id: str, body: Callable[[], Any], algorithm: str | None, action_type: str
    ) -> PredictResult:
        """Read a request's body as `algorithm` (None: the model's own) says, and predict.

        `body` is asked for the decoded body once the model is known to exist.
        """
        live, model = await self._model(model_id)
        fields = Fields(body())
        given = function_of(algorithm or model.algorithm).parse(fields, remote=model.is_remote)
        named = fields.text("action_type") if isinstance(given, ParametersInput) else None
        return await self._run(model_id, live, model, given, _action_type(named or action_type), None)

    async def predict(
        self, model_id: str, given: ModelInput, action_type: str = "PREDICT", deadline: Deadline | None = None
    ) -> PredictResult:
        """Predict.

        The order of checks is OpenSearch's: the model exists, the feature is on, the model is enabled, a local model's
        rate, the interface, deployment; then for remote models template, rate and guardrails around the call; at last
        the interface again. Raises StatusException, IllegalArgumentException, MLException, OpenSearchTimeoutException.
        """
        live, model = await self._model(model_id)
        return await self._run(model_id, live, model, given, action_type, deadline)

    async def check_action(self, model_id: str, action_type: str) -> None:
        """Raises StatusException 404, IllegalArgumentException when the model's connector has no such action."""
        live, model = await self._model(model_id)
        live = live or (await self._auto_deploy(model_id, model) if model.is_remote else None)
        if live is None or live.bound is None or live.bound.connector.action(action_type) is None:
            raise IllegalArgumentException(f"no {action_type} action found")

    async def embed(
        self,
        model_id: str,
        texts: Sequence[str],
        content_type: Literal["query", "passage"],
        deadline: Deadline | None,
    ) -> list[list[float]]:
        """One vector per text. Raises as `predict`, and IllegalArgumentException when it is no embedding model."""
        if not texts:
            return []
        live, model = await self._model(model_id)
        if model.is_remote:
            answer = await self._run(model_id, live, model, TextDocsInput(tuple(texts)), "PREDICT", deadline)
            vectors = [
                output.get("data") for result in answer.inference_results for output in result.get("output") or ()
            ]
            if len(vectors) != len(texts) or not all(isinstance(vector, list) for vector in vectors):
                raise IllegalArgumentException(
                    f"Model [{model_id}] did not answer with one vector per text: check the connector's "
                    "post_process_function"
                )
            return [vector for vector in vectors if vector is not None]
        with (
            self._activity.request("predict", model.algorithm, model_id),
            self._activity.timed(model_id, "predict_request_stats"),
        ):
            live = self._check_local(model_id, live, model)
            asymmetric = any(name in (model.model_config or {}) for name in ("query_prefix", "passage_prefix"))
            with self._activity.timed(model_id, "model_inference_stats"):
                vectors_found = await self._vectors(live, texts, content_type if asymmetric else None, deadline)
        return as_lists(vectors_found)

    async def embed_sparse(
        self, model_id: str, texts: Sequence[str], deadline: Deadline | None
    ) -> list[dict[str, float]]:
        """Weighted tokens per text. Raises as `predict`, and IllegalArgumentException when it is no such model."""
        if not texts:
            return []
        live, model = await self._model(model_id)
        if not model.is_remote:
            raise IllegalArgumentException(f"A {model.algorithm} model can not take this input")
        answer = await self._run(model_id, live, model, TextDocsInput(tuple(texts)), "PREDICT", deadline)
        found = [tokens for result in answer.inference_results for tokens in _token_weights(result)]
        if len(found) != len(texts):
            raise IllegalArgumentException(
                f"Model [{model_id}] did not answer with tokens and weights for each text: it is no sparse encoding "
                "model, or its connector's post_process_function is wrong"
            )
        return found

    # ── the way ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _model(self, id: str) -> tuple[Live | None, Model]:
        live = self._deployments.get(id)
        return live, live.model if live is not None else await self._deployments.read(id)

    async def _run(
        self,
        id: str,
        live: Live | None,
        model: Model,
        given: ModelInput,
        action_type: str,
        deadline: Deadline | None,
    ) -> PredictResult:
        action: Action = "batch_predict" if action_type == "BATCH_PREDICT" else "predict"
        with self._activity.request(action, model.algorithm, id), self._activity.timed(id, "predict_request_stats"):
            if model.is_remote:
                check_remote_inference(self._settings)
            else:
                live = self._check_local(id, live, model)
            _check_enabled(model)
            if isinstance(given, ParametersInput):
                interface.check_input(model.interface, model.algorithm, given.parameters, action_type)
            if model.is_remote:
                live = live or await self._auto_deploy(id, model)
            assert live is not None
            with self._activity.timed(id, "model_inference_stats"):
                if model.is_remote:
                    answer = await self._remote(live, given, action_type, deadline)
                else:
                    answer = await self._local(live, given, deadline)
            interface.check_output(model.interface, {"inference_results": answer})
            return PredictResult(answer)

    def _check_local(self, id: str, live: Live | None, model: Model) -> Live:
        """The deployed local model, within its rate. Raises StatusException, IllegalArgumentException."""
        check_local_models(self._settings)
        _check_enabled(model)
        self._limiters.take(id, model.rate_limiter)
        if live is None:
            raise IllegalArgumentException(_NOT_READY)
        return live

    async def _auto_deploy(self, id: str, model: Model) -> Live:
        if not self._settings.get(AUTO_DEPLOY):
            raise IllegalArgumentException(_NOT_READY)
        if (model.deploy_setting or {}).get("is_auto_deploy_enabled") is False:
            raise IllegalArgumentException(
                f"Auto deployment disabled for this model, please deploy model first Model ID: {id}"
            )
        return await self._deployments.ensure_remote(id)

    async def _remote(
        self, live: Live, given: ModelInput, action_type: str, deadline: Deadline | None
    ) -> list[JsonObject]:
        assert live.bound is not None
        guard = _Guard(live, self._limiters, self._ask)
        return await self._executor.execute(live.bound, action_type, given, guard, deadline)

    async def _local(self, live: Live, given: ModelInput, deadline: Deadline | None) -> list[JsonObject]:
        if live.model.algorithm != TEXT_EMBEDDING or not isinstance(given, TextDocsInput):
            raise IllegalArgumentException(f"A {live.model.algorithm} model can not take this input")
        return results(await self._vectors(live, given.texts, given.content_type, deadline), given)

    async def _vectors(
        self, live: Live, texts: Sequence[str], content_type: str | None, deadline: Deadline | None
    ) -> Vectors:
        wanted = prefixed(texts, live.model.model_config, content_type)
        try:
            async with asyncio.timeout(deadline.remaining() if deadline is not None else None):
                model = await self._deployments.embedding_model(live)
                return await self._pools.run("ml_predict", model.embed, wanted)
        except TimeoutError:
            raise OpenSearchTimeoutException("The local model did not answer in the time it was given") from None

    async def _ask(self, model_id: str, parameters: Mapping[str, Any]) -> Any:
        """What a guardrail model answers."""
        found = (await self.predict(model_id, ParametersInput(parameters))).first_map()
        return (found or {}).get("response")


@dataclass(frozen=True)
class _Guard:
    """What stands around every call of a remote model: its rate and its guardrails."""

    live: Live
    limiters: RateLimiters
    ask: guardrails.Ask

    async def before_send(self, payload: str, parameters: Mapping[str, Any]) -> None:
        self.limiters.take(self.live.id, self.live.model.rate_limiter)
        await guardrails.check(self.live.model.guardrails, "input", payload, parameters, self.ask)

    async def after_answer(self, body: str, parameters: Mapping[str, Any]) -> None:
        await guardrails.check(self.live.model.guardrails, "output", body, parameters, self.ask)


def _token_weights(result: JsonObject) -> Iterator[dict[str, float]]:
    """What one call of a sparse encoding model says: `{"response": [{token: weight, ...}, ...]}`."""
    for output in result.get("output") or ():
        response = (output.get("dataAsMap") or {}).get("response")
        for tokens in response if isinstance(response, list) else ():
            if isinstance(tokens, dict) and all(type(weight) in (int, float) for weight in tokens.values()):
                yield {token: float(weight) for token, weight in tokens.items()}


def _check_enabled(model: Model) -> None:
    if model.is_enabled is False:
        raise StatusException(403, "Model is disabled.")


def _action_type(text: str) -> str:
    """Raises IllegalArgumentException for an unknown one."""
    if text.upper() not in ("PREDICT", "EXECUTE", "BATCH_PREDICT", "CANCEL_BATCH_PREDICT", "BATCH_PREDICT_STATUS"):
        raise IllegalArgumentException(f"Wrong Action Type of {text}")
    return text.upper()
