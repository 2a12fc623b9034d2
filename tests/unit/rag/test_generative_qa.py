"""The use case: hits and a question in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from ragstone.core import json
from ragstone.core.clock import Deadline
from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    OpenSearchException,
    OpenSearchTimeoutException,
    ResourceNotFoundException,
    RuntimeException,
)
from ragstone.engine.values import Hit
from ragstone.ml.memory.model import Message, NewMessage
from ragstone.ml.ports import PredictResult
from ragstone.rag.generative_qa import STRICT_CONTEXT, GenerativeQA, GenerativeQAConfig
from ragstone.rag.parameters import GenerativeQAParameters, ParameterException
from ragstone.testing.clock import ManualClock


@dataclass
class FakeModel:
    answer: Any = "A1"
    missing: frozenset[str] = frozenset()
    """Parameters whose placeholder the template has: a call without one of them is refused."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    deadlines: list[Deadline | None] = field(default_factory=list)

    async def predict_remote(
        self, model_id: str, parameters: Mapping[str, Any], *, literal: bool = False, deadline: Deadline | None = None
    ) -> PredictResult:
        assert literal
        unfilled = self.missing - set(parameters)
        if unfilled:
            raise IllegalArgumentException(f"Some parameter placeholder not filled in payload: {', '.join(unfilled)}")
        self.calls.append(dict(parameters))
        self.deadlines.append(deadline)
        if isinstance(self.answer, OpenSearchException):
            raise self.answer
        data = self.answer
        if isinstance(data, str):
            data = {"choices": [{"message": {"role": "assistant", "content": data}}]}
        return PredictResult([{"output": [{"name": "response", "dataAsMap": data}], "status_code": 200}])

    async def embed_sparse(
        self, model_id: str, texts: Sequence[str], *, deadline: Deadline | None = None
    ) -> list[dict[str, float]]:
        raise AssertionError("nothing here embeds")

    async def is_remote(self, model_id: str) -> bool:
        return True

    async def embed(
        self,
        model_id: str,
        texts: Sequence[str],
        *,
        content_type: Literal["query", "passage"] = "passage",
        deadline: Deadline | None = None,
    ) -> list[list[float]]:
        raise AssertionError("nothing here embeds")


@dataclass
class FakeMemory:
    known: frozenset[str] = frozenset({"mem"})
    stored: list[NewMessage] = field(default_factory=list)
    broken: bool = False

    async def check(self, memory_id: str) -> None:
        if memory_id not in self.known:
            raise ResourceNotFoundException(f"Memory [{memory_id}] not found")

    async def latest_turns(self, memory_id: str, size: int) -> list[Message]:
        whole = [message for message in self.stored if message.input and message.response]
        return [Message("x", message.to_document(memory_id, "now")) for message in whole[-size:]]

    async def add_message(self, memory_id: str, message: NewMessage) -> str:
        if self.broken:
            raise OpenSearchException("the disk is full")
        self.stored.append(message)
        return f"msg{len(self.stored)}"


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


@pytest.fixture
def qa(model: FakeModel, memory: FakeMemory) -> GenerativeQA:
    return GenerativeQA(model, memory, StaticClusterSettings({}), ManualClock())


CONFIG = GenerativeQAConfig(model_id="M", context_fields=("text",), system_prompt="S", user_instructions="U")


def hits(*sources: Any) -> list[Hit]:
    return [Hit("i", str(n), 1.0, json.encode(source)) for n, source in enumerate(sources, 1)]


def ask(**members: Any) -> GenerativeQAParameters:
    return GenerativeQAParameters.parse({"llm_model": "m", "llm_question": "q", **members})


async def contexts(
    qa: GenerativeQA, model: FakeModel, config: GenerativeQAConfig, found: list[Hit], **m: Any
) -> list[str]:
    await qa.answer(config, ask(**m), found)
    return [line for line in model.calls[-1]["messages"][-1]["content"].split("\n\n") if line.startswith("SEARCH")]


async def test_an_answer_without_memory_is_only_the_answer(qa: GenerativeQA) -> None:
    assert (await qa.answer(CONFIG, ask(), hits({"text": "t"}))).to_json() == {"answer": "A1"}


