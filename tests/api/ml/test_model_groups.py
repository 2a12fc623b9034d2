"""`/_plugins/_ml/model_groups`: where we do better than the recorded server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGISTER = "POST /_plugins/_ml/model_groups/_register"


async def test_a_missing_name_is_a_fault_of_the_caller(client: AsgiClient, ml: Any) -> None:
    wanted = (400, "illegal_argument_exception", "model group name must not be null")
    assert ml.fault(await client(REGISTER, {})) == wanted


async def test_an_update_without_a_body_is_a_fault_of_the_caller(client: AsgiClient, ml: Any) -> None:
    answer = await client("PUT /_plugins/_ml/model_groups/none")
    assert ml.fault(answer) == (400, "parse_exception", "Model group request has empty body")


async def test_before_anything_is_stored_groups_are_unknown(settings: Settings, ml: Any) -> None:
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        answers = [await client(f"{method} /_plugins/_ml/model_groups/x") for method in ("GET", "DELETE")]
    assert ml.fault(answers[0])[::2] == (404, "Failed to find model group index")
    assert ml.fault(answers[1])[::2] == (404, "Failed to find model group")


async def test_a_name_is_given_once_however_many_ask_at_once(client: AsgiClient) -> None:
    answers = await asyncio.gather(*(client(REGISTER, {"name": "one"}) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400, 400]


async def test_models_registered_at_once_get_versions_of_their_own(client: AsgiClient, ml: Any) -> None:
    connector = await ml.connector()
    models = await asyncio.gather(*(ml.model("same", connector_id=connector) for _ in range(5)))
    read = [(await client(f"GET /_plugins/_ml/models/{model}")).json for model in models]
    assert sorted(model["model_version"] for model in read) == ["1", "2", "3", "4", "5"]
    assert len({model["model_group_id"] for model in read}) == 1
