"""The models that OpenSearch publishes under a name, and how to use those that run here.

Names, versions, formats and dimensions: OpenSearch's page on pretrained models. Pooling and normalisation: the
models' own cards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragstone.providers.api import PretrainedModel

_BOTH, _TORCH = ("TORCH_SCRIPT", "ONNX"), ("TORCH_SCRIPT",)
_HUGGINGFACE, _SPARSE = "huggingface/sentence-transformers/", "amazon/neural-sparse/opensearch-neural-sparse-"


@dataclass(frozen=True)
class Pooling:
    """How a model's token vectors become one vector; used where its graph does not do that itself."""

    mode: Literal["mean", "cls"] = "mean"
    unit: bool = True
    """Divide by the L2 norm."""


def _dense(
    name: str,
    dimension: int,
    model_type: str,
    versions: tuple[str, ...] = ("1.0.1", "1.0.2"),
    formats: tuple[str, ...] = _BOTH,
    pull_name: str | None = None,
) -> PretrainedModel:
    return PretrainedModel(
        name=_HUGGINGFACE + name,
        versions=versions,
        formats=formats,
        function_name="TEXT_EMBEDDING",
        dimension=dimension,
        model_type=model_type,
        framework_type="SENTENCE_TRANSFORMERS",
        pull_name=pull_name,
    )


def _other(name: str, function_name: str, version: str, formats: tuple[str, ...] = _TORCH) -> PretrainedModel:
    return PretrainedModel(name=name, versions=(version,), formats=formats, function_name=function_name, dimension=None)


CATALOGUE: tuple[PretrainedModel, ...] = (
    _dense("all-MiniLM-L6-v2", 384, "bert", pull_name="all-MiniLM-L6-v2"),
    _dense("all-MiniLM-L12-v2", 384, "bert"),
    _dense("all-distilroberta-v1", 768, "roberta"),
    _dense("all-mpnet-base-v2", 768, "mpnet"),
    _dense("msmarco-distilbert-base-tas-b", 768, "distilbert", ("1.0.1", "1.0.2", "1.0.3")),
    _dense("multi-qa-MiniLM-L6-cos-v1", 384, "bert"),
    _dense("multi-qa-mpnet-base-dot-v1", 768, "mpnet"),
    _dense("paraphrase-MiniLM-L3-v2", 384, "bert"),
    _dense("paraphrase-multilingual-MiniLM-L12-v2", 384, "bert"),
    _dense("paraphrase-mpnet-base-v2", 768, "mpnet", ("1.0.0", "1.0.1")),
    _dense("distiluse-base-multilingual-cased-v1", 512, "distilbert", formats=_TORCH),
    _other(_SPARSE + "encoding-v1", "SPARSE_ENCODING", "1.0.1"),
    _other(_SPARSE + "encoding-v2-distill", "SPARSE_ENCODING", "1.0.0"),
    _other(_SPARSE + "encoding-doc-v1", "SPARSE_ENCODING", "1.0.1"),
    _other(_SPARSE + "encoding-doc-v2-distill", "SPARSE_ENCODING", "1.0.0"),
    _other(_SPARSE + "encoding-doc-v2-mini", "SPARSE_ENCODING", "1.0.0"),
    _other(_SPARSE + "encoding-doc-v3-distill", "SPARSE_ENCODING", "1.0.0"),
    _other(_SPARSE + "encoding-doc-v3-gte", "SPARSE_ENCODING", "1.0.0"),
    _other(_SPARSE + "encoding-multilingual-v1", "SPARSE_ENCODING", "1.0.0"),
    _other(_SPARSE + "tokenizer-v1", "SPARSE_TOKENIZE", "1.0.1"),
    _other(_SPARSE + "tokenizer-multilingual-v1", "SPARSE_TOKENIZE", "1.0.0"),
    _other("huggingface/cross-encoders/ms-marco-MiniLM-L-6-v2", "TEXT_SIMILARITY", "1.0.2", _BOTH),
    _other("huggingface/cross-encoders/ms-marco-MiniLM-L-12-v2", "TEXT_SIMILARITY", "1.0.2", _BOTH),
    _other("amazon/sentence-highlighting/opensearch-semantic-highlighter-v1", "QUESTION_ANSWERING", "1.0.0"),
)

_BY_NAME = {model.name: model for model in CATALOGUE}

_POOLING = {
    _HUGGINGFACE + "msmarco-distilbert-base-tas-b": Pooling("cls", unit=False),
    _HUGGINGFACE + "multi-qa-mpnet-base-dot-v1": Pooling("cls", unit=False),
    _HUGGINGFACE + "paraphrase-MiniLM-L3-v2": Pooling(unit=False),
    _HUGGINGFACE + "paraphrase-multilingual-MiniLM-L12-v2": Pooling(unit=False),
    _HUGGINGFACE + "paraphrase-mpnet-base-v2": Pooling(unit=False),
}


def find(name: str) -> PretrainedModel | None:
    """By OpenSearch's full name."""
    return _BY_NAME.get(name)


def pooling_of(name: str) -> Pooling:
    return _POOLING.get(name, Pooling())


def folder_name(name: str) -> str:
    """The folder of a model inside the models folder: the last part of its name."""
    return name.rsplit("/", 1)[-1]
