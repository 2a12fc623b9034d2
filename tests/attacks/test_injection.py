"""Texts that want to be more than texts: in parameters of requests, in secrets, in URLs and headers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ragstone.testing.secrecy import Secrecy

LINE_BREAKS = ["\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\x00", "\r\n\r\nGET /admin HTTP/1.1\r\n", "\x0b", "\x1f"]


@pytest.fixture
def key(secrecy: Secrecy) -> str:
    return secrecy.secret("sk-1n7ec7ed-into-nothing")


async def test_a_parameter_ends_no_header(target: Any, key: str) -> None:
    headers = {"Authorization": "Bearer ${credential.key}", "X-User": "u-${parameters.user}"}
    model = await target.model({"key": key}, action={"headers": headers})
    for evil in LINE_BREAKS:
        answer = await target.predict(model, user=f"ann{evil}")
        assert (answer.status, answer.json["error"]["reason"]) == (
            400,
            "Header value contains invalid control character",
        )
    assert target.provider.requests == []
    assert (await target.predict(model, user="ann")).status == 200


async def test_a_header_s_name_is_no_place_for_one_either(target: Any, key: str) -> None:
    model = await target.model({"key": key}, action={"headers": {"X-A\r\nX-Evil": "1"}})
    assert (await target.predict(model)).status == 400
    assert target.provider.requests == []


async def test_a_secret_ends_no_header_and_is_not_shown(target: Any, secrecy: Secrecy) -> None:
    for number, evil in enumerate(LINE_BREAKS[:3]):
        secret = secrecy.secret(f"sk-br0ken-{number}-in-two") + evil
        model = await target.model({"key": secret})
        answer = await target.predict(model)
        assert (answer.status, answer.json["error"]["reason"]) == (
            400,
            "Header value contains invalid control character",
        )
        arn = target.vault.create(f"broken-{number}", json.dumps({"key": secret})).arn
        named = {"secretArn": arn, "roleArn": "arn:aws:iam::000000000000:role/r"}
        headers = {"X-Api-Key": "${credential.secretArn.key}"}
        answer = await target.predict(await target.model(named, action={"headers": headers}))
        assert (answer.status, answer.json["error"]["reason"]) == (
            400,
            "Header value contains invalid control character",
        )
    assert target.provider.requests == []


@pytest.mark.parametrize("wanted", ["${credential.key}", "$${credential.key}", "${parameters.x:-${credential.key}}", "${credential.${parameters.x}}"])  # fmt: skip
async def test_a_parameter_that_names_a_credential_gets_none(target: Any, key: str, wanted: str) -> None:
    """Neither in a header, nor in the body or URL."""
    action = {
        "url": "https://models.test/v1/${parameters.where:-x}",
        "headers": {"Authorization": "Bearer ${credential.key}", "X-User": "${parameters.user:-nobody}"},
        "request_body": '{"prompt": "${parameters.prompt:-}", "more": ${parameters.more:-1}}',
    }
    model = await target.model({"key": key}, action=action)
    for name in ("user", "prompt", "more", "where"):
        await target.predict(model, **{name: wanted, "x": "key"})
    for request in target.provider.requests:
        elsewhere = [value for name, value in request.headers.items() if name != "Authorization"]
        assert key not in request.url + str(elsewhere) + (request.body or b"").decode()


async def test_a_text_stays_a_text_in_the_body(target: Any, key: str) -> None:
    """As a client's parameter and, word for word, as a text that a pipeline embeds."""
    prompt = {"request_body": '{"prompt": "${parameters.prompt}", "safe": true}'}
    embedding = {
        "request_body": '{"input": ${parameters.input}, "safe": true}',
        "pre_process_function": "connector.pre_process.openai.embedding",
    }
    asked, embeds = [await target.model({"key": key}, action=action) for action in (prompt, embedding)]
    for evil in (
        '", "admin": true, "x": "', '"}', "\\", '\\"', "</script>", "\u2028", "${parameters.prompt}", "'; DROP TABLE"
    ):  # fmt: skip
        target.provider.requests.clear()
        answer = await target.predict(asked, prompt=evil)
        sent = [json.loads(request.body or b"") for request in target.provider.requests]
        assert sent or answer.status == 400
        assert all(list(body) == ["prompt", "safe"] and body["safe"] is True for body in sent)
        await target(f"POST /_plugins/_ml/_predict/text_embedding/{embeds}", {"text_docs": [evil, "plain"]})
        body = json.loads(target.provider.requests[-1].body or b"")
        assert body == {"input": [evil, "plain"], "safe": True}


async def test_a_parameter_leads_a_url_nowhere_else(target: Any, key: str) -> None:
    await target.trust(r"^https://models\.test/v1/public/.*$")
    model = await target.model({"key": key}, action={"url": "https://models.test/v1/public/${parameters.where}"})
    for where in (
        "../admin",
        "a/../../admin",
        "..",
        "%2e%2e/admin",
        ".%2E/admin",
        "..%2fadmin",
        "a/%2e%2e%2f%2e%2e/admin",
        "a b",
        "a\r\nHost: evil.example",
        "a\x00",
        "\\..\\admin",
    ):
        answer = await target.predict(model, where=where)
        assert answer.status == 400, (where, answer.text)
    assert target.provider.requests == []
    assert (await target.predict(model, where="a/b")).status == 200
    whole = await target.model({"key": key}, action={"url": "${parameters.url:-https://models.test/v1/public/a}"})
    for url in (
        "https://models.test.evil.example/v1/public/a",
        "https://models.test@evil.example/v1/public/a",
        "https://evil.example/?https://models.test/v1/public/a",
        "https://evil.example/#https://models.test/v1/public/a",
        "http://models.test/v1/public/a",
        "https://models.test:443@evil.example/v1/public/",
        "https://models.test/v1/public/a\nhttps://evil.example/",
    ):
        answer = await target.predict(whole, url=url)
        assert answer.status == 400, (url, answer.text)
    assert len(target.provider.requests) == 1
