"""Documents of one request through stored pipelines."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    OpenSearchException,
    ParseException,
    ResourceNotFoundException,
    StatusException,
)
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.pipelines.ingest.service import Dropped, IngestItem, IngestService


def item(source: Any, index: str = "i", **options: Any) -> IngestItem:
    return IngestItem(index, options.pop("id", "1"), json.encode(source), **options)


def index(name: str, **settings: str) -> IndexMetadata:
    return IndexMetadata(name, "u" * 22, {f"index.{key}": value for key, value in settings.items()}, {}, {}, 0)


def marks(name: str) -> dict[str, Any]:
    return {"processors": [{"set": {"field": name, "value": 1}}]}


@pytest.fixture
def indices() -> dict[str, IndexMetadata]:
    return {}


@pytest.fixture
def metadata(indices: dict[str, IndexMetadata]) -> Metadata:
    return Metadata("u" * 22, indices)


@pytest.fixture
async def stored(ingest: IngestService, indices: dict[str, IndexMetadata]) -> IngestService:
    indices["i"] = index("i", default_pipeline="d", final_pipeline="f")
    for name in "dfr":
        await ingest.put(name, marks(name))
    return ingest


async def run(service: IngestService, metadata: Metadata, *items: IngestItem) -> list[Any]:
    return list((await service.run(items, metadata)).outcomes)


@pytest.mark.parametrize(
    ("pipeline", "expected"), [(None, {"d", "f", "x"}), ("r", {"r", "f", "x"}), ("_none", {"f", "x"})]
)
async def test_the_request_beats_the_default_and_the_final_pipeline_always_runs(
    stored: IngestService, metadata: Metadata, pipeline: str | None, expected: set[str]
) -> None:
    [written] = await run(stored, metadata, item({"x": 1}, pipeline=pipeline))
    assert json.decode(written.source).keys() == expected


async def test_an_item_without_a_pipeline_comes_back_untouched(stored: IngestService, metadata: Metadata) -> None:
    given = IngestItem("elsewhere", None, b'{"a" :  1}')
    result = await stored.run([given], metadata)
    assert result.outcomes == [given]
    assert not result.ran


async def test_items_keep_their_place_when_some_fail_or_are_dropped(ingest: IngestService, metadata: Metadata) -> None:
    await ingest.put(
        "p", {"processors": [{"fail": {"message": "no {{x}}", "if": "ctx.x == 1"}}, {"drop": {"if": "ctx.x == 2"}}]}
    )
    outcomes = await run(ingest, metadata, *(item({"x": n}, id=str(n), pipeline="p") for n in range(4)))
    assert [getattr(outcome, "id", None) for outcome in outcomes] == ["0", None, None, "3"]
    assert outcomes[1].reason == "no 1"
    assert outcomes[1].status == 500
    assert outcomes[2] == Dropped()


async def test_a_missing_pipeline_fails_only_its_own_items(stored: IngestService, metadata: Metadata) -> None:
    missing, written = await run(stored, metadata, item({}, pipeline="gone"), item({}, pipeline="_none"))
    assert isinstance(missing, IllegalArgumentException)
    assert missing.reason == "pipeline with id [gone] does not exist"
    assert isinstance(written, IngestItem)


async def test_a_document_that_is_no_object_fails_alone(ingest: IngestService, metadata: Metadata) -> None:
    await ingest.put("p", marks("a"))
    cut = IngestItem("i", "1", b'{"a', pipeline="p")
    first, second, third = await run(
        ingest, metadata, cut, IngestItem("i", "2", b"[]", pipeline="p"), item({}, pipeline="p")
    )
    assert isinstance(first, ParseException)
    assert isinstance(second, ParseException)
    assert isinstance(third, IngestItem)


async def test_a_pipeline_may_change_where_a_document_goes(
    ingest: IngestService, metadata: Metadata, indices: dict[str, IndexMetadata]
) -> None:
    indices["here"] = index("here", final_pipeline="of_here")
    indices["there"] = index("there", final_pipeline="of_there", default_pipeline="never")
    await ingest.put("of_here", marks("here"))
    await ingest.put("of_there", marks("there"))
    await ingest.put(
        "p",
        {
            "processors": [
                {"set": {"field": "_index", "value": "there"}},
                {"set": {"field": "_id", "value": "{{ _id }}-x"}},
            ]
        },
    )
    [written] = await run(ingest, metadata, item({"x": 1}, index="here", pipeline="p"))
    assert (written.index, written.id) == ("there", "1-x")
    assert json.decode(written.source) == {"x": 1, "there": 1}


async def test_a_final_pipeline_may_not_change_the_index(
    ingest: IngestService, metadata: Metadata, indices: dict[str, IndexMetadata]
) -> None:
    indices["i"] = index("i", final_pipeline="p")
    await ingest.put("p", {"processors": [{"set": {"field": "_index", "value": "there"}}]})
    [error] = await run(ingest, metadata, item({}))
    assert isinstance(error, IllegalStateException)
    assert (error.reason, error.status) == ("FINAL pipeline [p] can't change the target index", 500)


async def test_a_replaced_pipeline_is_used_at_once(ingest: IngestService, metadata: Metadata) -> None:
    await ingest.put("p", marks("old"))
    await run(ingest, metadata, item({}, pipeline="p"))
    await ingest.put("p", marks("new"))
    [written] = await run(ingest, metadata, item({}, pipeline="p"))
    assert json.decode(written.source) == {"new": 1}


async def test_definitions_come_back_word_for_word_and_by_pattern(ingest: IngestService) -> None:
    body = {"processors": [], "description": "d", "version": 3}
    await ingest.put("a1", body)
    await ingest.put("a2", {"processors": []})
    await ingest.put("b", {"processors": []})
    assert await ingest.get(["a1"]) == {"a1": body}
    assert (await ingest.get(["a*", "none"])).keys() == {"a1", "a2"}
    assert (await ingest.get([])).keys() == {"a1", "a2", "b"}
    await ingest.delete("a*")
    assert (await ingest.get([])).keys() == {"b"}


async def test_deleting_what_is_not_there_is_told_even_while_nothing_was_ever_stored(ingest: IngestService) -> None:
    with pytest.raises(ResourceNotFoundException, match=r"pipeline \[x\] is missing"):
        await ingest.delete("x")
    await ingest.delete("*")


async def test_a_pipeline_with_a_fault_is_not_stored(ingest: IngestService) -> None:
    with pytest.raises(OpenSearchException):
        await ingest.put("p", {"processors": [{"bogus": {}}]})
    assert await ingest.get([]) == {}


async def test_a_failed_model_call_is_the_error_of_its_documents_only(
    ingest: IngestService, metadata: Metadata, models: Any
) -> None:
    models.failing = {"bad": StatusException(429, "Error from remote service: {}")}
    await ingest.put("p", {"processors": [{"text_embedding": {"model_id": "m", "field_map": {"t": "v"}}}]})
    good, bad = await run(ingest, metadata, item({"t": "good"}, pipeline="p"), item({"t": "bad"}, pipeline="p"))
    assert json.decode(good.source) == {"t": "good", "v": [4.0, 1.0]}
    assert bad.status == 429


async def test_the_version_a_pipeline_sets_must_be_a_number(ingest: IngestService, metadata: Metadata) -> None:
    await ingest.put("p", {"processors": [{"set": {"field": "_version", "value": "{{v}}"}}]})
    fine, wrong = await run(ingest, metadata, item({"v": 7}, pipeline="p"), item({"v": "x"}, pipeline="p"))
    assert fine.version == 7
    assert isinstance(wrong, IllegalArgumentException)
