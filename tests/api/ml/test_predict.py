"""Predictions: where we do better than the recorded server."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.api import HttpResponse
from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def asked(client: AsgiClient, model: str, **parameters: Any) -> Any:
    return await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": parameters})


async def test_a_request_parameter_can_not_lead_a_connector_elsewhere(client: AsgiClient, ml: Any) -> None:
    await ml.settings(trusted_connector_endpoints_regex=["^http://models.test/v1/.*$"])
    connector = await ml.connector(
        action={"url": "${parameters.base}/${parameters.part}/x"},
        parameters={"base": "http://models.test", "part": "v1"},
    )
    model = await ml.model(connector_id=connector)
    untrusted = (400, "Connector URL is not matching the trusted connector endpoint regex")
    assert (await asked(client, model)).status == 200
    assert ml.fault(await asked(client, model, part="v2"))[::2] == untrusted
    assert ml.fault(await asked(client, model, base="http://elsewhere.test"))[::2] == untrusted
    assert (await asked(client, model, part="v1/deep")).status == 200
    assert (await asked(client, model, part="v1/../v2")).status == 400
    await ml.settings(trusted_connector_endpoints_regex=[])
    assert ml.fault(await asked(client, model))[::2] == untrusted


async def test_private_addresses_follow_the_setting_without_a_new_deployment(
    client: AsgiClient, ml: Any, provider: Any
) -> None:
    model = await ml.model()
    await asked(client, model)
    await ml.settings(connector__private_ip_enabled=True)
    await asked(client, model)
    assert [request.allow_private for request in provider.requests] == [False, True]


async def test_a_loop_of_parameters_is_a_400(client: AsgiClient, ml: Any) -> None:
    model = await ml.model(connector_id=await ml.connector('{"p":"${parameters.p}"}'))
    status, type, reason = ml.fault(await asked(client, model, p="${parameters.p}"))
    assert (status, type) == (400, "illegal_state_exception")
    assert reason.startswith("Infinite loop in property interpolation of")


async def test_the_model_gets_equal_json_however_it_is_escaped(client: AsgiClient, ml: Any, provider: Any) -> None:
    connector = await ml.connector('{"m":${parameters.m},"s":"${parameters.s}"}')
    values = {"m": [{"c": "é / \" \\ \n <&>'"}], "s": "é / \" \\ \n <&>' \u0001 😀"}
    await asked(client, await ml.model(connector_id=connector), **values)
    assert json.decode(provider.requests[0].body) == values


async def test_a_header_that_nothing_fills_is_refused(client: AsgiClient, ml: Any) -> None:
    connector = await ml.connector(action={"headers": {"X-Open": "${parameters.open}"}})
    model = await ml.model(connector_id=connector)
    wanted = (400, "Header 'X-Open' contains unresolved placeholder. Required parameter is missing.")
    assert ml.fault(await asked(client, model))[::2] == wanted
    assert (await asked(client, model, open="yes")).status == 200


async def test_put_and_delete_are_methods_too(client: AsgiClient, ml: Any, provider: Any) -> None:
    for method in ("PUT", "DELETE"):
        model = await ml.model(connector_id=await ml.connector(action={"method": method}))
        assert (await asked(client, model)).status == 200
    assert [request.method for request in provider.requests] == ["PUT", "DELETE"]


async def test_a_bare_scalar_is_refused(client: AsgiClient, ml: Any, provider: Any) -> None:
    provider.answer = HttpResponse(200, {}, b'"bare"')
    assert ml.fault(await asked(client, await ml.model()))[::2] == (400, "Unsupported response type")


async def test_a_whole_number_is_a_score(client: AsgiClient, ml: Any, provider: Any) -> None:
    provider.answer = HttpResponse(200, {}, b'[{"index":0,"relevance_score":1}]')
    post = {"post_process_function": "connector.post_process.default.rerank"}
    model = await ml.model(connector_id=await ml.connector(action=post))
    [result] = (await asked(client, model)).json["inference_results"]
    assert result["output"] == [{"name": "similarity", "data_type": "FLOAT32", "shape": [1], "data": [1]}]


@pytest.mark.parametrize("index", [7, -1, 0.5])
async def test_a_score_for_no_document_is_a_400(client: AsgiClient, ml: Any, provider: Any, index: float) -> None:
    provider.answer = HttpResponse(200, {}, json.encode([{"index": index, "relevance_score": 1}]))
    post = {"post_process_function": "connector.post_process.default.rerank"}
    model = await ml.model(connector_id=await ml.connector(action=post))
    assert (await asked(client, model)).status == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("models/{model}/_predict", {"parameters": [1]}),
        ("_predict/text_embedding/{model}", {"text_docs": "x"}),
        ("_predict/text_embedding/{model}", {"text_docs": [{}]}),
        ("_predict/text_embedding/{model}", {}),
        ("_predict/kmeans/{model}", {}),
    ],
)
async def test_a_body_of_the_wrong_shape_is_a_400(client: AsgiClient, ml: Any, path: str, body: Any) -> None:
    answer = await client(f"POST /_plugins/_ml/{path.format(model=await ml.model())}", body)
    assert answer.status == 400


async def test_texts_are_data_whatever_they_look_like(client: AsgiClient, ml: Any, provider: Any) -> None:
    model = await ml.model(connector_id=await ml.connector('{"input":${parameters.input}}', parameters={"m": "own"}))
    texts = ["${parameters.m}", "${parameters.none}", '{"a":1}']
    await client(f"POST /_plugins/_ml/_predict/text_embedding/{model}", {"text_docs": texts})
    assert json.decode(provider.requests[0].body) == {"input": texts}


async def test_classic_algorithms_are_refused_out_loud(client: AsgiClient, ml: Any) -> None:
    answer = await client("POST /_plugins/_ml/_train/kmeans", {})
    assert ml.fault(answer)[:2] == (400, "unsupported_operation_exception")


async def test_before_anything_is_registered_models_are_unknown(settings: Settings, ml: Any) -> None:
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        answer = await asked(client, "none")
        others = [await client(f"POST /_plugins/_ml/models/none/{verb}") for verb in ("_deploy", "_undeploy")]
    assert [other.status for other in others] == [404, 404]
    assert ml.fault(answer)[::2] == (404, "Failed to get data object from index .plugins-ml-model")
    assert answer.json["error"]["root_cause"][0]["type"] == "index_not_found_exception"
