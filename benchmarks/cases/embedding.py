"""Local embedding: `_predict` and bulk through `text_embedding` against raw onnxruntime; and the memory it takes."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.data import texts
from benchmarks.load import request
from benchmarks.measure import Row, rate, turns
from benchmarks.server import Server, bulk_body, resident

from ragstone.core import json
from ragstone.core.settings import Settings

NAME = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
_FOLDER = Settings().models_folder / "all-MiniLM-L6-v2"
_TEXTS, _TOKENS = 64, 512


class RawOnnx:
    """The same model without a server around it: sorted by length, in batches of up to 512 tokens, one thread."""

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(_FOLDER))
        graph = resources.files("ragstone.providers.embeddings").joinpath("all-MiniLM-L6-v2.onnx").read_bytes()
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(_FOLDER / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(256)

    def embed(self, found: list[str]) -> list[Any]:
        encodings = sorted(self._tokenizer.encode_batch(found), key=len)
        vectors: list[Any] = []
        while encodings:
            size = 1
            while size < len(encodings) and (size + 1) * len(encodings[size]) <= _TOKENS:
                size += 1
            vectors.extend(self._run(encodings[:size]))
            encodings = encodings[size:]
        return vectors

    def _run(self, encodings: list[Any]) -> Any:
        shape = (len(encodings), len(encodings[-1]))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding)] = encoding.ids
            mask[row, : len(encoding)] = 1
        return self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def run() -> list[Row]:
    if not _FOLDER.is_dir():
        raise RuntimeError("the weights are missing: run `ragstone models pull all-MiniLM-L6-v2`")
    return [*_rates(), _memory()]


def _rates() -> list[Row]:
    raw = RawOnnx()
    rows = []
    with Server() as server:
        model = server.until_deployed(NAME)
        server("PUT /_ingest/pipeline/embed", {"processors": [_processor(model)]})
        server("PUT /docs", _index())
        for words, count in ((20, _TEXTS), (150, _TEXTS // 4)):
            found = list(texts(count, words, words, seed=words))

            def baseline(found: list[str] = found) -> float:
                return len(found) * rate(raw.embed, [found])

            def predict(found: list[str] = found) -> float:
                body = json.encode(
                    {"text_docs": found, "return_number": True, "target_response": ["sentence_embedding"]}
                )
                path = f"/_plugins/_ml/_predict/text_embedding/{model}"
                return len(found) / server.load([request("POST", path, body)]).seconds

            def bulk(found: list[str] = found) -> float:
                body = bulk_body("docs", [json.encode({"text": text}) for text in found])
                return len(found) / server.load([request("POST", "/_bulk", body)]).seconds

            for what, ours in (("_predict", predict), ("_bulk through text_embedding", bulk)):
                rows.append(
                    turns(ours, baseline, 7)
                    .row(
                        f"{what}, {count} texts of {words} words, HTTP",
                        "texts/s",
                        "one request at a time",
                        "onnxruntime and tokenizers, same graph and batches, one thread",
                    )
                    .at_least(0.9)
                )
    return rows


def _processor(model: str) -> dict[str, Any]:
    return {"text_embedding": {"model_id": model, "field_map": {"text": "vector"}}}


def _index() -> dict[str, Any]:
    vector = {"type": "knn_vector", "dimension": 384, "method": {"name": "hnsw", "engine": "lucene"}}
    return {
        "settings": {"index.knn": True, "default_pipeline": "embed"},
        "mappings": {"properties": {"text": {"type": "text"}, "vector": vector}},
    }


def _memory() -> Row:
    with Server() as server:
        at_start = resident(server.pid)
        model = server.until_deployed(NAME)
        server("PUT /_ingest/pipeline/embed", {"processors": [_processor(model)]})
        server("PUT /docs", _index())
        server("POST /_bulk?refresh=true", bulk_body("docs", [b'{"text": "the first text"}']))
        query = {"neural": {"vector": {"query_text": "a text", "model_id": model, "k": 1}}}
        assert server("POST /docs/_search", {"query": query})["hits"]["hits"]
        ours = resident(server.pid)
    raw = _raw_memory()
    row = Row(
        "memory after the first local embedding",
        ours,
        raw,
        "MB",
        raw / ours,
        None,
        f"resident; after the start it was {at_start:.0f} MB",
        "a bare Python process with onnxruntime, tokenizers and the same model after one text",
    )
    return row.wanting("<= 200 MB", ours <= 200).beside_opensearch("1,320 MB after the start, without a local model")


def _raw_memory() -> float:
    code = "from benchmarks.cases.embedding import RawOnnx; RawOnnx().embed(['a text']); print(flush=True); input()"
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
    assert process.stdout is not None
    process.stdout.readline()
    found = resident(process.pid)
    process.communicate(b"\n")
    return found
