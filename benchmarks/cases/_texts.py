"""What the text cases share: documents, their mapping, and the same documents in raw tantivy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from benchmarks.data import texts

INDEX = "bench"
MAPPING = {
    "mappings": {"properties": {"text": {"type": "text"}, "tag": {"type": "keyword"}, "price": {"type": "integer"}}}
}


def documents(count: int, shortest: int, longest: int) -> list[dict[str, Any]]:
    """Documents of a text so many words long, one of 200 tags, and a number."""
    random = np.random.default_rng(7)
    tags, prices = random.integers(0, 200, count).tolist(), random.integers(0, 10_000, count).tolist()
    return [
        {"text": text, "tag": f"tag{tag}", "price": price}
        for text, tag, price in zip(texts(count, shortest, longest, seed=8), tags, prices, strict=True)
    ]


def encoded(found: Sequence[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(document).encode() for document in found]


class RawTantivy:
    """The same documents without a server around them."""

    def __init__(self, directory: Path) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("text")
        builder.add_text_field("tag", tokenizer_name="raw", index_option="basic", fast=True)
        builder.add_integer_field("price", indexed=True, fast=True)
        self._index = tantivy.Index(builder.build(), path=str(directory))

    def add(self, found: Sequence[dict[str, Any]]) -> None:
        """One writer thread, one commit."""
        writer = self._index.writer(128_000_000, 1)
        for number, document in enumerate(found):
            entry = tantivy.Document()
            entry.add_text("id", str(number))
            entry.add_text("text", document["text"])
            entry.add_text("tag", document["tag"])
            entry.add_integer("price", document["price"])
            writer.add_document(entry)
        writer.commit()
        writer.wait_merging_threads()

    def search(self, text: str) -> Any:
        """The ten best for any of the words."""
        return self._searcher.search(self._index.parse_query(text, ["text"]), 10)

    def open(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()
