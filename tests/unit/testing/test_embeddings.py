import numpy as np
import pytest

from ragstone.providers.api import ModelNotAvailable
from ragstone.testing.embeddings import HashingModel, HashingRuntime


def test_equal_texts_have_equal_unit_vectors_and_shared_words_bring_texts_near() -> None:
    model = HashingModel(64)
    a, b, near, far = model.embed(["the wild west", "the wild west", "the wild east", "cooking rice"])
    np.testing.assert_array_equal(a, b)
    assert np.linalg.norm(a) == pytest.approx(1.0, abs=1e-6)
    assert a @ near > 0.4 > a @ far
    assert model.embed(["", "\ud800"]).shape == (2, 64)


def test_the_runtime_has_every_dense_model_in_its_own_dimension() -> None:
    runtime = HashingRuntime()
    assert runtime.load("huggingface/sentence-transformers/all-MiniLM-L6-v2").dimension == 384
    assert runtime.load("huggingface/sentence-transformers/msmarco-distilbert-base-tas-b").dimension == 768
    with pytest.raises(ModelNotAvailable):
        runtime.load("amazon/neural-sparse/opensearch-neural-sparse-encoding-v1")