async def test_contexts_are_numbered_per_hit_and_field_and_the_size_counts_hits(
    qa: GenerativeQA, model: FakeModel
) -> None:
    config = GenerativeQAConfig(model_id="M", context_fields=("title", "text"), user_instructions="U")
    found = hits({"title": "h1", "text": "t1"}, {"title": "h2", "text": "t2"})
    assert await contexts(qa, model, config, found) == [
        "SEARCH RESULT 1: h1",
        "SEARCH RESULT 2: t1",
        "SEARCH RESULT 3: h2",
        "SEARCH RESULT 4: t2",
    ]
    assert len(await contexts(qa, model, config, found, context_size=1)) == 2
    assert len(await contexts(qa, model, config, found, context_size=100)) == 4
    assert await contexts(qa, model, config, found, context_size=0) == []
    assert await contexts(qa, model, config, found, context_size=-5) == []


async def test_a_missing_context_field_is_passed_over(qa: GenerativeQA, model: FakeModel) -> None:
    found = hits({"text": "kept"}, {"title": "none"}, {"text": None}, {"text": "too"})
    found.append(Hit("i", "9", 1.0, None, extra={"fields": {"text": ["from fields"]}}))
    assert await contexts(qa, model, CONFIG, found) == [
        "SEARCH RESULT 1: kept",
        "SEARCH RESULT 2: too",
        "SEARCH RESULT 3: from fields",
    ]


async def test_the_strict_setting_makes_a_missing_field_fail_without_showing_the_document(model: FakeModel) -> None:
    settings = StaticClusterSettings({STRICT_CONTEXT.key: "true"})
    qa = GenerativeQA(model, FakeMemory(), settings, ManualClock())
    with pytest.raises(RuntimeException) as caught:
        await qa.answer(CONFIG, ask(), hits({"secret": "s"}))
    assert caught.value.reason == "Context text not found in search hit [i/1]"


async def test_the_requests_prompts_and_model_beat_the_pipelines(qa: GenerativeQA, model: FakeModel) -> None:
    config = GenerativeQAConfig(model_id="M", context_fields=("text",), llm_model="m0", system_prompt="S")
    await qa.answer(config, ask(llm_model=None), [])
    assert (model.calls[-1]["model"], model.calls[-1]["messages"][0]) == ("m0", {"role": "system", "content": "S"})
    await qa.answer(config, ask(llm_model="m1", system_prompt="S2", user_instructions="U2"), [])
    assert model.calls[-1]["model"] == "m1"
    assert [m["content"].split("\n\n")[0] for m in model.calls[-1]["messages"]] == ["S2", "U2"]
    await qa.answer(config, ask(system_prompt=""), [])
    assert [m["role"] for m in model.calls[-1]["messages"]] == ["user"]


async def test_a_model_name_is_needed(qa: GenerativeQA, model: FakeModel) -> None:
    with pytest.raises(ParameterException, match=r"llm_model cannot be null\."):
        await qa.answer(CONFIG, ask(llm_model=None), [])
    await qa.answer(CONFIG, ask(llm_model=""), [])
    assert model.calls[-1]["model"] == ""


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_timeout_goes_to_the_model_as_a_deadline(qa: GenerativeQA, model: FakeModel) -> None:
    await qa.answer(CONFIG, ask(timeout=15), [])
    await qa.answer(CONFIG, ask(), [])
    await qa.answer(CONFIG, ask(timeout=-3), [])
    first, *others = model.deadlines
    assert first is not None
    assert first.remaining() == 15.0
    assert others == [None, None]


async def test_a_budget_that_reading_the_memory_used_up_ends_before_the_model_is_called(
    model: FakeModel, memory: FakeMemory
) -> None:
    qa = GenerativeQA(model, memory, StaticClusterSettings({}), ManualClock(step=2.0))
    with pytest.raises(OpenSearchTimeoutException) as caught:
        await qa.answer(CONFIG, ask(timeout=1, memory_id="mem"), [])
    assert caught.value.status == 504
    assert model.calls == []


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_models_own_error_is_shown_alone(qa: GenerativeQA, model: FakeModel) -> None:
    model.answer = {"error": {"message": "boom"}}
    assert (await qa.answer(CONFIG, ask(memory_id="mem"), [])).to_json() == {"error": "boom"}


async def test_a_model_that_embeds_is_told_to_be_none_for_language(qa: GenerativeQA, model: FakeModel) -> None:
    model.answer = None
    with pytest.raises(IllegalArgumentException, match="no language model"):
        await qa.answer(CONFIG, ask(), [])


