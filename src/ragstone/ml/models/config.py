"""`model_config`: what a model says about its vectors."""

from __future__ import annotations

from typing import Any

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields
from ragstone.ml.models.function_name import QUESTION_ANSWERING, REMOTE, TEXT_EMBEDDING
from ragstone.ml.values import is_json_tree

_FRAMEWORKS = ("HUGGINGFACE_TRANSFORMERS", "SENTENCE_TRANSFORMERS", "HUGGINGFACE_TRANSFORMERS_NEURON")
_POOLING = ("MEAN", "MEAN_SQRT_LEN", "MAX", "WEIGHTED_MEAN", "CLS", "LAST_TOKEN", "NONE")


def parse_model_config(body: Any, function_name: str) -> JsonObject:
    """The config as it is stored, completed and checked for its function.

    Raises IllegalArgumentException, ParsingException.
    """
    fields = Fields(body)
    model_type = fields.text("model_type")
    framework = _one_of(_FRAMEWORKS, fields.text("framework_type"), "Wrong framework type")
    dimension = fields.integer("embedding_dimension")
    additional = fields.object("additional_config")
    if model_type is None:
        raise IllegalArgumentException("model type is null")
    if function_name == TEXT_EMBEDDING:
        if dimension is None:
            raise IllegalArgumentException("embedding dimension is null")
        if framework is None:
            raise IllegalArgumentException("framework type is null")
    elif function_name == QUESTION_ANSWERING and framework is None:
        raise IllegalArgumentException("framework type is null")
    elif function_name == REMOTE and model_type.lower() == "text_embedding":
        _check_remote_embedding(dimension, framework, additional)
    all_config = fields.text("all_config")
    _check_duplicates(all_config, additional)
    members: JsonObject = {
        "model_type": model_type,
        "embedding_dimension": dimension,
        "framework_type": framework,
        "all_config": all_config,
        "additional_config": additional,
        "pooling_mode": _one_of(_POOLING, fields.text("pooling_mode"), "Wrong pooling method"),
        "normalize_result": fields.boolean("normalize_result") or None,
        "model_max_length": fields.integer("model_max_length"),
        "query_prefix": fields.text("query_prefix"),
        "passage_prefix": fields.text("passage_prefix"),
    }
    return {name: value for name, value in members.items() if value is not None}


def _check_remote_embedding(dimension: int | None, framework: str | None, additional: JsonObject | None) -> None:
    if dimension is None:
        raise IllegalArgumentException("Embedding dimension must be provided for remote text embedding model")
    if framework is None:
        raise IllegalArgumentException("Framework type must be provided for remote text embedding model")
    if "space_type" not in (additional or {}):
        raise IllegalArgumentException(
            "Space type must be provided in additional_config for remote text embedding model"
        )


def _check_duplicates(all_config: str | None, additional: JsonObject | None) -> None:
    known = json.decode(all_config) if all_config is not None and is_json_tree(all_config) else {}
    twice = [name for name in additional or () if isinstance(known, dict) and name in known]
    if twice:
        raise IllegalArgumentException(
            f"Duplicate keys found in both all_config and additional_config: {', '.join(twice)}"
        )


def _one_of(words: tuple[str, ...], given: str | None, wrong: str) -> str | None:
    if given is None:
        return None
    if given.upper() not in words:
        raise IllegalArgumentException(wrong)
    return given.upper()
