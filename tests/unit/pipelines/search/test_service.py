"""Stored search pipelines, and which of them a search goes through."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ParseException
from ragstone.engine.values import IndexMetadata
from ragstone.pipelines.processor import ProcessorServices
from ragstone.pipelines.search.pipeline import SearchPipeline
from ragstone.pipelines.search.service import SearchPipelineService
from ragstone.testing.records import MemoryRecords


@pytest.fixture
def pipelines(services: ProcessorServices) -> SearchPipelineService:
    return SearchPipelineService(MemoryRecords(), services)


def index(default: str | None = None) -> IndexMetadata:
    settings = {} if default is None else {"index.search.default_pipeline": default}
    return IndexMetadata("i", "u" * 22, settings, {}, {}, 0)


async def chosen(pipelines: SearchPipelineService, *choice: Any) -> str | None:
    pipeline: SearchPipeline | None = await pipelines.choose(*choice)
    return None if pipeline is None else pipeline.id


async def test_the_url_beats_the_body_and_both_beat_the_default(pipelines: SearchPipelineService) -> None:
    for id in "abc":
        await pipelines.put(id, {})
    assert await chosen(pipelines, "a", "b", [index("c")]) == "a"
    assert await chosen(pipelines, None, "b", [index("c")]) == "b"
    assert await chosen(pipelines, None, None, [index("c")]) == "c"
    assert await chosen(pipelines, "_none", None, [index("c")]) is None
    assert await chosen(pipelines, None, None, [index()]) is None


async def test_indices_must_agree_on_a_default(pipelines: SearchPipelineService) -> None:
    await pipelines.put("a", {})
    await pipelines.put("b", {})
    assert await chosen(pipelines, None, None, [index("a"), index("a")]) == "a"
    assert await chosen(pipelines, None, None, [index("a"), index(), index("_none")]) == "a"
    assert await chosen(pipelines, None, None, [index("a"), index("b")]) is None


@pytest.mark.parametrize("name", ["gone", ""])
async def test_an_unknown_pipeline_is_named(pipelines: SearchPipelineService, name: str) -> None:
    with pytest.raises(IllegalArgumentException) as caught:
        await pipelines.choose(name, None, [])
    assert caught.value.reason == f"Pipeline {name} is not defined"


async def test_an_inline_definition_is_a_pipeline_of_its_own(pipelines: SearchPipelineService) -> None:
    assert await chosen(pipelines, None, {"response_processors": []}, [index("gone")]) == "_ad_hoc_pipeline"
    with pytest.raises(IllegalArgumentException, match="Both named and inline search pipeline were specified"):
        await pipelines.choose("a", {}, [])


RAG = {"model_id": "m", "context_field_list": ["text"]}

FAULTS: list[tuple[Any, type[OpenSearchException], str]] = [
    (
        {"foo": 1},
        ParseException,
        "pipeline [p] doesn't support one or more provided configuration parameters [foo]",
    ),
    ({"version": 1.5}, ParseException, "[version] property cannot be converted to an int [1.5]"),
    (
        {"request_processors": {}},
        ParseException,
        "[request_processors] property isn't a list, but of type [java.util.HashMap]",
    ),
    ({"response_processors": [{"zzz": {}}]}, IllegalArgumentException, "Invalid processor type zzz"),
    (
        {"request_processors": [{"truncate_hits": {}}]},
        IllegalArgumentException,
        "Invalid processor type truncate_hits",
    ),
    (
        {"request_processors": [{"zzz": {}}], "response_processors": [{"yyy": {}}], "foo": 1},
        IllegalArgumentException,
        "Invalid processor type zzz",
    ),
    (
        {"response_processors": [{"retrieval_augmented_generation": {**RAG, "foo": 1, "bar": 2, "tag": "T"}}]},
        ParseException,
        "processor [retrieval_augmented_generation:T] doesn't support one or more provided configuration parameters: "
        "[bar, foo]",
    ),
    (
        {"response_processors": [{"retrieval_augmented_generation": {"context_field_list": ["t"]}}]},
        ParseException,
        "[model_id] required property is missing",
    ),
    (
        {"response_processors": [{"retrieval_augmented_generation": {**RAG, "context_field_list": []}}]},
        ParseException,
        "[context_field_list] required property can't be empty.",
    ),
    (
        {"response_processors": [{"truncate_hits": {"ignore_failure": "true"}}]},
        ParseException,
        "[ignore_failure] property isn't a boolean, but of type [java.lang.String]",
    ),
    (
        {"request_processors": [{"filter_query": {}}]},
        IllegalArgumentException,
        "Did not specify the query property in processor of type filter_query",
    ),
    (
        {"request_processors": [{"oversample": {"sample_factor": 0.5}}]},
        ParseException,
        "[sample_factor] Value must be >= 1.0",
    ),
    (
        {"request_processors": [{"neural_query_enricher": {}}]},
        IllegalArgumentException,
        "model Id or neural info map either of them should be provided",
    ),
    (
        {"response_processors": [{"sort": {"field": "f", "order": "x"}}]},
        ParseException,
        "[order] Sort direction [x] not recognized. Valid values are: [asc, desc]",
    ),
    (
        {"response_processors": [{"rerank": {"foo": {}}}]},
        IllegalArgumentException,
        "No rerank type found. Possible rerank types are: [ml_opensearch, by_field]",
    ),
    (
        {"response_processors": [{"rerank": {"ml_opensearch": {}}}]},
        IllegalArgumentException,
        "[rerank by ml_opensearch] is not supported by Ragstone yet",
    ),
    # Where OpenSearch fails with a 500:
    ({"response_processors": ["x"]}, ParseException, "property isn't a map, but of type [java.lang.String]"),
    ({"response_processors": [{"sort": "x"}]}, ParseException, "property isn't a map, but of type [java.lang.String]"),
    ({"response_processors": [{"sort": None}]}, ParseException, "property isn't a map, but of type [null]"),
]


@pytest.mark.parametrize(("body", "error", "reason"), FAULTS, ids=lambda v: str(v)[:60])
async def test_the_first_fault_of_a_definition_is_told_and_nothing_is_stored(
    pipelines: SearchPipelineService, body: Any, error: type[OpenSearchException], reason: str
) -> None:
    with pytest.raises(error) as caught:
        await pipelines.put("p", body)
    assert (caught.value.reason, caught.value.status) == (reason, 400)
    assert await pipelines.get([]) == {}


@pytest.mark.parametrize(
    "body",
    [{}, {"request_processors": None}, {"response_processors": [{}]}, {"version": "7", "description": "d"}],
)
async def test_what_opensearch_takes_comes_back_word_for_word(pipelines: SearchPipelineService, body: Any) -> None:
    await pipelines.put("p", body)
    assert await pipelines.get(["p"]) == {"p": body}
