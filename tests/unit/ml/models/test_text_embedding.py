"""Local embedding models: texts in, tensors out."""

from __future__ import annotations

import numpy as np
import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.models.text_embedding import as_lists, prefixed


def test_numbers_keep_their_shortest_form() -> None:
    assert as_lists(np.array([[0.1, -2.5], [3.0, 1e-7]], dtype=np.float32)) == [[0.1, -2.5], [3.0, 1e-7]]


def test_an_asymmetric_model_gets_its_prefix() -> None:
    config = {"query_prefix": "query: ", "passage_prefix": "passage: "}
    assert prefixed(["a"], config, "query") == ["query: a"]
    assert prefixed(["a"], config, "PASSAGE") == ["passage: a"]
    assert prefixed(["a"], {"query_prefix": "q: "}, "passage") == ["a"]
    assert prefixed(["a"], None, None) == ["a"]


def test_the_kind_of_text_must_be_said_for_asymmetric_models_and_only_for_them() -> None:
    with pytest.raises(IllegalArgumentException, match="The embedding model chosen is asymmetric"):
        prefixed(["a"], {"query_prefix": "q: "}, None)
    with pytest.raises(IllegalArgumentException, match="When passing AsymmetricTextEmbeddingParameters"):
        prefixed(["a"], {}, "query")
