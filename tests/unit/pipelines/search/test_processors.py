"""Search processors, and what happens when one fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

import ragstone.pipelines.search.service  # noqa: F401  (registers the processors)
from ragstone.core import json
from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    OpenSearchException,
    OpenSearchTimeoutException,
    ParseException,
    StatusException,
)
from ragstone.dsl.query import parse_query
from ragstone.dsl.search_body import SearchBody, parse_search_body
from ragstone.engine.values import Hit, Total
from ragstone.ml.settings import RAG_FEATURE
from ragstone.pipelines.errors import FeatureOffException
from ragstone.pipelines.processor import PipelineContext, ProcessorServices, SearchResponse
from ragstone.pipelines.search.pipeline import SearchPipeline, compile_pipeline
from ragstone.rag.generative_qa import GeneratedAnswer
from ragstone.rag.llm_io import Reply


@dataclass
class FakeQA:
    failure: OpenSearchException | None = None
    given: Any = None

    async def answer(self, config: Any, parameters: Any, hits: Any) -> GeneratedAnswer:
        self.given = (config, parameters, list(hits))
        if self.failure is not None:
            raise self.failure
        return GeneratedAnswer(Reply(answer="A"))


class Entries:
    """A trace that keeps what it is given."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def body(self, body: SearchBody) -> Any:
        return body.to_json()

    def hits(self, response: SearchResponse) -> Any:
        return [hit.id for hit in response.hits]

    def add(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)


@pytest.fixture
def qa() -> FakeQA:
    return FakeQA()


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def built(services: ProcessorServices, qa: Any, settings: dict[str, Any]) -> ProcessorServices:
    return replace(services, generative_qa=qa, cluster_settings=StaticClusterSettings(settings))


def pipeline(services: ProcessorServices, kind: str, *processors: Any) -> SearchPipeline:
    return compile_pipeline("p", {f"{kind}_processors": list(processors)}, services)


def found(*sources: Any, **options: Any) -> SearchResponse:
    hits = [Hit("i", str(n), float(10 - n), json.encode(source)) for n, source in enumerate(sources, 1)]
    return SearchResponse(hits=hits, total=Total(len(hits)), max_score=9.0, shards=1, **options)


async def sources(pipeline: SearchPipeline, response: SearchResponse) -> list[Any]:
    answer = await pipeline.transform_response(SearchBody(), response, PipelineContext())
    return [json.decode(hit.source or b"null") for hit in answer.hits]


# ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_filter_query_puts_the_search_behind_a_filter(built: ProcessorServices) -> None:
    filtering = pipeline(built, "request", {"filter_query": {"query": {"term": {"tag": "x"}}}})
    body = parse_search_body({"query": {"match": {"t": "a"}}})
    changed = await filtering.transform_request(body, PipelineContext())
    assert changed.query == parse_query({"bool": {"must": [{"match": {"t": "a"}}], "filter": [{"term": {"tag": "x"}}]}})
    unfiltered = await filtering.transform_request(SearchBody(), PipelineContext())
    assert unfiltered.query == parse_query({"bool": {"filter": [{"term": {"tag": "x"}}]}})


async def test_the_enricher_gives_models_by_field_then_by_default_also_inside(built: ProcessorServices) -> None:
    options = {"default_model_id": "d", "neural_field_default_id": {"v": "of_v"}}
    enriching = pipeline(built, "request", {"neural_query_enricher": options})

    def clauses(**models: str) -> Any:
        asked = {field: {"query_text": "q"} for field in "vwx"}
        for field, model in models.items():
            asked[field]["model_id"] = model
        return {"bool": {"must": [{"neural": {"v": asked["v"]}}], "should": [{"neural": {f: asked[f]}} for f in "wx"]}}

    body = parse_search_body({"query": clauses(x="own")})
    changed = await enriching.transform_request(body, PipelineContext())
    assert changed.query == parse_query(clauses(v="of_v", w="d", x="own"))


async def test_an_enricher_that_has_no_model_for_a_query_says_so(built: ProcessorServices) -> None:
    enriching = pipeline(built, "request", {"neural_query_enricher": {"neural_field_default_id": {"w": "m"}}})
    body = parse_search_body({"query": {"neural": {"v": {"query_text": "q"}}}})
    with pytest.raises(IllegalArgumentException, match="model id must be provided in neural query or a default"):
        await enriching.transform_request(body, PipelineContext())


@pytest.mark.parametrize(("size", "expected"), [(None, 15), (3, 5)])
async def test_oversample_and_truncate_work_together(built: ProcessorServices, size: int | None, expected: int) -> None:
    definition = {
        "request_processors": [{"oversample": {"sample_factor": 1.5, "context_prefix": "c"}}],
        "response_processors": [{"truncate_hits": {"context_prefix": "c"}}],
    }
    both = compile_pipeline("p", definition, built)
    context = PipelineContext()
    assert (await both.transform_request(SearchBody(size=size), context)).size == expected
    answer = await both.transform_response(SearchBody(), found(*range(15)), context)
    assert len(answer.hits) == (size or 10)
    assert answer.total == Total(15)


