"""Secrets that connectors name: read when used, kept for a while, read anew when refused, and told to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from ragstone.core.clock import Deadline
from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchException,
    OpenSearchTimeoutException,
    StatusException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.ml.connectors.aws_signing import AwsSigning
from ragstone.ml.connectors.executor import BoundConnector, ConnectorExecutor
from ragstone.ml.connectors.inputs import ParametersInput
from ragstone.ml.connectors.model import Action, Connector
from ragstone.ml.connectors.secrets import ConnectorSecrets, check_arns
from ragstone.ml.connectors.vault import Vault
from ragstone.providers.api import AwsKeys, HttpRequest, HttpResponse, SecretError, SecretValue
from ragstone.testing.clock import ManualClock

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:my/deepseek-AbCd12"
ROLE = "arn:aws:iam::123456789012:role/team/my_deepseek_secret_role"
BEARER = "Bearer ${credential.secretArn.my_deepseek_key}"


class Secrets:
    """A SecretsProvider that gives `now`, and counts."""

    def __init__(self, now: str | bytes | SecretError = '{"my_deepseek_key": "sk-first-key"}') -> None:
        self.now = now
        self.asked: list[tuple[str, str | None, str]] = []
        self.begun, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        self.asked.append((arn, role, session))
        self.begun.set()
        await self.gate.wait()
        if isinstance(self.now, SecretError):
            raise self.now
        binary = self.now if isinstance(self.now, bytes) else None
        text = self.now if isinstance(self.now, str) else None
        return SecretValue(
            arn=arn, name="n", version="v", stages=("AWSCURRENT",), created=0, text=text, binary=binary
        )  # fmt: skip


class Provider:
    """An HttpTransport that takes one key only."""

    def __init__(self, key: str = "sk-first-key", status: int = 401) -> None:
        self.key = key
        self.status = status
        self.requests: list[HttpRequest] = []

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.requests.append(request)
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if sent != self.key:
            return HttpResponse(self.status, {}, f'{{"error": "the key {sent} is no good"}}'.encode())
        return HttpResponse(200, {}, b'{"ok": true}')

    async def close(self) -> None: ...


class NoGuard:
    async def before_send(self, payload: str, parameters: Mapping[str, Any]) -> None: ...

    async def after_answer(self, body: str, parameters: Mapping[str, Any]) -> None: ...


class NoRoles:
    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        raise SecretError("AccessDenied", "there are none")


class InTheClear:
    def seal(self, text: str, context: str) -> str:
        return text

    def open(self, sealed: str, context: str) -> str:
        return sealed


class Calls:
    def __init__(self, pools: ThreadPools) -> None:
        self.secrets, self.provider, self.clock = Secrets(), Provider(), ManualClock(1000)
        settings = StaticClusterSettings({"plugins.ml_commons.trusted_connector_endpoints_regex": ["^http://m/.*$"]})
        resolver = ConnectorSecrets(self.secrets, settings, self.clock)
        self.executor = ConnectorExecutor(
            settings,
            Vault(InTheClear(), pools),
            resolver,
            AwsSigning(NoRoles(), self.clock),
            self.provider,
            self.clock,
            IdGenerator(seed=1),
        )

    async def __call__(self, header: str = BEARER, deadline: Deadline | None = None, **credential: str) -> Any:
        action = Action(
            type="PREDICT", method="POST", url="http://m/chat", headers={"Authorization": header}, request_body="{}"
        )
        connector = Connector(
            name="c",
            version="1",
            protocol="http",
            parameters={},
            credential={"secretArn": ARN, "roleArn": ROLE, **credential},
            actions=(action,),
        )
        bound = BoundConnector(connector, "Zx_8/id")
        results = await self.executor.execute(bound, "PREDICT", ParametersInput(), NoGuard(), deadline)
        return results[0]["output"][0]["dataAsMap"]

    async def failed(self, header: str = BEARER, **more: Any) -> OpenSearchException:
        with pytest.raises(OpenSearchException) as error:
            await self(header, **more)
        return error.value


@pytest.fixture
def call() -> Iterator[Calls]:
    pools = ThreadPools(search=1, write=1, ml_predict=1)
    yield Calls(pools)
    pools.close()


async def test_a_key_of_the_secret_fills_a_header(call: Calls) -> None:
    assert await call() == {"ok": True}
    assert call.provider.requests[0].headers["Authorization"] == "Bearer sk-first-key"
    assert call.secrets.asked == [(ARN, ROLE, "ragstone-Zx-8-id")]


async def test_a_secret_is_read_again_when_its_time_is_over(call: Calls) -> None:
    await call()
    call.clock.time += 299
    await call()
    assert len(call.secrets.asked) == 1
    call.clock.time += 1
    await call()
    assert len(call.secrets.asked) == 2


async def test_a_refused_key_is_read_anew_and_tried_once_more(call: Calls) -> None:
    await call()
    call.clock.time += 10
    call.provider.key, call.secrets.now = "sk-rotated", '{"my_deepseek_key": "sk-rotated"}'
    assert await call() == {"ok": True}
    assert [request.headers["Authorization"] for request in call.provider.requests] == [
        "Bearer sk-first-key",
        "Bearer sk-first-key",
        "Bearer sk-rotated",
    ]


async def test_a_key_that_is_refused_and_still_the_same_is_not_tried_again(call: Calls) -> None:
    call.provider.key = "sk-another"
    await call.failed()
    call.clock.time += 10
    error = await call.failed()
    assert len(call.provider.requests) == 2
    assert error.status == 401
    assert "sk-first-key" not in str(error)


async def test_refusals_one_after_the_other_do_not_flood_the_secrets_service(call: Calls) -> None:
    call.provider.key = "sk-another"
    for _ in range(5):
        await call.failed()
    assert len(call.secrets.asked) == 1


async def test_neither_the_old_nor_the_new_key_is_told_when_both_are_refused(call: Calls) -> None:
    await call()
    call.clock.time += 10
    call.provider.key, call.secrets.now = "sk-another", '{"my_deepseek_key": "sk-rotated"}'
    error = await call.failed()
    assert len(call.provider.requests) == 3
    assert "is no good" in str(error)
    assert "sk-rotated" not in str(error)


async def test_calls_at_the_same_time_wait_for_one_reading(call: Calls) -> None:
    call.secrets.gate.clear()
    running = [asyncio.ensure_future(call()) for _ in range(5)]
    await call.secrets.begun.wait()
    running[0].cancel()
    await asyncio.sleep(0)
    call.secrets.gate.set()
    assert await asyncio.gather(*running[1:]) == [{"ok": True}] * 4
    assert len(call.secrets.asked) == 1


async def test_nobody_waits_for_a_secret_longer_than_for_the_answer(call: Calls) -> None:
    call.secrets.gate.clear()
    error = await call.failed(deadline=Deadline.after(call.clock, 0.0))
    assert isinstance(error, OpenSearchTimeoutException)
    call.secrets.gate.set()


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("ResourceNotFoundException", 400, "there is no such secret"),
        ("InvalidRequestException", 400, "it is marked for deletion, or has no current value"),
        ("AccessDeniedException", 403, "access to it, or to its role, is denied"),
        ("AccessDenied", 403, "access to it, or to its role, is denied"),
        ("ExpiredToken", 403, "access to it, or to its role, is denied"),
        ("ThrottlingException", 429, "too many requests"),
        ("DecryptionFailure", 500, "it was sealed with another key"),
        ("ServiceUnavailable", 503, "the service that keeps it cannot be reached, or failed"),
        ("NotInstalled", 503, "it is at AWS, and this node has no boto3: run `pip install 'ragstone[aws]'`"),
    ],
)
async def test_a_secret_that_cannot_be_read(call: Calls, code: str, status: int, reason: str) -> None:
    call.secrets.now = SecretError(code, f"User x is not authorized on {ARN}")
    error = await call.failed()
    assert isinstance(error, StatusException)
    assert (error.status, error.reason) == (status, f"The connector's secret could not be read [{code}]: {reason}")


async def test_a_failed_reading_is_not_repeated_at_once(call: Calls) -> None:
    call.secrets.now = SecretError("AccessDenied", "no")
    for _ in range(3):
        await call.failed()
    assert len(call.secrets.asked) == 1
    call.clock.time += 5
    call.secrets.now = '{"my_deepseek_key": "sk-first-key"}'
    assert await call() == {"ok": True}


@pytest.mark.parametrize(
    ("secret", "header", "reason"),
    [
        ('{"other": "x"}', BEARER, "The connector's secret has no key [my_deepseek_key]"),
        ("sk-plain", BEARER, "The connector's secret has no key [my_deepseek_key]: it is not a JSON object"),
        ("[1]", BEARER, "The connector's secret has no key [my_deepseek_key]: it is not a JSON object"),
        (b"sk-plain", BEARER, "The connector's secret has no key [my_deepseek_key]: it is binary"),
        (
            '{"my_deepseek_key": {"a": "sk-deep"}}',
            BEARER,
            "The value of the key [my_deepseek_key] in the connector's secret is not a text, number or boolean",
        ),
        (
            '{"a": "b"}',
            "Bearer ${credential.secretArn}",
            "The connector's secret is not a plain text. Name one of its keys, as in ${credential.secretArn.<key>}",
        ),
        ('{"my_deepseek_key": "sk\\r\\nX-Injected: 1"}', BEARER, "Header value contains invalid control character"),
    ],
)
async def test_a_secret_of_the_wrong_shape(call: Calls, secret: str | bytes, header: str, reason: str) -> None:
    call.secrets.now = secret
    error = await call.failed(header)
    assert isinstance(error, IllegalArgumentException)
    assert error.reason == reason
    assert not call.provider.requests


@pytest.mark.parametrize(
    ("secret", "header", "sent"),
    [
        ("sk-plain", "Bearer ${credential.secretArn}", "Bearer sk-plain"),
        ('{"n": 5, "b": true}', "${credential.secretArn.n} ${credential.secretArn.b}", "5 true"),
        ('{"a": "b"}', "x ${credential.secretArn.c:-default}", "x default"),
        ('{"a": "${credential.key}"}', "${credential.secretArn.a:-}${credential.key}", None),
        ('{"a": "${parameters.x}"}', "${credential.secretArn.a}", None),
    ],
)
async def test_what_else_can_be_filled(call: Calls, secret: str, header: str, sent: str | None) -> None:
    call.secrets.now = secret
    if sent is None:  # what looks like a placeholder in a secret is never filled
        assert "unresolved placeholder" in str(await call.failed(header, key="sk-of-the-connector"))
        return
    await call.failed(header)
    assert call.provider.requests[0].headers["Authorization"] == sent


def test_a_request_must_name_arns() -> None:
    check_arns({"secretArn": ARN, "roleArn": ROLE, "key": "x"})
    for bad, reason in (
        ({"secretArn": "sk-pasted"}, "Connector credential [secretArn] is not the ARN of a secret"),
        ({"roleArn": "arn:aws:iam::1:role/x"}, "Connector credential [roleArn] is not the ARN of a role"),
        ({"secretArn.my_key": "x"}, "Connector credential names must not start with [secretArn.]"),
    ):
        with pytest.raises(IllegalArgumentException) as error:
            check_arns(bad)
        assert error.value.reason == reason


def test_values_are_not_shown() -> None:
    value = SecretValue(arn=ARN, name="n", version="v", stages=(), created=0, text="sk-hidden", binary=b"sk-hidden")
    assert "sk-hidden" not in repr(value)
