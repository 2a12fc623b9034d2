"""Conversation memory in generative answers: what was said before, and what is remembered of this turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ragstone.core import json
from ragstone.core.errors import ActionRequestValidationException
from ragstone.ml.memory.model import Message, NewMessage
from ragstone.rag.parameters import ParameterException
from ragstone.rag.prompt import Prompt, Turn

DEFAULT_MESSAGES = 10
ORIGIN = "retrieval_augmented_generation"


class Memory(Protocol):
    """What is needed of conversation memories; MemoryService has it."""

    async def check(self, memory_id: str) -> None: ...

    async def latest_turns(self, memory_id: str, size: int) -> list[Message]: ...

    async def add_message(self, memory_id: str, message: NewMessage) -> str: ...


async def history(memory: Memory, memory_id: str, size: int | None) -> list[Turn]:
    """The latest `size` whole turns (10 where None), oldest first.

    `Differs:` OpenSearch takes the oldest ones, newest first, and fails on a turn without question or answer.
    Raises ParameterException for a blank id, ActionRequestValidationException for a size that is not positive,
    ResourceNotFoundException for an unknown memory.
    """
    if not memory_id.strip():
        raise ParameterException("Empty conversation_id is not allowed.")
    await memory.check(memory_id)
    if size is not None and size <= 0:
        raise ActionRequestValidationException.of(["The number of interactions to retrieve must be positive"])
    messages = await memory.latest_turns(memory_id, size if size is not None else DEFAULT_MESSAGES)
    return [Turn(message.input or "", message.response or "") for message in messages]


async def remember(memory: Memory, memory_id: str, prompt: Prompt, answer: str | None) -> str:
    """Store this turn and tell the message's id. A turn without an answer is stored too, and no part of any history."""
    return await memory.add_message(
        memory_id,
        NewMessage(
            input=prompt.question,
            prompt_template=_template(prompt),
            response=answer,
            origin=ORIGIN,
            additional_info={"metadata": _list(prompt.contexts)},
        ),
    )


def _template(prompt: Prompt) -> str:
    """The prompts in force as a JSON text. `Differs:` those of the request where it brought any."""
    said = (("system", prompt.system_prompt), ("user", prompt.user_instructions))
    return json.encode([{"role": role, "content": text} for role, text in said if text]).decode()


def _list(contexts: Sequence[str]) -> str:
    return json.encode(list(contexts)).decode()