async def test_truncate_without_a_size_is_told(built: ProcessorServices) -> None:
    with pytest.raises(IllegalStateException, match="Must specify target_size unless an earlier processor set"):
        await sources(pipeline(built, "response", {"truncate_hits": {}}), found({}))


# ── responses ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("processor", "given", "expected"),
    [
        ({"rename_field": {"field": "a", "target_field": "b"}}, [{"a": 1, "c": 2}], [{"b": 1, "c": 2}]),
        ({"rename_field": {"field": "a", "target_field": "b", "ignore_missing": True}}, [{"c": 2}], [{"c": 2}]),
        ({"sort": {"field": "a", "order": "desc", "target_field": "b"}}, [{"a": [1, 3]}], [{"a": [1, 3], "b": [3, 1]}]),
        ({"split": {"field": "a", "separator": ","}}, [{"a": "x,y,,"}, {"a": 5}], [{"a": ["x", "y"]}, {"a": 5}]),
        ({"collapse": {"field": "a"}}, [{"a": 1}, {"a": 2}, {"a": 1}, {}, {}], [{"a": 1}, {"a": 2}, {}]),
        ({"truncate_hits": {"target_size": 1}}, [{"a": 1}, {"a": 2}], [{"a": 1}]),
    ],
)
async def test_response_processors_change_hits(
    built: ProcessorServices, processor: Any, given: list[Any], expected: list[Any]
) -> None:
    assert await sources(pipeline(built, "response", processor), found(*given)) == expected


@pytest.mark.parametrize(
    ("processor", "reason"),
    [
        ({"rename_field": {"field": "a", "target_field": "b"}}, "Document with id 2 is missing field a"),
        ({"sort": {"field": "a"}}, "field [a] not present as part of path [a]"),
    ],
)
async def test_a_hit_without_the_field_is_told_and_an_ignored_failure_changes_nothing(
    built: ProcessorServices, processor: Any, reason: str
) -> None:
    with pytest.raises(IllegalArgumentException) as caught:
        await sources(pipeline(built, "response", processor), found({"a": [2, 1]}, {}))
    assert caught.value.reason == reason
    [(name, options)] = processor.items()
    ignoring = pipeline(built, "response", {name: {**options, "ignore_failure": True}})
    assert await sources(ignoring, found({"a": [2, 1]}, {})) == [{"a": [2, 1]}, {}]


@pytest.mark.parametrize(
    ("options", "given", "expected"),
    [
        ({"target_field": "r"}, [{"r": 1}, {"r": "2.5"}, {"r": 1}], [("2", 2.5), ("1", 1.0), ("3", 1.0)]),
        ({"target_field": "o.r", "remove_target_field": True}, [{"o": {"r": 1}}], [("1", 1.0)]),
    ],
)
async def test_rerank_sorts_by_a_number_of_the_document(
    built: ProcessorServices, options: Any, given: list[Any], expected: Any
) -> None:
    reranking = pipeline(built, "response", {"rerank": {"by_field": options}})
    answer = await reranking.transform_response(SearchBody(), found(*given), PipelineContext())
    assert [(hit.id, hit.score) for hit in answer.hits] == expected
    assert answer.max_score == expected[0][1]


async def test_rerank_can_keep_the_old_score_and_remove_the_number(built: ProcessorServices) -> None:
    options = {"target_field": "o.r", "remove_target_field": True, "keep_previous_score": True}
    reranking = pipeline(built, "response", {"rerank": {"by_field": options}})
    assert await sources(reranking, found({"o": {"r": 1}, "k": 1}, {"o": {"r": 2, "x": 3}})) == [
        {"o": {"x": 3}, "previous_score": 8.0},
        {"k": 1, "previous_score": 9.0},
    ]
    assert (await sources(reranking, found())) == []


@pytest.mark.parametrize(
    ("body", "source", "reason"),
    [
        ({"_source": False}, {"r": 1}, "There is no source field to be able to perform rerank on hit [1]"),
        ({"_source": ["x"]}, {"r": 1}, "The field to rerank by is not found at hit [1]"),
        ({}, {"r": {"x": 1}}, "The field mapping to rerank by [{x=1}] is not Numerical, instead of type [HashMap]"),
        ({}, {"r": "w1"}, "The field mapping to rerank by [w1] is not Numerical, instead of type [String]"),
    ],
)
async def test_a_hit_without_a_number_cannot_be_reranked(
    built: ProcessorServices, body: Any, source: Any, reason: str
) -> None:
    reranking = pipeline(built, "response", {"rerank": {"by_field": {"target_field": "r"}}})
    with pytest.raises(IllegalArgumentException) as caught:
        await reranking.transform_response(parse_search_body(body), found(source), PipelineContext())
    assert caught.value.reason == reason


