"""`model_config`."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.models.config import parse_model_config

DENSE = {"model_type": "bert", "embedding_dimension": 4, "framework_type": "sentence_transformers"}


def test_words_are_stored_in_upper_case_and_defaults_left_out() -> None:
    given = {**DENSE, "pooling_mode": "mean", "normalize_result": False, "query_prefix": "q: ", "x": 1}
    assert parse_model_config(given, "TEXT_EMBEDDING") == {
        "model_type": "bert",
        "embedding_dimension": 4,
        "framework_type": "SENTENCE_TRANSFORMERS",
        "pooling_mode": "MEAN",
        "query_prefix": "q: ",
    }


@pytest.mark.parametrize(
    ("function", "config", "reason"),
    [
        ("TEXT_EMBEDDING", {}, "model type is null"),
        ("TEXT_EMBEDDING", {"model_type": "b"}, "embedding dimension is null"),
        ("TEXT_EMBEDDING", {"model_type": "b", "embedding_dimension": 1}, "framework type is null"),
        ("QUESTION_ANSWERING", {"model_type": "b"}, "framework type is null"),
        ("SPARSE_ENCODING", {**DENSE, "framework_type": "x"}, "Wrong framework type"),
        ("SPARSE_ENCODING", {**DENSE, "pooling_mode": "x"}, "Wrong pooling method"),
        (
            "REMOTE",
            {"model_type": "text_embedding"},
            "Embedding dimension must be provided for remote text embedding model",
        ),
        (
            "TEXT_EMBEDDING",
            {**DENSE, "all_config": '{"a":1}', "additional_config": {"a": 2}},
            "Duplicate keys found in both all_config and additional_config: a",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named(function: str, config: Any, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as error:
        parse_model_config(config, function)
    assert str(error.value) == reason
