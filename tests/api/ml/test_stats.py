"""`/_plugins/_ml/stats` and `/_plugins/_ml/profile`."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_requests_are_counted_by_algorithm_and_model_and_failures_only_where_there_are_any(
    client: AsgiClient, node: Node, ml: Any
) -> None:
    model = await ml.model()
    await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {}})
    await client(f"PUT /_plugins/_ml/models/{model}", {"is_enabled": False})
    assert (await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {}})).status == 403
    answer = (await client("GET /_plugins/_ml/stats")).json
    here = answer["nodes"][node.services.node.node_id]
    assert here["models"][model] == {
        "deploy": {"ml_action_request_count": 1},
        "predict": {"ml_action_request_count": 2, "ml_action_failure_count": 1},
    }
    assert here["algorithms"]["remote"]["register"]["ml_action_request_count"] > 0
    assert (here["ml_executing_task_count"], here["ml_circuit_breaker_trigger_count"]) == (0, 0)
    assert here["ml_failure_count"] > 0
    assert answer["ml_model_index_status"] == "green"
    assert answer["ml_controller_index_status"] == "non-existent"


async def test_single_statistics_are_asked_for_in_any_case(client: AsgiClient, node: Node, ml: Any) -> None:
    await ml.model()
    one = await client("GET /_plugins/_ml/stats/ML_MODEL_INDEX_STATUS")
    assert one.json == {"ml_model_index_status": "green"}
    id = node.services.node.node_id
    of_node = (await client(f"GET /_plugins/_ml/{id}/stats/ml_request_count")).json
    assert set(of_node["nodes"][id]) == {"ml_request_count", "algorithms", "models"}
    assert (await client("GET /_plugins/_ml/elsewhere/stats/ml_request_count")).json == {"nodes": {}}
    unknown = await client("GET /_plugins/_ml/stats/nosuch")
    assert ml.fault(unknown) == (400, "illegal_argument_exception", "Wrong ML cluster level stat")


async def test_a_deployed_model_shows_where_it_is_and_how_long_it_took(client: AsgiClient, node: Node, ml: Any) -> None:
    model, id = await ml.model(), node.services.node.node_id
    await client(f"POST /_plugins/_ml/models/{model}/_predict", {"parameters": {}})
    found = (await client(f"GET /_plugins/_ml/profile/models/{model}")).json["nodes"][id]["models"][model]
    assert (found["model_state"], found["worker_nodes"]) == ("DEPLOYED", [id])
    inference, request = found["model_inference_stats"], found["predict_request_stats"]
    assert inference["count"] == request["count"] == 1
    assert 0 <= inference["max"] <= request["max"]
    turned = (await client(f"GET /_plugins/_ml/profile/models/{model}?view=model")).json["models"][model]
    assert turned["worker_nodes"] == [id]
    assert turned["nodes"][id]["model_state"] == "DEPLOYED"
    await client(f"POST /_plugins/_ml/models/{model}/_undeploy")
    assert (await client(f"GET /_plugins/_ml/profile/models/{model}")).json == {}


async def test_what_there_is_not_has_an_empty_profile(client: AsgiClient, ml: Any) -> None:
    for target in ("models/none", "tasks/none", "tasks"):
        assert (await client(f"GET /_plugins/_ml/profile/{target}")).json == {}
    body = {"model_ids": ["none"], "return_all_tasks": True}
    assert (await client("GET /_plugins/_ml/profile", body)).json == {}
