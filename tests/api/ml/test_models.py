"""`/_plugins/_ml/models`: where we do better than the recorded server, local models, restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.clock import ManualClock
from ragstone.testing.embeddings import HashingRuntime

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGISTER = "POST /_plugins/_ml/models/_register"
MINILM = {
    "name": "huggingface/sentence-transformers/all-MiniLM-L6-v2",
    "version": "1.0.2",
    "model_format": "TORCH_SCRIPT",
}


async def test_an_unknown_group_is_a_404(client: AsgiClient, ml: Any) -> None:
    await client("POST /_plugins/_ml/model_groups/_register", {"name": "other"})
    body = {"name": "m", "function_name": "remote", "connector_id": await ml.connector(), "model_group_id": "none"}
    wanted = (404, "m_l_resource_not_found_exception", "Model Group Response is empty for none")
    assert ml.fault(await client(REGISTER, body)) == wanted


async def test_an_inline_connector_to_an_untrusted_url_is_refused(client: AsgiClient, ml: Any) -> None:
    connector = {
        "name": "x",
        "version": "1",
        "protocol": "http",
        "credential": {"key": "k"},
        "actions": [{"action_type": "predict", "method": "POST", "url": "http://elsewhere.test/x"}],
    }
    answer = await client(REGISTER, {"name": "m", "function_name": "remote", "connector": connector})
    assert ml.fault(answer)[::2] == (400, "Connector URL is not matching the trusted connector endpoint regex")


async def test_an_update_to_an_unknown_connector_is_a_404(client: AsgiClient, ml: Any) -> None:
    model = await ml.model()
    answer = await client(f"PUT /_plugins/_ml/models/{model}", {"connector_id": "none"})
    assert ml.fault(answer)[::2] == (404, "Failed to find connector with the provided connector id: none")


async def test_deploying_a_model_whose_connector_is_gone_is_a_404_at_once(client: AsgiClient, ml: Any) -> None:
    connector = await ml.connector()
    model = await ml.model(connector_id=connector)
    await client(f"DELETE /.plugins-ml-connector/_doc/{connector}")
    answer = await client(f"POST /_plugins/_ml/models/{model}/_deploy")
    assert ml.fault(answer)[::2] == (404, f"Failed to find connector:{connector}")
    assert (await client(f"GET /_plugins/_ml/models/{model}")).json["model_state"] == "DEPLOY_FAILED"


async def test_a_deployed_model_says_so_when_the_answer_arrives(client: AsgiClient, ml: Any) -> None:
    model = await ml.model()
    task = (await client(f"POST /_plugins/_ml/models/{model}/_deploy")).json
    assert task["status"] == "COMPLETED"
    assert (await client(f"GET /_plugins/_ml/models/{model}")).json["model_state"] == "DEPLOYED"
    assert (await client(f"GET /_plugins/_ml/tasks/{task['task_id']}")).json["state"] == "COMPLETED"


async def test_an_update_of_a_deployed_model_counts_at_once(client: AsgiClient, ml: Any) -> None:
    model = await ml.model()
    predict = f"POST /_plugins/_ml/models/{model}/_predict"
    assert (await client(predict, {"parameters": {}})).status == 200
    await client(f"PUT /_plugins/_ml/models/{model}", {"is_enabled": False})
    assert ml.fault(await client(predict, {"parameters": {}}))[::2] == (403, "Model is disabled.")
    other = await ml.connector('{"from":"other"}')
    await client(f"PUT /_plugins/_ml/models/{model}", {"is_enabled": True, "connector_id": other})
    assert (await client(predict, {"parameters": {}})).json["inference_results"][0]["output"][0]["dataAsMap"] == {
        "from": "other"
    }


async def test_first_calls_at_once_deploy_once(client: AsgiClient, ml: Any) -> None:
    model = await ml.model()
    predict = f"POST /_plugins/_ml/models/{model}/_predict"
    answers = await asyncio.gather(*(client(predict, {"parameters": {}}) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert (await client(f"GET /.plugins-ml-model/_doc/{model}")).json["_version"] == 2


async def test_guardrails_with_stop_words_are_refused_out_loud(client: AsgiClient, ml: Any) -> None:
    body = {
        "name": "m",
        "function_name": "remote",
        "connector_id": await ml.connector(),
        "guardrails": {"input_guardrail": {"stop_words": [{"index_name": "i", "source_fields": ["f"]}]}},
    }
    assert ml.fault(await client(REGISTER, body))[:2] == (400, "unsupported_operation_exception")


async def test_a_model_that_pipelines_use_can_be_kept_from_being_deleted(client: AsgiClient, ml: Any) -> None:
    model = await ml.model("used")
    rag = {"retrieval_augmented_generation": {"model_id": model, "context_field_list": ["text"]}}
    await client("PUT /_search/pipeline/uses-it", {"response_processors": [rag]})
    await ml.settings(safe_delete_model=True)
    wanted = (
        "1 search pipelines are still using this model, please delete or update the search pipelines first: [uses-it]"
    )
    assert ml.fault(await client(f"DELETE /_plugins/_ml/models/{model}")) == (409, "status_exception", wanted)
    await client("DELETE /_search/pipeline/uses-it")
    assert (await client(f"DELETE /_plugins/_ml/models/{model}")).status == 200


# ── local models ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def deployed(client: AsgiClient, ml: Any, **members: Any) -> str:
    task = (await client(f"{REGISTER}?deploy=true", {**MINILM, **members})).json
    assert task.keys() == {"task_id", "status"}
    model = str((await ml.done(task["task_id"]))["model_id"])
    while (await client(f"GET /_plugins/_ml/models/{model}")).json["model_state"] != "DEPLOYED":
        pass
    return model


async def test_a_pretrained_model_is_registered_in_a_task_and_deployed(client: AsgiClient, ml: Any) -> None:
    model = await deployed(client, ml)
    shown = (await client(f"GET /_plugins/_ml/models/{model}")).json
    assert shown["algorithm"] == "TEXT_EMBEDDING"
    assert shown["model_config"] == {
        "model_type": "bert",
        "embedding_dimension": 384,
        "framework_type": "SENTENCE_TRANSFORMERS",
    }
    assert shown["model_format"] == "TORCH_SCRIPT"
    assert shown["planning_worker_node_count"] == 1


async def test_a_local_model_answers_one_result_per_text(client: AsgiClient, ml: Any) -> None:
    model = await deployed(client, ml)
    for target in (f"models/{model}/_predict", f"_predict/text_embedding/{model}"):
        answer = await client(f"POST /_plugins/_ml/{target}", {"text_docs": ["one", "two"]})
        [one, two] = answer.json["inference_results"]
        assert one.keys() == {"output"}
        [tensor] = one["output"]
        assert {key: tensor[key] for key in ("name", "data_type", "shape")} == {
            "name": "sentence_embedding",
            "data_type": "FLOAT32",
            "shape": [384],
        }
        assert len(tensor["data"]) == 384
        assert tensor["data"] != two["output"][0]["data"]


async def test_a_local_model_answers_what_was_asked_for(client: AsgiClient, ml: Any) -> None:
    model = await deployed(client, ml)
    predict = f"POST /_plugins/_ml/_predict/text_embedding/{model}"
    given = {"text_docs": ["one"], "return_number": False, "return_bytes": True}
    [tensor] = (await client(predict, given)).json["inference_results"][0]["output"]
    assert tensor.keys() == {"name", "data_type", "shape", "byte_buffer"}
    assert tensor["byte_buffer"]["order"] == "LITTLE_ENDIAN"
    assert len(tensor["byte_buffer"]["array"]) == 384 * 4 * 4 // 3
    given = {"text_docs": ["one"], "target_response": ["other"]}
    assert (await client(predict, given)).json["inference_results"] == [{}]
    assert ml.fault(await client(predict, {"text_docs": []}))[::2] == (400, "empty docs")
    answer = await client(predict, {"text_docs": ["a"], "parameters": {"content_type": "query"}})
    assert ml.fault(answer)[2].startswith("When passing AsymmetricTextEmbeddingParameters")


async def test_a_local_model_must_be_deployed(client: AsgiClient, ml: Any) -> None:
    task = (await client(REGISTER, MINILM)).json
    model = (await ml.done(task["task_id"]))["model_id"]
    answer = await client(f"POST /_plugins/_ml/models/{model}/_predict", {"text_docs": ["a"]})
    assert ml.fault(answer)[::2] == (400, "Model not ready yet. Please deploy the model first.")
    deploy = (await client(f"POST /_plugins/_ml/models/{model}/_deploy")).json
    assert deploy["status"] == "CREATED"
    assert (await ml.done(deploy["task_id"]))["state"] == "COMPLETED"
    assert (await client(f"POST /_plugins/_ml/models/{model}/_predict", {"text_docs": ["a"]})).status == 200
    await client(f"POST /_plugins/_ml/models/{model}/_undeploy")
    assert (await client(f"POST /_plugins/_ml/models/{model}/_predict", {"text_docs": ["a"]})).status == 400


@pytest.mark.parametrize(
    ("members", "error"),
    [
        (
            {"name": "huggingface/none"},
            "This model is not in the pre-trained model list, please check your parameters.",
        ),
        ({"version": "9.9.9"}, "This model is not in the pre-trained model list, please check your parameters."),
        (
            {
                "name": "amazon/neural-sparse/opensearch-neural-sparse-tokenizer-v1",
                "version": "1.0.1",
                "function_name": "sparse_tokenize",
            },
            "there is no pretrained text embedding model",
        ),
    ],
)
async def test_what_can_not_be_registered_fails_in_its_task(
    client: AsgiClient, ml: Any, members: dict[str, str], error: str
) -> None:
    answer = await client(REGISTER, {**MINILM, **members})
    assert answer.status == 200
    task = await ml.done(answer.json["task_id"])
    assert task["state"] == "FAILED"
    assert task["error"].startswith(error)
    assert "model_id" not in task


async def test_missing_weights_are_named_with_the_command_that_brings_them(
    settings: Settings, provider: Any, ml: Any, tmp_path: Path
) -> None:
    async with Node(replace(settings, models=tmp_path / "models"), transport=provider) as node:
        client = AsgiClient(node.app)
        id = (await client(REGISTER, MINILM)).json["task_id"]
        task = await type(ml)(client).done(id)
    assert task["state"] == "FAILED"
    assert "ragstone models pull all-MiniLM-L6-v2" in task["error"]


async def test_too_many_local_models_are_refused_in_their_task(client: AsgiClient, ml: Any) -> None:
    await deployed(client, ml)
    await ml.settings(max_model_on_node=1)
    task = (await client(REGISTER, {**MINILM, "name": MINILM["name"].replace("L6", "L12")})).json
    model = (await ml.done(task["task_id"]))["model_id"]
    deploy = (await client(f"POST /_plugins/_ml/models/{model}/_deploy")).json
    failed = await ml.done(deploy["task_id"])
    assert failed["state"] == "FAILED"
    assert "Exceed max local model per node limit" in failed["error"]
    assert (await client(f"GET /_plugins/_ml/models/{model}")).json["model_state"] == "DEPLOY_FAILED"


async def test_local_models_switched_off_are_a_400(client: AsgiClient, ml: Any) -> None:
    await ml.settings(local_model__enabled=False)
    status, type, reason = ml.fault(await client(REGISTER, MINILM))
    assert (status, type) == (400, "status_exception")
    assert reason.startswith("Local Model is currently disabled.")


# ── after a restart ──────────────────────────────────────────────────────────────────────────────────────────────────


async def restarted(settings: Settings, provider: Any, *, ml: Any, redeploy: bool = True) -> tuple[int, int]:
    """Statuses of a remote and a local model, deployed before a restart and asked after it."""
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        ml = type(ml)(client := AsgiClient(node.app))
        remote = await ml.model()
        await client(f"POST /_plugins/_ml/models/{remote}/_deploy")
        local = await deployed(client, ml)
        if not redeploy:
            await ml.settings(model_auto_redeploy__enable=False, model_auto_deploy__enable=False)
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        client = AsgiClient(node.app)
        answers = (
            await client(f"POST /_plugins/_ml/models/{remote}/_predict", {"parameters": {}}),
            await client(f"POST /_plugins/_ml/models/{local}/_predict", {"text_docs": ["a"]}),
        )
        return answers[0].status, answers[1].status


async def test_what_was_deployed_answers_at_once(settings: Settings, provider: Any, ml: Any) -> None:
    assert await restarted(settings, provider, ml=ml) == (200, 200)


async def test_redeployment_can_be_switched_off(settings: Settings, provider: Any, ml: Any) -> None:
    assert await restarted(settings, provider, ml=ml, redeploy=False) == (400, 400)


# ── as time passes ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_idle_model_is_undeployed_and_a_stale_task_fails(settings: Settings, provider: Any, ml: Any) -> None:
    clock = ManualClock()
    async with Node(settings, clock=clock, transport=provider, embeddings=HashingRuntime()) as node:
        ml = type(ml)(client := AsgiClient(node.app))
        model = await ml.model(deploy_setting={"model_ttl_minutes": 5})
        lasting = await ml.model("lasting")
        for id in (model, lasting):
            await client(f"POST /_plugins/_ml/models/{id}/_deploy")
        task = await node.services.tasks.create("DEPLOY_MODEL", "TEXT_EMBEDDING")
        await node.services.models.sync()
        assert (await client(f"GET /_plugins/_ml/models/{model}")).json["model_state"] == "DEPLOYED"
        clock.time = 3600.0
        await client("POST /.plugins-ml-task/_refresh")
        await node.services.models.sync()
        states = [(await client(f"GET /_plugins/_ml/models/{id}")).json["model_state"] for id in (model, lasting)]
        assert states == ["UNDEPLOYED", "DEPLOYED"]
        stale = (await client(f"GET /_plugins/_ml/tasks/{task}")).json
        assert (stale["state"], stale["error"]) == ("FAILED", "timeout after 600 seconds")


async def test_a_task_that_a_restart_cut_off_has_failed(settings: Settings, provider: Any) -> None:
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        task = await node.services.tasks.create("REGISTER_MODEL", "TEXT_EMBEDDING")
    async with Node(settings, transport=provider, embeddings=HashingRuntime()) as node:
        found = await node.services.tasks.get(task)
    assert found["state"] == "FAILED"
    assert found["error"].startswith("The node was restarted")
