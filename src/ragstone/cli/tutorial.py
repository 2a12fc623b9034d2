"""The tutorial "RAG using the DeepSeek Chat API" as data: its requests in order, steps 4.2 to 6.3 in their self-managed
form, with the embedding model and index of step 6.2 in 384 dimensions.

A step's texts may hold `{{name}}`; it stands for what an earlier reply was asked to keep under that name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragstone.core import json

QUESTION = (
    "What's the population increase of New York City from 2021 to 2023? How is the trending comparing with Miami?"
)
INDEX = "my-nlp-index"
EMBEDDING_MODEL = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
TRUSTED_DEEPSEEK = r"^https://api\.deepseek\.com/.*$"


@dataclass(frozen=True)
class Chat:
    """The chat model to ask. Its defaults are the tutorial's own lines."""

    api_key: str = field(repr=False)
    model: str = "deepseek-chat"
    url: str = "https://${parameters.endpoint}/v1/chat/completions"
    trusted: str = TRUSTED_DEEPSEEK
    private: bool = False
    """Whether the address is a private one, which the settings must allow."""
    request_body: str = '{ "model": "${parameters.model}", "messages": ${parameters.messages} }'


THINKING_OFF = (
    '{ "model": "${parameters.model}", "messages": ${parameters.messages}, "thinking": { "type": "disabled" } }'
)
"""The tutorial's request body, for models that would think first."""


@dataclass(frozen=True)
class Step:
    """One request. `body` is a JSON value, or lines of NDJSON."""

    title: str
    method: str
    path: str
    body: Any = None
    keep: Mapping[str, str] = field(default_factory=dict)
    """Name to keep under → member of the reply."""
    until: Sequence[str] = ()
    """The request is repeated until the reply's `state` is one of these; the first is success."""
    state: str = "state"
    """The member of the reply that `until` looks at."""

    def filled(self, kept: Mapping[str, str]) -> Step:
        """With every `{{name}}` replaced."""
        return replace(self, path=_fill(self.path, kept), body=_fill(self.body, kept))

    def content(self) -> bytes | None:
        """The body's bytes."""
        if self.body is None:
            return None
        return self.body.encode() if isinstance(self.body, str) else json.encode(self.body)


def _fill(value: Any, kept: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace("{{" + name + "}}", text)
        return value
    if isinstance(value, list):
        return [_fill(item, kept) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, kept) for key, item in value.items()}
    return value


def steps(chat: Chat) -> list[Step]:
    """The tutorial's requests."""
    return [*_connector(chat), *steps_with_connector(chat)]


def steps_with_connector(chat: Chat) -> list[Step]:
    """Steps 5 and 6; they name the connector that there is as `{{connector_id}}`."""
    return [*_chat_model(), *_embedding_model(), *_index(), _search(chat)]


def _connector(chat: Chat) -> list[Step]:
    settings: dict[str, Any] = {"plugins.ml_commons.trusted_connector_endpoints_regex": [chat.trusted]}
    if chat.private:
        settings["plugins.ml_commons.connector.private_ip_enabled"] = True
    connector = {
        "name": "DeepSeek Chat",
        "description": "Test connector for DeepSeek Chat",
        "version": "1",
        "protocol": "http",
        "parameters": {"endpoint": "api.deepseek.com", "model": chat.model},
        "credential": {"deepSeek_key": chat.api_key},
        "actions": [
            {
                "action_type": "predict",
                "method": "POST",
                "url": chat.url,
                "headers": {
                    "Content-Type": "application/json",
                    "Authorization": "Bearer ${credential.deepSeek_key}",
                },
                "request_body": chat.request_body,
            }
        ],
    }
    return [
        Step("Trust the chat model's address", "PUT", "/_cluster/settings", {"persistent": settings}),
        Step(
            "Create a connector",
            "POST",
            "/_plugins/_ml/connectors/_create",
            connector,
            keep={"connector_id": "connector_id"},
        ),
    ]


def _chat_model() -> list[Step]:
    group = {"name": "DeepSeek Chat model", "description": "Test model group for DeepSeek model"}
    model = {
        "name": "DeepSeek Chat model",
        "function_name": "remote",
        "description": "DeepSeek Chat model",
        "model_group_id": "{{model_group_id}}",
        "connector_id": "{{connector_id}}",
    }
    hello = {
        "parameters": {
            "messages": [
                {"role": "system", "content": "You are a helpful assistant."},
                {"role": "user", "content": "Hello!"},
            ]
        }
    }
    rag = {
        "tag": "Demo pipeline",
        "description": "Demo pipeline Using DeepSeek Chat",
        "model_id": "{{model_id}}",
        "context_field_list": ["text"],
        "system_prompt": "You are a helpful assistant.",
        "user_instructions": "Generate a concise and informative answer in less than 100 words for the given question",
    }
    return [
        Step(
            "Create a model group",
            "POST",
            "/_plugins/_ml/model_groups/_register",
            group,
            keep={"model_group_id": "model_group_id"},
        ),
        Step("Register the chat model", "POST", "/_plugins/_ml/models/_register", model, keep={"model_id": "model_id"}),
        Step("Deploy the chat model", "POST", "/_plugins/_ml/models/{{model_id}}/_deploy"),
        Step("Test the chat model", "POST", "/_plugins/_ml/models/{{model_id}}/_predict", hello),
        Step(
            "Create a search pipeline with RAG",
            "PUT",
            "/_search/pipeline/my-conversation-search-pipeline-deepseek-chat",
            {"response_processors": [{"retrieval_augmented_generation": rag}]},
        ),
    ]


