"""Embedding models on onnxruntime and tokenizers. No torch; both libraries are imported at the first `load`.

A model lives in `<models folder>/<last part of its name>/`, in one of two forms: `model.safetensors`, for the model
whose graph comes with this package and points into that file, or `model.onnx`. Both need `tokenizer.json`.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ragstone.core import json
from ragstone.core.errors import OpenSearchException
from ragstone.providers.api import EmbeddingModel, ModelNotAvailable, PretrainedModel, Vectors
from ragstone.providers.embeddings.catalogue import CATALOGUE, Pooling, find, folder_name, pooling_of

TOKENS_PER_BATCH = 512
"""Texts are run together up to this many tokens, padding included. Larger batches leave the processor's cache and are
slower: texts of 200 words go at 22 a second one by one, at 14 in batches of 32."""

_DEFAULT_TOKENS = 512


@dataclass(frozen=True)
class _Skeleton:
    """A graph shipped beside this file, without weights."""

    weights_size: int
    """Bytes of the `model.safetensors` it points into."""
    tokens: int
    """The model's limit."""


_SKELETONS = {"all-MiniLM-L6-v2": _Skeleton(90868376, 256)}


class OnnxRuntime:
    """EmbeddingRuntime over a folder of models. A model that is loaded twice is held in memory once."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._lock = threading.Lock()
        self._loaded: weakref.WeakValueDictionary[str, OnnxModel] = weakref.WeakValueDictionary()

    def catalogue(self) -> Sequence[PretrainedModel]:
        return CATALOGUE

    def locate(self, name: str) -> Path:
        entry = find(name)
        folder = self._models / folder_name(name)
        if entry is None:
            raise ModelNotAvailable(f"there is no pretrained model [{name}]")
        if entry.function_name != "TEXT_EMBEDDING":
            raise ModelNotAvailable(
                f"[{name}] is a {entry.function_name} model, and Ragstone runs TEXT_EMBEDDING models only; register a "
                "remote model through a connector instead"
            )
        forms = ["model.onnx", "model.safetensors"] if folder.name in _SKELETONS else ["model.onnx"]
        if (folder / "tokenizer.json").is_file() and any((folder / weights).is_file() for weights in forms):
            return folder
        if entry.pull_name is not None:
            raise ModelNotAvailable(
                f"the weights of [{name}] are not in [{self._models}]: run `ragstone models pull {entry.pull_name}`"
            )
        raise ModelNotAvailable(
            f"the weights of [{name}] are not in [{self._models}], and `ragstone models pull` does not know where to "
            f"get them: put the model's `model.onnx` and `tokenizer.json` into [{folder}], or use "
            f"[{CATALOGUE[0].name}]"
        )

    def load(self, name: str) -> EmbeddingModel:
        folder = self.locate(name)
        with self._lock:
            model = self._loaded.get(name)
            if model is None:
                model = self._loaded[name] = OnnxModel(folder, pooling_of(name))
            return model


class OnnxModel:
    """One text-embedding model in memory. Raises ModelNotAvailable when files or libraries do not fit."""

    dimension: int

    def __init__(self, folder: Path, pooling: Pooling) -> None:
        self._pooling = pooling
        # onnxruntime reports to its makers unless told not to, and begins when it is imported. A node sends nothing
        # anywhere on its own.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelNotAvailable(
                f"local models need the package [{error.name}]: run `pip install 'ragstone[embed]'`"
            ) from None
        options = onnxruntime.SessionOptions()
        # One thread per call: calls come from several threads, and a pool inside each would only spin.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            graph = _graph(folder, options)
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # onnxruntime and tokenizers raise classes of their own, and bare Exception
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelNotAvailable(f"the files in [{folder}] cannot be used: {reason}") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_token_limit(folder))
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._output = self._session.get_outputs()[0].name
        self._padding = self._tokenizer.token_to_id("[PAD]") or self._tokenizer.token_to_id("<pad>") or 0
        self.dimension = self._run([self._tokenizer.encode("")]).shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        # A lone surrogate has no UTF-8; it becomes the replacement character, as in every other client's request.
        encodings = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        vectors: Vectors = np.empty((len(encodings), self.dimension), dtype=np.float32)
        for rows in _batches([len(encoding.ids) for encoding in encodings]):
            vectors[rows] = self._run([encodings[row] for row in rows])
        return vectors

    def _run(self, encodings: Sequence[Any]) -> Vectors:
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        ids = np.full(shape, self._padding, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros(shape, dtype=np.int64)}
        wanted = {name: value for name, value in feed.items() if name in self._inputs}
        (output,) = self._session.run([self._output], wanted)
        return pool(output, mask, self._pooling) if output.ndim == 3 else output.astype(np.float32, copy=False)


def pool(tokens: Vectors, mask: np.ndarray[tuple[int, ...], np.dtype[np.int64]], how: Pooling) -> Vectors:
    """Token vectors (texts, length, dimension) to text vectors (texts, dimension), for graphs that stop before that."""
    if how.mode == "cls":
        vectors = tokens[:, 0]
    else:
        weights = mask[:, :, None].astype(np.float32)
        vectors = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    if how.unit:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in batches of like lengths, each within the token budget or of one text."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _graph(folder: Path, options: Any) -> bytes | str:
    weights, skeleton = folder / "model.safetensors", _SKELETONS.get(folder.name)
    if skeleton is None or not weights.is_file():
        return str(folder / "model.onnx")
    size = weights.stat().st_size
    if size != skeleton.weights_size:
        raise ValueError(f"model.safetensors has {size} bytes instead of {skeleton.weights_size}")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    return resources.files(__package__).joinpath(f"{folder.name}.onnx").read_bytes()


def _token_limit(folder: Path) -> int:
    """sentence-transformers' own limit where the folder tells it."""
    if folder.name in _SKELETONS:
        return _SKELETONS[folder.name].tokens
    try:
        limit = json.decode((folder / "sentence_bert_config.json").read_bytes())["max_seq_length"]
    except (OSError, OpenSearchException, KeyError, TypeError):
        return _DEFAULT_TOKENS
    return limit if isinstance(limit, int) and limit > 0 else _DEFAULT_TOKENS
