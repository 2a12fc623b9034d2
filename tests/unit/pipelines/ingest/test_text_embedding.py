"""`text_embedding`: which texts are embedded, where the vectors go, and how many calls it takes."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.pipelines.ingest.service import IngestService


async def embed(ingest: IngestService, options: Any, *sources: Any) -> list[Any]:
    processor = {"text_embedding": {"model_id": "m", **options}}
    docs = [{"_source": source} for source in sources]
    answer = await ingest.simulate(None, {"pipeline": {"processors": [processor]}, "docs": docs})
    return [doc["error"]["reason"] if "error" in doc else doc["doc"]["_source"] for doc in answer["docs"]]


@pytest.mark.parametrize(
    ("field_map", "source", "expected"),
    [
        ({"t": "e"}, {"t": "red fox"}, {"t": "red fox", "e": [7.0, 2.0]}),
        ({"t": "e"}, {"t": "red", "e": "old"}, {"t": "red", "e": [3.0, 1.0]}),
        ({"t": "e"}, {"t": "  "}, {"t": "  "}),
        ({"t": "e"}, {"t": None}, {"t": None}),
        ({"t": "e"}, {}, {}),
        ({"t": "e"}, {"t": ["red", ""]}, {"t": ["red", ""], "e": [{"knn": [3.0, 1.0]}, {"knn": [0.0, 0.0]}]}),
        ({"t": "e"}, {"t": []}, {"t": []}),
        ({"t": "x.y"}, {"t": "red"}, {"t": "red", "x": {"y": [3.0, 1.0]}}),
        ({"o": {"t": "e"}}, {"o": {"t": "red"}}, {"o": {"t": "red", "e": [3.0, 1.0]}}),
        (
            {"o": {"t": "e"}},
            {"o": [{"t": "red"}, {"x": 1}]},
            {"o": [{"t": "red", "e": [3.0, 1.0]}, {"x": 1}]},
        ),
        ({"o.t": "e"}, {"o": {"t": "red"}}, {"o": {"t": "red", "e": [3.0, 1.0]}}),
        ({"o.t": "e"}, {"o.t": "red", "o": {"u": 1}}, {"o": {"t": "red", "u": 1, "e": [3.0, 1.0]}}),
        ({"t": "e"}, {"t": 5}, "map type field [t] is neither string nor nested type, cannot process it"),
        ({"t": "e"}, {"t": True}, "map type field [t] is neither string nor nested type, cannot process it"),
        ({"t": "e"}, {"t": ["a", None]}, "list type field [t] has null, cannot process it"),
        ({"t": "e"}, {"t": ["a", 1]}, "list type field [t] has non string value, cannot process it"),
        ({"t": "e"}, {"t": ["a", ["b"]]}, "list type field [t] is nested list type, cannot process it"),
        (
            {"t": "e"},
            {"t": {"x": "y"}},
            "[t] configuration doesn't match actual value type, configuration type is: java.lang.String, "
            "actual value type is: java.util.HashMap",
        ),
        ({"o": {"t": "e"}}, {"o": {"t": 3}}, "map type field [t] is neither string nor nested type, cannot process it"),
    ],
)
async def test_values_are_taken_as_opensearch_takes_them(
    ingest: IngestService, field_map: Any, source: Any, expected: Any
) -> None:
    assert await embed(ingest, {"field_map": field_map}, source) == [expected]


async def test_a_remote_model_gets_batch_size_documents_per_call(ingest: IngestService, models: Any) -> None:
    sources = [{"a": f"a{n}", "b": f"b{n}"} for n in range(3)] + [{"a": ""}, {"a": "a4"}]
    await embed(ingest, {"field_map": {"a": "x", "b": "y"}, "batch_size": 2}, *sources)
    assert sorted(models.calls) == [["a0", "b0", "a1", "b1"], ["a2", "b2", "a4"]]


async def test_a_model_that_runs_here_gets_everything_at_once(ingest: IngestService, models: Any) -> None:
    models.remote = False
    await embed(ingest, {"field_map": {"a": "x"}}, *({"a": f"a{n}"} for n in range(5)))
    assert models.calls == [["a0", "a1", "a2", "a3", "a4"]]


async def test_nothing_to_embed_calls_no_model(ingest: IngestService, models: Any) -> None:
    await embed(ingest, {"field_map": {"a": "x"}}, {}, {"a": 1})
    assert models.calls == []