def _embedding_model() -> list[Step]:
    settings = {
        "plugins.ml_commons.only_run_on_ml_node": "false",
        "plugins.ml_commons.native_memory_threshold": "99",
    }
    return [
        Step("Allow local models on this node", "PUT", "/_cluster/settings", {"persistent": settings}),
        Step(
            "Register and deploy an embedding model",
            "POST",
            "/_plugins/_ml/models/_register?deploy=true",
            {"name": EMBEDDING_MODEL, "version": "1.0.2", "model_format": "TORCH_SCRIPT"},
            keep={"task_id": "task_id"},
        ),
        Step(
            "Wait for its task",
            "GET",
            "/_plugins/_ml/tasks/{{task_id}}",
            keep={"embedding_model_id": "model_id"},
            until=("COMPLETED", "FAILED", "COMPLETED_WITH_ERROR"),
        ),
        Step(
            "See it deployed",
            "GET",
            "/_plugins/_ml/models/{{embedding_model_id}}",
            until=("DEPLOYED", "DEPLOY_FAILED"),
            state="model_state",
        ),
    ]


def _index() -> list[Step]:
    pipeline = {
        "description": "An NLP ingest pipeline",
        "processors": [
            {"text_embedding": {"model_id": "{{embedding_model_id}}", "field_map": {"text": "passage_embedding"}}}
        ],
    }
    vector = {
        "type": "knn_vector",
        "dimension": 384,
        "space_type": "l2",
        "method": {"name": "hnsw", "engine": "lucene", "parameters": {}},
    }
    index = {
        "settings": {"index.knn": True, "default_pipeline": "nlp-ingest-pipeline"},
        "mappings": {
            "properties": {"id": {"type": "text"}, "passage_embedding": vector, "text": {"type": "text"}},
        },
    }
    return [
        Step("Create an ingest pipeline", "PUT", "/_ingest/pipeline/nlp-ingest-pipeline", pipeline),
        Step("Create a vector index", "PUT", f"/{INDEX}", index),
        Step("Ingest the six documents", "POST", "/_bulk", bulk_lines()),
        # A reader of the tutorial is slower than the second after which they would be searchable anyway.
        Step("Make them searchable now", "POST", f"/{INDEX}/_refresh"),
    ]


def _search(chat: Chat) -> Step:
    body = {
        "query": {
            "neural": {
                "passage_embedding": {"query_text": QUESTION, "model_id": "{{embedding_model_id}}", "k": 5},
            }
        },
        "size": 4,
        "_source": ["text"],
        "ext": {
            "generative_qa_parameters": {
                "llm_model": chat.model,
                "llm_question": QUESTION,
                "context_size": 5,
                "timeout": 15,
            }
        },
    }
    path = f"/{INDEX}/_search?search_pipeline=my-conversation-search-pipeline-deepseek-chat"
    return Step("Ask", "GET", path, body)


# ── the six documents ────────────────────────────────────────────────────────────────────────────────────────────────

_Year = tuple[int, str, str]
METROS: list[tuple[str, list[_Year]]] = [
    (
        "Ogden-Layton",
        [
            (2023, "750,000", "1.63% increase"),
            (2022, "738,000", "1.79% increase"),
            (2021, "725,000", "1.97% increase"),
            (2020, "711,000", "2.16% increase"),
        ],
    ),
    (
        "New York City",
        [
            (2023, "18,937,000", "0.37% increase"),
            (2022, "18,867,000", "0.23% increase"),
            (2021, "18,823,000", "0.1% increase"),
            (2020, "18,804,000", "0.01% decline"),
        ],
    ),
    (
        "Chicago",
        [
            (2023, "8,937,000", "0.4% increase"),
            (2022, "8,901,000", "0.27% increase"),
            (2021, "8,877,000", "0.14% increase"),
            (2020, "8,865,000", "0.03% increase"),
        ],
    ),
    (
        "Miami",
        [
            (2023, "6,265,000", "0.8% increase"),
            (2022, "6,215,000", "0.78% increase"),
            (2021, "6,167,000", "0.74% increase"),
            (2020, "6,122,000", "0.71% increase"),
        ],
    ),
    (
        "Austin",
        [
            (2023, "2,228,000", "2.39% increase"),
            (2022, "2,176,000", "2.79% increase"),
            (2021, "2,117,000", "3.12% increase"),
            (2020, "2,053,000", "3.43% increase"),
        ],
    ),
    (
        "Seattle",
        [
            (2023, "3,519,000", "0.86% increase"),
            (2022, "3,489,000", "0.81% increase"),
            (2021, "3,461,000", "0.82% increase"),
            (2020, "3,433,000", "0.79% increase"),
        ],
    ),
]


def documents() -> list[str]:
    """The texts, as the tutorial has them: in all but the first, lines are separated by a backslash and an n."""
    texts = []
    for number, (name, years) in enumerate(METROS):
        lines = [
            f"Chart and table of population level and growth rate for the {name} metro area from 1950 to 2023. "
            "United Nations population projections are also included through the year 2035."
        ]
        for year, figure, change in years:
            current, verb = ("current ", "is") if year == 2023 else ("", "was")
            lines.append(
                f"The {current}metro area population of {name} in {year} {verb} {figure}, a {change} from {year - 1}."
            )
        texts.append(("\n" if number == 0 else "\\n").join(lines))
    return texts


def bulk_lines() -> str:
    lines = []
    for number, text in enumerate(documents(), 1):
        lines.append(json.encode({"index": {"_index": INDEX, "_id": str(number)}}).decode())
        lines.append(json.encode({"text": text}).decode())
    return "".join(f"{line}\n" for line in lines)
