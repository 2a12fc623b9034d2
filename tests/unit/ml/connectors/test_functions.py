"""Built-in pre- and post-process functions, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.connectors.inputs import ModelInput, ParametersInput, SimilarityInput, TextDocsInput
from ragstone.ml.connectors.post_process import post_process_functions
from ragstone.ml.connectors.pre_process import pre_process_functions
from ragstone.ml.json_path import read

TEXTS = TextDocsInput(("a", "b"))
PAIR = SimilarityInput("q", ("a", "b"))
RERANK = {"query": "q", "documents": ["a", "b"], "top_n": 2}


@pytest.mark.parametrize(
    ("name", "given", "parameters"),
    [
        ("default.embedding", TEXTS, {"input": ["a", "b"]}),
        ("openai.embedding", TEXTS, {"input": ["a", "b"]}),
        ("cohere.embedding", TEXTS, {"texts": ["a", "b"]}),
        ("cohere.multimodal_embedding", TEXTS, {"images": ["a", "b"]}),
        ("bedrock.embedding", TEXTS, {"inputText": "a"}),
        ("bedrock.multimodal_embedding", TEXTS, {"inputText": "a", "inputImage": "b"}),
        ("bedrock.multimodal_embedding", TextDocsInput(("a",)), {"inputText": "a"}),
        ("bedrock.nova.text_embedding", TEXTS, {"inputText": "a"}),
        ("bedrock.nova.image_embedding", TEXTS, {"inputImage": "a"}),
        ("bedrock.nova.video_embedding", TEXTS, {"inputVideo": "a"}),
        ("bedrock.nova.audio_embedding", TEXTS, {"inputAudio": "a"}),
        ("bedrock.nova.embedding", TEXTS, {"inputText": "a"}),
        ("bedrock.nova.embedding", TextDocsInput(('{"image":{"x":1}}',)), {"inputImage": {"x": 1}}),
        ("cohere.rerank", PAIR, RERANK),
        ("default.rerank", PAIR, RERANK),
        (
            "bedrock.rerank",
            SimilarityInput("q", ("a",)),
            {
                "queries": [{"textQuery": {"text": "q"}, "type": "TEXT"}],
                "sources": [
                    {"inlineDocumentSource": {"textDocument": {"text": "a"}, "type": "TEXT"}, "type": "INLINE"}
                ],
                "numberOfResults": 1,
            },
        ),
    ],
)
def test_what_a_pre_process_function_makes_of_its_input(
    name: str, given: ModelInput, parameters: dict[str, Any]
) -> None:
    found = pre_process_functions.get(f"connector.pre_process.{name}")
    assert found is not None
    assert found().parameters(given) == parameters


@pytest.mark.parametrize("name", pre_process_functions.names())
def test_a_pre_process_function_refuses_another_kind_of_input(name: str) -> None:
    found = pre_process_functions.get(name)
    assert found is not None
    with pytest.raises(IllegalArgumentException, match="This pre_process_function can only support"):
        found().parameters(ParametersInput())


def vector(numbers: list[float], data_type: str = "FLOAT32") -> dict[str, Any]:
    return {"name": "sentence_embedding", "data_type": data_type, "shape": [len(numbers)], "data": numbers}


def score(number: float) -> dict[str, Any]:
    return {"name": "similarity", "data_type": "FLOAT32", "shape": [1], "data": [number]}


V = [[0.5, 1], [2, 3.5]]
TYPED = {"embeddings": {"float": V, "int8": V, "uint8": V, "binary": V, "ubinary": V}}
SCORED = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}]


@pytest.mark.parametrize(
    ("name", "body", "tensors"),
    [
        ("openai.embedding", {"data": [{"embedding": V[0]}, {"embedding": V[1]}]}, [vector(V[0]), vector(V[1])]),
        ("openai.embedding", {"data": []}, []),
        ("default.embedding", V, [vector(V[0]), vector(V[1])]),
        ("cohere.embedding", {"embeddings": V}, [vector(V[0]), vector(V[1])]),
        ("cohere_v2.embedding.float", TYPED, [vector(V[0]), vector(V[1])]),
        ("cohere_v2.embedding.int8", TYPED, [vector(V[0], "INT8"), vector(V[1], "INT8")]),
        ("cohere_v2.embedding.uint8", TYPED, [vector(V[0], "UINT8"), vector(V[1], "UINT8")]),
        ("cohere_v2.embedding.binary", TYPED, [vector(V[0], "BINARY"), vector(V[1], "BINARY")]),
        ("cohere_v2.embedding.ubinary", TYPED, [vector(V[0], "UBINARY"), vector(V[1], "UBINARY")]),
        ("bedrock.embedding", {"embedding": V[0]}, [vector(V[0])]),
        ("bedrock_v2.embedding.float", {"embeddingsByType": {"float": V[0]}}, [vector(V[0])]),
        ("bedrock_v2.embedding.binary", {"embeddingsByType": {"binary": [1, 0]}}, [vector([1, 0], "BINARY")]),
        ("bedrock.nova.embedding", {"embeddings": [{"embedding": V[0]}]}, [vector(V[0])]),
        ("cohere.rerank", {"results": SCORED}, [score(0.2), score(0.9)]),
        ("default.rerank", SCORED, [score(0.2), score(0.9)]),
        ("bedrock.rerank", {"results": [{"index": 0, "relevanceScore": 1}]}, [score(1)]),
        (
            "bedrock.batch_job_arn",
            {"jobArn": "arn:x/y"},
            [{"name": "response", "dataAsMap": {"jobArn": "arn:x/y", "processedJobArn": "arn:x%2Fy"}}],
        ),
        ("mlcommons.passthrough", {"inference_results": [{"output": [vector(V[0])]}]}, [vector(V[0])]),
        ("mlcommons.passthrough", {"x": 1}, [{"name": "response", "dataAsMap": {"x": 1}}]),
    ],
)
def test_what_a_post_process_function_makes_of_an_answer(name: str, body: Any, tensors: list[Any]) -> None:
    found = post_process_functions.get(f"connector.post_process.{name}")
    assert found is not None
    function = found()
    assert function.tensors(read(function.path, body), function.path) == tensors


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("openai.embedding", {}, "Post process function input is not a List."),
        ("openai.embedding", ["x"], "The embedding should be a non-empty List containing List of Float values."),
        ("openai.embedding", [[]], "The embedding should be a non-empty List containing List of Float values."),
        ("openai.embedding", [[True]], "The embedding should be a non-empty List containing List of Float values."),
        ("bedrock.embedding", [], "The embedding should be a non-empty List containing Float values."),
        ("cohere.rerank", [0.5], "Post process function input is not a List of Map."),
        ("cohere.rerank", [{"i": 1}], "The rerank result should contain index and relevance_score."),
        ("bedrock.rerank", [{"index": 0}], "The rerank result should contain index and relevanceScore."),
        ("bedrock.batch_job_arn", {}, "The answer to a batch job request should contain jobArn."),
    ],
)
def test_an_answer_of_the_wrong_shape_is_refused(name: str, value: Any, reason: str) -> None:
    found = post_process_functions.get(f"connector.post_process.{name}")
    assert found is not None
    with pytest.raises(IllegalArgumentException) as error:
        found().tensors(value, "$")
    assert str(error.value) == reason


def test_a_filter_names_the_type_of_the_numbers() -> None:
    found = post_process_functions.get("connector.post_process.cohere_v2.embedding.float")
    assert found is not None
    assert found().tensors(V[:1], "$.embeddings.INT8")[0]["data_type"] == "INT8"
