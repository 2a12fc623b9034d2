"""A text index with a little log behind it: enough to search without the rest of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import ragstone.dsl.queries
import ragstone.engine.embedded.query  # noqa: F401
from ragstone.dsl.query import parse_query
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.routing import shard_of
from ragstone.engine.embedded.search import fetch_phase, query_phase
from ragstone.engine.embedded.snapshot import Snapshot, StoredRow
from ragstone.engine.embedded.text.index import TextIndex
from ragstone.engine.embedded.vectors.index import VectorIndex
from ragstone.engine.values import FetchOptions, Hit, IndexMetadata, QueryRequest, RankedList

NOW = 1_700_000_000_000


class Corpus:
    """One index, written and searched synchronously."""

    def __init__(self, directory: Path, name: str, mappings: dict[str, Any], settings: dict[str, Any]) -> None:
        self.name = name
        self.settings = settings
        self.mapper = Mapper.parse(mappings, IndexSettings(settings))
        self.text = TextIndex.open(directory, self.mapper)
        self.vectors = {
            path: VectorIndex.open(directory / path, field, lambda rows: rows >= 0)
            for path, field in self.mapper.fields().items()
            if isinstance(field, KnnVectorField)
        }
        self._rows: dict[int, StoredRow] = {}
        self._live: dict[str, int] = {}
        self._next = 1

    def put(self, id: str, source: dict[str, Any], routing: str | None = None) -> None:
        data = json.dumps(source).encode()
        document = self.mapper.parse_document(id, data)
        self.mapper = document.mapper
        assert self.text.extend(self.mapper)
        if id in self._live:
            self._delete(self._live[id])
        row, self._next = self._next, self._next + 1
        self._live[id] = row
        self._rows[row] = StoredRow(row, id, data, 1, row - 1, 1, routing)
        self.text.add(row, id, document, routing)
        shards = int(self.settings.get("index.number_of_shards", 1))
        for path, vector in document.vectors.items():
            self.vectors[path].add(row, vector, shard_of(id, routing, shards))

    def delete(self, id: str) -> None:
        self._delete(self._live.pop(id))
        self._next += 1

    def _delete(self, row: int) -> None:
        self.text.delete(row)
        for vectors in self.vectors.values():
            vectors.delete(row)

    def rows(self, rows: Sequence[int], *, sources: bool = True) -> list[StoredRow]:
        found = [self._rows[row] for row in rows]
        return found if sources else [stored._replace(source=None) for stored in found]

    def row_of(self, id: str, as_of: int) -> int | None:
        return self._live.get(id)

    def snapshot(self) -> Snapshot:
        self.text.commit()
        metadata = IndexMetadata(self.name, f"uuid-{self.name}", self.settings, self.mapper.to_json(), {}, 0)
        vectors = {path: index.publish() for path, index in self.vectors.items()}
        return Snapshot(
            metadata, self.mapper, self.text.reader(), vectors, self._next - 1, "node-1", len(self._live), self
        )

    def rank(self, query: dict[str, Any], **request: Any) -> RankedList:
        return rank([self], query, **request)

    def search(self, query: dict[str, Any], **request: Any) -> list[Hit]:
        return search([self], query, **request)

    def scores(self, query: dict[str, Any], **request: Any) -> dict[str, float | None]:
        """Hits in order: id → score."""
        return {hit.id: hit.score for hit in self.search(query, **request)}

    def ids(self, query: dict[str, Any], **request: Any) -> list[str]:
        return [hit.id for hit in self.search(query, **request)]


def rank(corpora: Sequence[Corpus], query: dict[str, Any], **request: Any) -> RankedList:
    snapshots = [corpus.snapshot() for corpus in corpora]
    wanted = QueryRequest([corpus.name for corpus in corpora], [parse_query(query)], **request)
    return query_phase.execute(snapshots, wanted, now_millis=NOW)[0]


def search(corpora: Sequence[Corpus], query: dict[str, Any], **request: Any) -> list[Hit]:
    snapshots = [corpus.snapshot() for corpus in corpora]
    wanted = QueryRequest([corpus.name for corpus in corpora], [parse_query(query)], **request)
    hits = query_phase.execute(snapshots, wanted, now_millis=NOW)[0].hits
    return fetch_phase.fetch(snapshots, hits, FetchOptions())


@pytest.fixture
def new_corpus(tmp_path: Path) -> Iterator[Callable[..., Corpus]]:
    """`new_corpus(mappings, name="i", settings={})`."""
    made: list[Corpus] = []

    def make(mappings: dict[str, Any] | None = None, name: str = "i", settings: dict[str, Any] | None = None) -> Corpus:
        made.append(Corpus(tmp_path / name, name, mappings or {}, settings or {}))
        return made[-1]

    yield make
    for corpus in made:
        corpus.text.close()


BOOKS: dict[str, dict[str, Any]] = {
    "1": {
        "title": "The lighthouse at the end of the river",
        "body": "A keeper tends a lighthouse where the river meets the sea. The river is slow and the sea is cold.",
        "author": "Ada Moor", "year": 1998, "price": 12.5, "tags": ["sea", "calm"], "stock": True,
        "published": "1998-03-04",
    },
    "2": {
        "title": "River of glass",
        "body": "Glass makers live along the river. Their glass is green.",
        "author": "Ben Ode", "year": 2005, "price": 7.25, "tags": ["craft"], "stock": False,
        "published": "2005-07-19",
    },
    "3": {
        "title": "Cold sea stories",
        "body": "Short stories about the cold sea, storms, and one warm harbour.",
        "author": "Ada Moor", "year": 2011, "price": 20, "tags": ["sea", "storm"], "stock": True,
        "published": "2011-11-30",
    },
    "4": {
        "title": "A field guide to storms",
        "body": "How storms form, how storms move and how storms end.",
        "author": "Cleo Ray", "year": 2011, "price": 31.75, "tags": ["storm", "guide"], "stock": True,
        "published": "2011-01-15",
    },
    "5": {
        "title": "Bread and salt",
        "body": "Recipes with bread, salt and little else.",
        "author": "Dag Hus", "year": 2020, "tags": [], "stock": False,
        "published": "2020-02-29",
    },
    "6": {
        "title": "Guide to green glass",
        "body": "Collecting green glass from riverside makers.",
        "author": "Ben Ode", "year": 2021, "price": 7.25, "tags": ["craft", "guide"], "stock": True,
        "published": "2021-12-01",
    },
}  # fmt: skip

BOOK_MAPPINGS: dict[str, Any] = {
    "properties": {
        "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "body": {"type": "text"},
        "author": {"type": "keyword"},
        "year": {"type": "integer"},
        "price": {"type": "double"},
        "tags": {"type": "keyword"},
        "stock": {"type": "boolean"},
        "published": {"type": "date"},
    }
}


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """Six books, the corpus behind most recorded answers. Only to be read."""
    corpus = Corpus(tmp_path_factory.mktemp("books"), "books", BOOK_MAPPINGS, {})
    for id, source in BOOKS.items():
        corpus.put(id, source)
    yield corpus
    corpus.text.close()
