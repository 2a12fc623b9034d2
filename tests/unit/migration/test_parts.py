"""The smaller parts: definitions, batches, samples, the state file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, IllegalStateException, MapperParsingException
from ragstone.engine.values import Hit, IndexMetadata, StoredDocument
from ragstone.migration.definition import Definition, faults, fit
from ragstone.migration.fields import Fields, values_at
from ragstone.migration.sample import Sample, _found, knn_queries, match_queries
from ragstone.migration.state import IndexState, MigrationState
from ragstone.migration.tally import Tally
from ragstone.migration.writing import Limits, batches


def metadata(settings: dict[str, Any] | None = None, mappings: dict[str, Any] | None = None) -> IndexMetadata:
    return IndexMetadata("books", "uuid", settings or {}, mappings or {}, {}, 0)


def document(id: str, size: int = 10) -> StoredDocument:
    return StoredDocument(id, b"x" * size, 3, 0, 1, "r")


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_definition_leaves_out_what_only_the_source_can_have_and_keeps_blocks_for_later() -> None:
    definition = Definition.of(
        metadata(
            {
                "index.uuid": "u",
                "index.creation_date": "1",
                "index.provided_name": "x",
                "index.version.created": "1",
                "index.number_of_shards": "2",
                "index.blocks.write": "true",
                "index.final_pipeline": "p",
            }
        )
    )
    assert definition.settings == {"index.number_of_shards": "2"}
    assert definition.later == {"index.blocks.write": "true", "index.final_pipeline": "p"}


async def test_settings_that_the_target_does_not_know_are_left_out_one_by_one() -> None:
    async def attempt(definition: Definition) -> None:
        for key in ("index.a", "index.b"):
            if key in definition.settings:
                raise IllegalArgumentException(f"unknown setting [{key}] please check that")

    taken, left_out = await fit(Definition.of(metadata({"index.a": "1", "index.b": "2", "index.c": "3"})), attempt)
    assert (taken.settings, left_out) == ({"index.c": "3"}, ["index.a", "index.b"])


async def test_every_fault_is_found_though_an_engine_tells_one_at_a_time() -> None:
    async def attempt(definition: Definition) -> None:
        for name, field in definition.mappings["properties"].items():
            if field["type"] == "star":
                cause = MapperParsingException(f"No handler for type [star] declared on field [{name}]")
                raise MapperParsingException("Failed to parse mapping [_doc]: so and so", cause=cause)
            if field.get("analyzer") == "kuromoji":
                raise MapperParsingException("analyzer [kuromoji] has not been configured in mappings")
            if (field.get("method") or {}).get("engine") == "nmslib":
                raise IllegalArgumentException("nmslib engine is deprecated in OpenSearch  and cannot be used")

    mappings = {
        "properties": {
            "a": {"type": "star"},
            "b": {"type": "text", "analyzer": "kuromoji"},
            "c": {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "nmslib"}},
        }
    }
    refused, left_out = await faults(Definition.of(metadata(mappings=mappings)), attempt)
    assert refused == [
        "No handler for type [star] declared on field [a]",
        "analyzer [kuromoji] has not been configured in mappings",
        "nmslib engine is deprecated in OpenSearch  and cannot be used",
    ]
    assert left_out == []


async def test_a_fault_that_nobody_can_mend_ends_the_search() -> None:
    async def attempt(definition: Definition) -> None:
        raise IllegalArgumentException("no")

    assert await faults(Definition.of(metadata()), attempt) == (["no"], [])


# ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_batches_keep_order_and_both_limits() -> None:
    documents = [document(str(n)) for n in range(7)]
    by_count = list(batches(documents, Limits(batch_documents=3)))
    assert [[operation.id for operation in batch] for batch in by_count] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    by_bytes = list(batches([document("a", 900), document("b", 10), document("c", 5000)], Limits(batch_bytes=2000)))
    assert [[operation.id for operation in batch] for batch in by_bytes] == [["a", "b"], ["c"]]


def test_a_document_is_written_with_its_version_and_routing_and_without_a_pipeline() -> None:
    [[operation]] = batches([document("a")], Limits())
    assert (operation.version, operation.version_type) == (3, "external_gte")
    assert (operation.routing, operation.pipeline) == ("r", "_none")


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────────

MAPPINGS = {
    "properties": {
        "title": {"type": "text", "fields": {"raw": {"type": "keyword"}, "again": {"type": "text"}}},
        "silent": {"type": "text", "index": False},
        "author": {"properties": {"name": {"type": "text"}, "face": {"type": "knn_vector", "dimension": 2}}},
        "parts": {"type": "nested", "properties": {"text": {"type": "text"}, "v": {"type": "knn_vector"}}},
    }
}


def test_fields_know_what_can_be_asked_for() -> None:
    fields = Fields.of(MAPPINGS)
    assert fields.texts == ["title", "author.name"]
    assert fields.searched == ["author.face"]
    assert fields.vectors == {"author.face": "faiss", "parts.v": "faiss"}
    assert fields.types["title.raw"] == "keyword"
    assert fields.whole_source
    assert not Fields.of({"_source": {"enabled": False}}).whole_source
    assert not Fields.of({"_source": {"excludes": ["a"]}}).whole_source


def test_values_are_found_in_lists_of_objects_too() -> None:
    assert values_at({"a": [{"b": 1}, {"b": [2, 3]}, {"c": 4}]}, "a.b") == [1, [2, 3]]
    assert values_at({"a": "text"}, "a.b") == []


def test_a_sample_is_the_same_in_whatever_order_documents_come() -> None:
    documents = [StoredDocument(str(n), json.encode({"n": n}), 1, n, 1, None) for n in range(50)]
    hashes = [n * 7919 % 101 for n in range(50)]
    one, other = Sample(5), Sample(5)
    one.offer(documents, hashes)
    for at in reversed(range(50)):
        other.offer([documents[at]], [hashes[at]])
    smallest = sorted(range(50), key=hashes.__getitem__)[:5]
    assert list(one.sources()) == list(other.sources()) == [{"n": n} for n in smallest]


def test_questions_are_made_of_rare_words_and_stored_vectors() -> None:
    fields = Fields.of(MAPPINGS)
    sources: list[dict[str, Any]] = [
        {"title": "common rarity", "author": {"face": [1, 2]}},
        {"title": "common oddness"},
        {"title": 5},
    ]
    assert match_queries(iter(sources), fields) == [
        {"match": {"title": "rarity common"}},
        {"match": {"title": "oddness common"}},
    ]
    assert knn_queries(iter(sources), fields) == [{"knn": {"author.face": {"vector": [1, 2], "k": 10}}}]


def test_hits_as_good_as_the_last_of_the_other_side_count_as_found() -> None:
    def hits(*scored: tuple[str, float]) -> list[Hit]:
        return [Hit("books", id, score, None) for id, score in scored]

    ten = hits(*((str(n), 2.0 - n / 10) for n in range(9)), ("9", 1.0))
    tied = hits(*((str(n), 2.0 - n / 10) for n in range(9)), ("other", 1.00001))
    worse = hits(*((str(n), 2.0 - n / 10) for n in range(9)), ("other", 1.1))
    assert _found(tied, ten) == 1.0
    assert _found(worse, ten) == 0.9
    assert _found([], ten) == 1.0
    assert _found(hits(("a", 1.0)), hits(("b", 1.0))) == 0.0


# ── the state file ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_state_file_brings_everything_back(tmp_path: Path) -> None:
    file = tmp_path / "migration.json"
    state = MigrationState.open(file, "to", "peer", "https://a")
    assert not state.resumed
    tally = Tally(3, 4, 2**255, 7)
    state.indices["books"] = IndexState("source", 8, "target", "place", tally, notes=["n"], problems=["p"])
    state.save()
    again = MigrationState.open(file, "to", "peer", "https://b")
    assert again.resumed
    assert again.indices == state.indices
    assert file.stat().st_mode & 0o777 == 0o600
    again.remove()
    assert not MigrationState.open(file, "from", "other", "x").resumed


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"format":1,"indices":{"a":{}}}', b'{"format":1,"indices":3}']
)
def test_a_state_file_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "migration.json"
    file.write_bytes(content)
    with pytest.raises(IllegalStateException, match="cannot be read; remove it"):
        MigrationState.open(file, "to", "peer", "x")
