"""Generative answers: contexts from hits, a prompt, one call of a language model, its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ragstone.core import json
from ragstone.core.clock import Clock, Deadline
from ragstone.core.cluster_settings import ClusterSettings, boolean, cluster_setting
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchException,
    OpenSearchTimeoutException,
    RuntimeException,
)
from ragstone.core.log import get_logger
from ragstone.core.xcontent import JsonObject
from ragstone.engine.values import Hit
from ragstone.ml.ports import Predictor, PredictResult
from ragstone.rag.conversation import Memory, history, remember
from ragstone.rag.llm_io import Family, Reply, family_of, parameters_for, read_reply
from ragstone.rag.parameters import GenerativeQAParameters, ParameterException
from ragstone.rag.prompt import Prompt, Turn, context_text

ARRAY_CONTENT = cluster_setting(
    "plugins.ragstone.rag.array_content",
    False,
    boolean,
    effect="messages of generative answers always have arrays of blocks as content",
)
STRICT_CONTEXT = cluster_setting(
    "plugins.ragstone.rag.strict_context",
    False,
    boolean,
    effect="a hit without a context field fails the search",
)

log = get_logger("rag")


@dataclass(frozen=True, kw_only=True)
class GenerativeQAConfig:
    """What the pipeline says of its answers."""

    model_id: str
    context_fields: tuple[str, ...]
    llm_model: str | None = None
    system_prompt: str | None = None
    user_instructions: str | None = None


@dataclass(frozen=True)
class GeneratedAnswer:
    """Either an answer or the model's own error. `message_id` names the turn in the conversation's memory."""

    reply: Reply
    message_id: str | None = None
    warnings: Sequence[str] = field(default=())

    def to_json(self) -> JsonObject:
        """The section of the response's `ext`."""
        shown: JsonObject = {"answer": self.reply.answer} if self.reply.error is None else {"error": self.reply.error}
        if self.reply.error is None and self.message_id is not None:
            shown["message_id"] = self.message_id
        if self.warnings:
            shown["warnings"] = list(self.warnings)
        return shown


class GenerativeQA:
    """The use case behind the response processor `retrieval_augmented_generation`."""

    def __init__(self, predictor: Predictor, memory: Memory, settings: ClusterSettings, clock: Clock) -> None:
        self._predictor = predictor
        self._memory = memory
        self._settings = settings
        self._clock = clock

    async def answer(
        self, config: GenerativeQAConfig, parameters: GenerativeQAParameters, hits: Sequence[Hit]
    ) -> GeneratedAnswer:
        """Answer the question from the hits, in their order.

        `parameters.timeout` is the budget of reading the memory and calling the model together. The memory is looked
        at before the model is paid for. Cancelling the caller cancels the model's call.
        Raises ParameterException, OpenSearchTimeoutException, StatusException (the provider's own status, 404 for an
        unknown model, 502 for an unreadable response), IllegalArgumentException, ResourceNotFoundException.
        """
        llm_model = parameters.llm_model if parameters.llm_model is not None else config.llm_model
        if llm_model is None:
            raise ParameterException("llm_model cannot be null.")
        seconds = parameters.timeout if parameters.timeout is not None and parameters.timeout > 0 else None
        deadline = Deadline.after(self._clock, seconds) if seconds is not None else None
        turns: list[Turn] = []
        if parameters.memory_id is not None:
            turns = await history(self._memory, parameters.memory_id, parameters.message_size)
        if deadline is not None and deadline.expired:
            raise OpenSearchTimeoutException(f"No answer within the timeout of {seconds}s")
        prompt = Prompt(
            system_prompt=_in_force(parameters.system_prompt, config.system_prompt),
            user_instructions=_in_force(parameters.user_instructions, config.user_instructions),
            contexts=self._contexts(config.context_fields, _used(hits, parameters.context_size)),
            history=turns,
            question=parameters.llm_question,
            messages=parameters.messages,
        )
        family = family_of(llm_model, parameters.llm_response_field)
        result = await self._predict(config.model_id, family, prompt, llm_model, deadline)
        data = result.first_map()
        if data is None:
            raise IllegalArgumentException(
                f"The model [{config.model_id}] did not answer with text: it is no language model"
            )
        reply = read_reply(family, data, parameters.llm_response_field)
        if parameters.memory_id is None:
            return GeneratedAnswer(reply)
        return await self._remembered(parameters.memory_id, prompt, reply)

    async def _predict(
        self, model_id: str, family: Family, prompt: Prompt, llm_model: str, deadline: Deadline | None
    ) -> PredictResult:
        array = self._settings.get(ARRAY_CONTENT)
        given = parameters_for(family, prompt, llm_model, array_content=array)
        try:
            return await self._predictor.predict_remote(model_id, given, literal=True, deadline=deadline)
        except IllegalArgumentException as error:
            # A connector for messages, asked with `llm_response_field`: the wish for another place of the answer is
            # no reason to speak to the model in another way. Nothing has been sent yet.
            if family != "custom" or "not filled in payload" not in (error.reason or ""):
                raise
            given |= parameters_for("openai", prompt, llm_model, array_content=array)
            return await self._predictor.predict_remote(model_id, given, literal=True, deadline=deadline)

    def _contexts(self, fields: Sequence[str], hits: Sequence[Hit]) -> list[str]:
        """One text per hit and field, in order; from the stored document, whatever of it is shown."""
        contexts: list[str] = []
        strict = self._settings.get(STRICT_CONTEXT)
        for hit in hits:
            source = json.decode(hit.source) if hit.source is not None else {}
            shown = hit.extra.get("fields", {})
            for name in fields:
                text = context_text(source, name)
                if text is None:
                    text = context_text(shown, name)
                if text is not None:
                    contexts.append(text)
                elif strict:
                    raise RuntimeException(f"Context {name} not found in search hit [{hit.index}/{hit.id}]")
        return contexts

    async def _remembered(self, memory_id: str, prompt: Prompt, reply: Reply) -> GeneratedAnswer:
        try:
            message_id = await remember(self._memory, memory_id, prompt, reply.answer)
        except OpenSearchException as error:
            # The answer is there and paid for.
            log.warning("turn not remembered", memory=memory_id, reason=error.reason)
            return GeneratedAnswer(reply, warnings=[f"The answer was not added to the memory: {error.reason}"])
        return GeneratedAnswer(reply, message_id)


def _in_force(requested: str | None, configured: str | None) -> str | None:
    """An empty text of the request beats the pipeline's, and then says nothing."""
    return requested if requested is not None else configured


def _used(hits: Sequence[Hit], context_size: int | None) -> Sequence[Hit]:
    """All hits where no size is given; none where it is zero or less."""
    return hits if context_size is None else hits[: max(context_size, 0)]