async def test_a_response_field_does_not_keep_messages_from_a_connector_that_takes_them(
    qa: GenerativeQA, model: FakeModel
) -> None:
    model.missing = frozenset({"messages", "model"})
    model.answer = {"said": "yes"}
    assert (await qa.answer(CONFIG, ask(llm_response_field="said"), [])).to_json() == {"answer": "yes"}
    assert len(model.calls) == 1
    model.missing = frozenset({"inputs"})
    await qa.answer(CONFIG, ask(llm_response_field="said"), [])
    assert model.calls[-1].keys() == {"inputs"}


async def test_another_unfilled_placeholder_stays_the_error_it_is(qa: GenerativeQA, model: FakeModel) -> None:
    model.missing = frozenset({"prompt"})
    with pytest.raises(IllegalArgumentException, match="not filled in payload: prompt"):
        await qa.answer(CONFIG, ask(), [])


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_turn_is_remembered_and_the_next_one_sees_it(
    qa: GenerativeQA, model: FakeModel, memory: FakeMemory
) -> None:
    first = await qa.answer(CONFIG, ask(llm_question="one?", memory_id="mem"), hits({"text": "t"}))
    assert first.to_json() == {"answer": "A1", "message_id": "msg1"}
    assert memory.stored == [
        NewMessage(
            input="one?",
            prompt_template='[{"role":"system","content":"S"},{"role":"user","content":"U"}]',
            response="A1",
            origin="retrieval_augmented_generation",
            additional_info={"metadata": '["t"]'},
        )
    ]
    await qa.answer(CONFIG, ask(llm_question="two?", memory_id="mem"), [])
    assert [m["content"] for m in model.calls[-1]["messages"]] == [
        "S",
        "U\n\none?",
        "A1",
        "QUESTION: two?\n\n\nANSWER:",
    ]


async def test_the_newest_turns_make_the_history_oldest_first(
    qa: GenerativeQA, model: FakeModel, memory: FakeMemory
) -> None:
    memory.stored = [NewMessage(input=f"q{n}", response=f"a{n}") for n in range(12)]
    await qa.answer(CONFIG, ask(memory_id="mem", message_size=3), [])
    said = [m["content"] for m in model.calls[-1]["messages"] if m["role"] == "assistant"]
    assert said == ["a9", "a10", "a11"]
    await qa.answer(CONFIG, ask(memory_id="mem"), [])
    assert sum(m["role"] == "assistant" for m in model.calls[-1]["messages"]) == 10


async def test_a_failed_turn_does_not_poison_the_memory(qa: GenerativeQA, model: FakeModel, memory: FakeMemory) -> None:
    model.answer = {"error": {"message": "boom"}}
    await qa.answer(CONFIG, ask(llm_question="fails?", memory_id="mem"), [])
    model.answer = "A2"
    await qa.answer(CONFIG, ask(memory_id="mem"), [])
    assert [m["role"] for m in model.calls[-1]["messages"]] == ["system", "user"]


async def test_the_prompts_in_force_are_what_is_remembered(qa: GenerativeQA, memory: FakeMemory) -> None:
    config = GenerativeQAConfig(model_id="M", context_fields=("text",))
    await qa.answer(config, ask(memory_id="mem", system_prompt="req"), [])
    await qa.answer(config, ask(memory_id="mem"), [])
    assert [m.prompt_template for m in memory.stored] == ['[{"role":"system","content":"req"}]', "[]"]


@pytest.mark.parametrize(
    ("members", "error", "reason"),
    [
        ({"memory_id": ""}, ParameterException, "Empty conversation_id is not allowed."),
        ({"memory_id": "  "}, ParameterException, "Empty conversation_id is not allowed."),
        ({"memory_id": "gone"}, ResourceNotFoundException, "Memory [gone] not found"),
        (
            {"memory_id": "mem", "message_size": 0},
            ActionRequestValidationException,
            "Validation Failed: 1: The number of interactions to retrieve must be positive;",
        ),
    ],
)
async def test_the_memory_is_looked_at_before_the_model_is_paid_for(
    qa: GenerativeQA, model: FakeModel, members: Any, error: type[OpenSearchException], reason: str
) -> None:
    with pytest.raises(error) as caught:
        await qa.answer(CONFIG, ask(**members), [])
    assert caught.value.reason == reason
    assert model.calls == []


async def test_an_answer_that_cannot_be_remembered_is_given_all_the_same(qa: GenerativeQA, memory: FakeMemory) -> None:
    memory.broken = True
    shown = (await qa.answer(CONFIG, ask(memory_id="mem"), [])).to_json()
    assert shown == {"answer": "A1", "warnings": ["The answer was not added to the memory: the disk is full"]}