# ── generated answers ────────────────────────────────────────────────────────────────────────────────────────────────

RAG = {"model_id": "m", "context_field_list": ["text"]}
ASKED = parse_search_body({"ext": {"generative_qa_parameters": {"llm_model": "x", "llm_question": "q"}}})


def answering(services: ProcessorServices, **options: Any) -> SearchPipeline:
    return pipeline(services, "response", {"retrieval_augmented_generation": {**RAG, **options}})


async def answered(pipeline: SearchPipeline, body: SearchBody = ASKED) -> SearchResponse:
    context = PipelineContext()
    body = await pipeline.transform_request(body, context)
    return await pipeline.transform_response(body, found({"text": "t"}), context)


async def test_an_answer_stands_in_ext_beside_the_hits(built: ProcessorServices) -> None:
    response = await answered(answering(built))
    assert response.ext == {"retrieval_augmented_generation": {"answer": "A"}}
    assert len(response.hits) == 1


async def test_answers_see_the_hits_as_earlier_processors_left_them(built: ProcessorServices, qa: FakeQA) -> None:
    both = pipeline(built, "response", {"truncate_hits": {"target_size": 0}}, {"retrieval_augmented_generation": RAG})
    await answered(both)
    assert qa.given[2] == []


async def test_missing_parameters_are_told_or_noted_where_failures_are_ignored(built: ProcessorServices) -> None:
    with pytest.raises(IllegalArgumentException, match="generative_qa_parameters not found"):
        await answered(answering(built), SearchBody())
    response = await answered(answering(built, ignore_failure=True), SearchBody())
    assert response.ext["retrieval_augmented_generation"]["error"].startswith("generative_qa_parameters not found")


@pytest.mark.parametrize(
    ("failure", "ext"),
    [
        (StatusException(429, "Error from remote service: busy"), {}),
        (
            OpenSearchTimeoutException("too late"),
            {"retrieval_augmented_generation": {"error": "too late"}},
        ),
    ],
)
async def test_ignored_failures_leave_the_hits_and_a_timeout_says_why(
    built: ProcessorServices, qa: FakeQA, failure: OpenSearchException, ext: Any
) -> None:
    qa.failure = failure
    with pytest.raises(type(failure)):
        await answered(answering(built))
    response = await answered(answering(built, ignore_failure=True))
    assert (len(response.hits), response.ext) == (1, ext)


async def test_context_fields_that_are_no_texts_are_told_when_a_search_comes_by(built: ProcessorServices) -> None:
    with pytest.raises(ParseException) as caught:
        await answered(answering(built, context_field_list=["text", 1]))
    assert caught.value.reason == (
        "[context_field_list] property isn't a list of strings, but has a [java.lang.Integer]"
    )


@pytest.mark.parametrize(
    ("kind", "processor"),
    [
        ("request", {"question_rewrite": {"model_id": "m"}}),
        ("response", {"retrieval_augmented_generation": {**RAG, "ignore_failure": True}}),
    ],
)
async def test_the_switch_is_obeyed_when_stored_and_at_every_search(
    built: ProcessorServices, settings: dict[str, Any], kind: str, processor: Any
) -> None:
    compiled = pipeline(built, kind, processor)
    settings[RAG_FEATURE.key] = "false"
    with pytest.raises(FeatureOffException) as caught:
        pipeline(built, kind, processor)
    assert (caught.value.type_name(), caught.value.status) == ("m_l_exception", 500)
    with pytest.raises(FeatureOffException):
        await answered(compiled)
    del settings[RAG_FEATURE.key]
    assert (await answered(compiled)).hits


# ── verbose ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_trace_shows_every_processor_and_ignores_failures(built: ProcessorServices, qa: FakeQA) -> None:
    qa.failure = StatusException(429, "busy")
    definition = {
        "request_processors": [{"oversample": {"sample_factor": 2, "tag": "more"}}],
        "response_processors": [{"truncate_hits": {"target_size": 1}}, {"retrieval_augmented_generation": RAG}],
    }
    verbose = compile_pipeline("p", definition, built)
    trace, context = Entries(), PipelineContext()
    await verbose.transform_request(replace(ASKED, size=2), context, trace)
    await verbose.transform_response(ASKED, found({}, {}), context, trace)
    ext = {"generative_qa_parameters": {"llm_model": "x", "llm_question": "q"}}
    for entry in trace.entries:
        assert entry.pop("duration_millis") >= 0
    assert trace.entries == [
        {
            "processor_name": "oversample",
            "tag": "more",
            "status": "success",
            "input_data": {"size": 2, "ext": ext},
            "output_data": {"size": 4, "ext": ext},
        },
        {"processor_name": "truncate_hits", "status": "success", "input_data": ["1", "2"], "output_data": ["1"]},
        {
            "processor_name": "retrieval_augmented_generation",
            "status": "fail",
            "error": "busy",
            "input_data": ["1"],
            "output_data": None,
        },
    ]
