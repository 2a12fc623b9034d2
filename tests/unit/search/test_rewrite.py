"""Texts become vectors before an engine sees the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from ragstone.core.clock import Deadline
from ragstone.core.errors import IllegalArgumentException, StatusException
from ragstone.dsl.queries.neural_sparse import NeuralSparse
from ragstone.dsl.query import parse_query
from ragstone.engine.values import IndexMetadata
from ragstone.ml.ports import PredictResult
from ragstone.search.hybrid import MisplacedHybridException
from ragstone.search.rewrite import field_type, rewrite_neural


class FakeModels:
    """Embeds a text as `[its length]`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str], str]] = []

    async def embed(
        self,
        model_id: str,
        texts: Sequence[str],
        *,
        content_type: Literal["query", "passage"] = "passage",
        deadline: Deadline | None = None,
    ) -> list[list[float]]:
        self.calls.append((model_id, list(texts), content_type))
        if model_id == "gone":
            raise StatusException(404, "Failed to find model")
        return [[float(len(text))] for text in texts]

    async def embed_sparse(
        self, model_id: str, texts: Sequence[str], *, deadline: Deadline | None = None
    ) -> list[dict[str, float]]:
        """Every word weighs as much as it has letters."""
        return [{word: float(len(word)) for word in text.split()} for text in texts]

    async def is_remote(self, model_id: str) -> bool:
        return True

    async def predict_remote(
        self, model_id: str, parameters: Mapping[str, Any], *, literal: bool = False, deadline: Deadline | None = None
    ) -> PredictResult:
        raise AssertionError("nothing here predicts")


MAPPINGS = {
    "properties": {
        "v": {"type": "knn_vector"},
        "t": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "o": {"properties": {"v": {"type": "knn_vector"}}},
    }
}
INDEX = IndexMetadata("i", "u" * 22, {}, MAPPINGS, {}, 0)


def neural(field: str = "v", **options: Any) -> dict[str, Any]:
    return {"neural": {field: {"query_text": "red", "model_id": "m", **options}}}


async def rewritten(query: Any, models: FakeModels | None = None) -> Any:
    [answer] = await rewrite_neural([parse_query(query)], [INDEX], models or FakeModels())
    return answer


async def test_a_neural_query_becomes_the_knn_query_it_stands_for() -> None:
    given = neural(k=3, filter={"term": {"t.raw": "x"}}, boost=2, _name="n")
    assert await rewritten(given) == parse_query(
        {"knn": {"v": {"vector": [3.0], "k": 3, "filter": {"term": {"t.raw": "x"}}, "boost": 2, "_name": "n"}}}
    )


async def test_without_a_limit_ten_neighbours_are_asked_for() -> None:
    assert (await rewritten(neural())).k == 10
    assert (await rewritten(neural(min_score=0.5))).k is None


async def test_each_text_is_embedded_once_wherever_it_stands() -> None:
    models = FakeModels()
    query = {"bool": {"must": [neural(), neural("o.v")], "should": [neural(query_text="blue", filter=neural())]}}
    answer = await rewritten(query, models)
    assert sorted(models.calls) == [("m", ["blue"], "query"), ("m", ["red"], "query")]
    assert [must.vector for must in answer.must] == [(3.0,), (3.0,)]
    assert answer.should[0].filter.vector == (3.0,)


async def test_a_sparse_query_gets_its_tokens_from_the_model_or_the_request() -> None:
    def sparse(**options: Any) -> dict[str, Any]:
        return {"neural_sparse": {"s": options}}

    answer = await rewritten({"bool": {"must": [sparse(query_text="red foxes", model_id="m")]}})
    assert answer.must[0].tokens == (("red", 3.0), ("foxes", 5.0))
    given = sparse(query_tokens={"a": 1.5}, query_text="red", model_id="m")
    assert (await rewritten(given)).tokens == (("a", 1.5),)
    by_analyzer = sparse(query_text="red", analyzer="standard")
    assert await rewritten(by_analyzer) == parse_query(by_analyzer)


async def test_a_model_and_an_analyzer_are_one_too_many() -> None:
    query = replace(NeuralSparse(field="s", query_text="x", analyzer="standard"), model_id="m")
    with pytest.raises(IllegalArgumentException, match="Cannot use both"):
        await rewrite_neural([query], [INDEX], FakeModels())


async def test_the_first_query_may_be_a_hybrid_one_and_its_texts_are_read() -> None:
    filter = {"term": {"t.raw": "x"}}
    answer = await rewritten({"hybrid": {"queries": [neural(), {"match": {"t": "red"}}], "filter": filter}})
    assert [query.wire_name for query in answer.queries] == ["knn", "bool"]
    assert answer.queries[0].filter == parse_query(filter)
    hybrid = parse_query({"hybrid": {"queries": [{"match_all": {}}]}})
    with pytest.raises(MisplacedHybridException):
        await rewrite_neural([parse_query({"match_all": {}}), hybrid], [INDEX], FakeModels())


async def test_a_query_without_neural_is_not_touched_and_calls_nothing() -> None:
    models = FakeModels()
    query = parse_query({"bool": {"must": [{"match": {"t": "x"}}]}})
    assert await rewrite_neural([query], [INDEX], models) == [query]
    assert models.calls == []


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (neural(query_text=" "), "Invalid neural query: Either query_text or query_image must be provided."),
        (neural(model_id=None), "Invalid neural query: model_id must be provided."),
        (neural(model_id=""), "Invalid neural query: model_id field can not be empty"),
        (
            neural("t"),
            "Failed to process the neural query against the field t because its type is not supported. "
            "It should be one of [knn_vector,semantic]",
        ),
        (
            neural("t.raw"),
            "Failed to process the neural query against the field t.raw because its type is not supported. "
            "It should be one of [knn_vector,semantic]",
        ),
        (neural(query_text=None, query_image="aGk="), "[neural] query_image is not supported by Ragstone yet"),
    ],
)
async def test_what_a_query_lacks_is_told_before_any_model_is_called(query: Any, reason: str) -> None:
    models = FakeModels()
    with pytest.raises(IllegalArgumentException) as caught:
        await rewritten(query, models)
    assert caught.value.reason == reason
    assert models.calls == []


async def test_an_unmapped_field_is_left_to_the_engine() -> None:
    assert (await rewritten(neural("absent"))).field == "absent"


async def test_the_models_error_is_the_searchs_error() -> None:
    with pytest.raises(StatusException, match="Failed to find model"):
        await rewritten(neural(model_id="gone"))


@pytest.mark.parametrize(
    ("path", "type"), [("v", "knn_vector"), ("t.raw", "keyword"), ("o.v", "knn_vector"), ("o", None), ("v.x", None)]
)
def test_types_are_found_by_path(path: str, type: str | None) -> None:
    assert field_type(MAPPINGS, path) == type
