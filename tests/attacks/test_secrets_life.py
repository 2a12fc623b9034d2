"""Secrets that change while connectors use them: rotated, deleted, out of reach, of a wrong shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ragstone.testing.asgi import Answer
from ragstone.testing.secrecy import Secrecy

SERVICE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
HEADERS = {"Authorization": "Bearer ${credential.secretArn.key}"}


def reading(arn: str) -> Any:
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


def said(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["reason"]


class Scene:
    """A secret, a role that may read it, and a model whose connector names both."""

    def __init__(self, target: Any, first: str) -> None:
        self.target = target
        self.arn = target.vault.create("s", json.dumps({"key": first})).arn
        self.role = target.admin.create_role("reader", SERVICE, reading(self.arn), path="/team/a/")
        target.provider.keys = {first}

    async def model(self, role: str | None = None, headers: dict[str, str] = HEADERS) -> str:
        credential = {"secretArn": self.arn, "roleArn": role or self.role}
        return str(await self.target.model(credential, action={"headers": headers}))

    @property
    def sent(self) -> list[str]:
        return [request.headers["Authorization"].removeprefix("Bearer ") for request in self.target.provider.requests]


@pytest.fixture
def keys(secrecy: Secrecy) -> list[str]:
    return [secrecy.secret(f"sk-l1fe-{word}") for word in ("first", "second", "third")]


@pytest.fixture
def scene(target: Any, keys: list[str]) -> Scene:
    return Scene(target, keys[0])


async def test_a_rotated_secret_is_used_as_soon_as_the_old_one_is_refused(
    scene: Scene, target: Any, keys: list[str]
) -> None:
    model = await scene.model()
    assert (await target.predict(model)).status == 200
    target.clock.time += 60
    target.vault.put("s", json.dumps({"key": keys[1]}))
    assert (await target.predict(model)).status == 200  # the old one is still good, and not asked for again
    target.provider.keys = {keys[1]}
    assert (await target.predict(model)).status == 200
    assert scene.sent == [keys[0], keys[0], keys[0], keys[1]]
    target.provider.keys = {keys[2]}
    target.clock.time += 60
    answer = await target.predict(model)
    assert said(answer) == (401, 'Error from remote service: {"error": "the key *** is no good"}')


async def test_a_deleted_secret_ends_with_its_time_in_memory(scene: Scene, target: Any) -> None:
    model = await scene.model()
    assert (await target.predict(model)).status == 200
    target.vault.delete("s")
    target.clock.time += 299
    assert (await target.predict(model)).status == 200
    target.clock.time += 1
    assert said(await target.predict(model)) == (
        400,
        "The connector's secret could not be read [InvalidRequestException]: it is marked for deletion, or has no "
        "current value",
    )
    target.vault.delete("s", recovery_days=None)
    target.clock.time += 5
    assert said(await target.predict(model)) == (
        400,
        "The connector's secret could not be read [ResourceNotFoundException]: there is no such secret",
    )


async def test_a_role_whose_trust_or_right_is_taken_away_reads_no_more(scene: Scene, target: Any) -> None:
    denied = (
        403,
        "The connector's secret could not be read [AccessDeniedException]: access to it, or to its role, is denied",
    )
    model = await scene.model()
    assert (await target.predict(model)).status == 200
    user = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    target.admin.update_trust("reader", {"Version": "2012-10-17", "Statement": [user]})
    target.clock.time += 300
    assert said(await target.predict(model)) == denied
    target.admin.update_trust("reader", SERVICE)
    target.clock.time += 5
    assert (await target.predict(model)).status == 200
    target.admin.put_role_policy("reader", "inline", reading(scene.arn + "x"))
    target.clock.time += 300
    assert said(await target.predict(model)) == denied


async def test_a_role_of_the_same_name_on_another_path_is_another_role(scene: Scene, target: Any) -> None:
    assert scene.role.endswith(":role/team/a/reader")
    for path in ("team/b/reader", "reader", "team/a/READER"):
        model = await scene.model(scene.role.replace("team/a/reader", path))
        assert (await target.predict(model)).status == 403
    assert scene.sent == []


async def test_a_key_that_the_secret_lacks_is_named_and_no_value_is(scene: Scene, target: Any) -> None:
    model = await scene.model(headers={"Authorization": "Bearer ${credential.secretArn.other}"})
    assert said(await target.predict(model)) == (400, "The connector's secret has no key [other]")


async def test_letters_beyond_ascii(scene: Scene, target: Any, keys: list[str]) -> None:
    """In a secret's name they are refused, as at AWS; among its keys they are letters like others."""
    bad = scene.arn.replace(":s-", ":schlüssel-")
    answer = await target.create({"secretArn": bad, "roleArn": scene.role})
    assert said(answer) == (400, "Connector credential [secretArn] is not the ARN of a secret")
    for role in ("arn:aws:iam::000000000000:role/lésender", "arn:aws:iam::٠٠٠٠٠٠٠٠٠٠٠٠:role/r"):
        answer = await target.create({"secretArn": scene.arn, "roleArn": role})
        assert said(answer) == (400, "Connector credential [roleArn] is not the ARN of a role")
    target.vault.put("s", json.dumps({"schlüssel": keys[0], "鍵": keys[0]}, ensure_ascii=False))
    for name in ("schlüssel", "鍵"):
        model = await scene.model(headers={"Authorization": f"Bearer ${{credential.secretArn.{name}}}"})
        assert (await target.predict(model)).status == 200
