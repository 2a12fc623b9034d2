"""`aws_sigv4` connectors: what they are signed with, and what happens when AWS does not like it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from ragstone.core.clock import Deadline
from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, OpenSearchTimeoutException
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.ml.connectors.aws_signing import AwsSigning
from ragstone.ml.connectors.client_config import ClientConfig
from ragstone.ml.connectors.executor import BoundConnector, ConnectorExecutor
from ragstone.ml.connectors.inputs import ParametersInput, TextDocsInput
from ragstone.ml.connectors.model import Action, Connector
from ragstone.ml.connectors.secrets import ConnectorSecrets
from ragstone.ml.connectors.vault import Vault
from ragstone.providers import sigv4
from ragstone.providers.api import AwsKeys, HttpRequest, HttpResponse, SecretError, SecretValue
from ragstone.providers.identity.role_sessions import RoleSessions
from ragstone.providers.sigv4 import Rules, WireRequest
from ragstone.testing.clock import ManualClock

NOW = 1_767_323_045.0
URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/${parameters.model}/invoke"
ROLE, OTHER = "arn:aws:iam::111111111111:role/a", "arn:aws:iam::222222222222:role/b"
OWN = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "secret-of-the-connector"}
SCOPE = {"service_name": "bedrock", "region": "us-east-1"}
SERVER_RULES = Rules(services=("bedrock", "sagemaker"))


class Roles:
    """An AwsRoles with a secret for each session, as `secret-1`, `secret-2`; it can refuse, and it can hang."""

    def __init__(self, clock: ManualClock) -> None:
        self.asked: list[tuple[tuple[str, ...], str, str]] = []
        self.refusal: SecretError | None = None
        self.begun, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self._clock = clock

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        self.asked.append((tuple(roles), session, region))
        self.begun.set()
        await self.gate.wait()
        if self.refusal is not None:
            raise self.refusal
        number = len(self.asked)
        return AwsKeys(
            f"ASIAIOSFODNN7EXAMPL{number}", f"secret-{number}", f"session-token-{number}", self._clock.now() + 3600
        )


class Aws:
    """An HttpTransport that verifies, as AWS does: it knows the keys in `keys` (id to secret), refuses others with
    `refusal`, and shows the token that it refuses, as AWS does."""

    def __init__(self, clock: ManualClock) -> None:
        self.keys = {OWN["access_key"]: OWN["secret_key"]}
        self.refusal = (403, "UnrecognizedClientException")
        self.requests: list[HttpRequest] = []
        self.throttled = 0
        self._clock = clock

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.requests.append(request)
        if self.throttled:
            self.throttled -= 1
            self._clock.time += 400
            return HttpResponse(429, {"x-amzn-errortype": "ThrottlingException"}, b"{}")
        headers = [(name.lower(), value) for name, value in request.headers.items()]
        target = "/" + request.url.split("/", 3)[3]
        wire = WireRequest(request.method, target, headers, request.body or b"")
        claim = sigv4.parse(wire)
        sigv4.check_time(claim, self._clock.now(), SERVER_RULES)
        if claim.key_id not in self.keys:
            status, code = self.refusal
            if status == 400:  # the older protocol
                return HttpResponse(status, {}, f'{{"__type": "com.amazon#{code}", "message": "no"}}'.encode())
            return HttpResponse(status, {"x-amzn-errortype": code}, f'{{"message": "no: {claim.token}"}}'.encode())
        sigv4.verify(wire, claim, self.keys[claim.key_id], SERVER_RULES)
        return HttpResponse(200, {}, b'{"embedding": [0.5, 1.5]}')

    async def close(self) -> None: ...


class NoSecrets:
    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        raise SecretError("ResourceNotFoundException", "there are none")


class NoGuard:
    async def before_send(self, payload: str, parameters: Mapping[str, Any]) -> None: ...

    async def after_answer(self, body: str, parameters: Mapping[str, Any]) -> None: ...


class InTheClear:
    def seal(self, text: str, context: str) -> str:
        return text

    def open(self, sealed: str, context: str) -> str:
        return sealed


class Calls:
    def __init__(self, pools: ThreadPools) -> None:
        self.clock = ManualClock(NOW)
        self.roles, self.aws = Roles(self.clock), Aws(self.clock)
        settings = StaticClusterSettings({})
        self.executor = ConnectorExecutor(
            settings,
            Vault(InTheClear(), pools),
            ConnectorSecrets(NoSecrets(), settings, self.clock),
            AwsSigning(RoleSessions(self.roles, self.clock), self.clock),
            self.aws,
            self.clock,
            IdGenerator(seed=1),
        )

    async def __call__(
        self,
        credential: Mapping[str, str],
        parameters: Mapping[str, str] = SCOPE,
        *,
        config: ClientConfig | None = None,
        deadline: Deadline | None = None,
        url: str = URL,
        model: str = "amazon.titan-embed-text-v2:0",
    ) -> Any:
        action = Action(
            type="PREDICT",
            method="POST",
            url=url,
            headers={"content-type": "application/json", "x-amz-content-sha256": "required"},
            request_body='{"inputText": "${parameters.inputText}"}',
            pre_process_function="connector.pre_process.bedrock.embedding",
            post_process_function="connector.post_process.bedrock.embedding",
        )
        connector = Connector(
            name="c",
            version="1",
            protocol="aws_sigv4",
            parameters={**parameters, "model": model},
            credential=credential,
            actions=(action,),
            client_config=config,
        )
        bound = BoundConnector(connector, "Zx_8/id")
        return await self.executor.execute(bound, "PREDICT", TextDocsInput(("hello",)), NoGuard(), deadline)

    async def failed(self, credential: Mapping[str, str], *more: Any, **named: Any) -> OpenSearchException:
        with pytest.raises(OpenSearchException) as error:
            await self(credential, *more, **named)
        return error.value

    @property
    def authorizations(self) -> list[str]:
        return [request.headers["Authorization"] for request in self.aws.requests]


@pytest.fixture
def call() -> Iterator[Calls]:
    pools = ThreadPools(search=1, write=1, ml_predict=1)
    yield Calls(pools)
    pools.close()


async def test_a_call_is_signed_with_the_connectors_own_keys_and_verifies(call: Calls) -> None:
    for model in ("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2%3A0", "a b", "ä"):
        if model != "a b":  # a blank is no URL's
            results = await call(OWN, model=model)
            assert results[0]["output"][0]["data"] == [0.5, 1.5]
    assert not call.roles.asked
    first = call.aws.requests[0]
    assert first.headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature="
    )
    assert first.url.endswith("/model/amazon.titan-embed-text-v2:0/invoke")
    assert OWN["secret_key"] not in str(first.headers)


async def test_a_session_token_of_ones_own_goes_with_it(call: Calls) -> None:
    await call({**OWN, "session_token": "a-token+of/mine=="})
    assert call.aws.requests[0].headers["X-Amz-Security-Token"] == "a-token+of/mine=="
    assert "x-amz-security-token" in call.authorizations[0]


async def test_service_and_region_of_the_parameters_win_over_those_of_the_credential(call: Calls) -> None:
    await call({**OWN, "service_name": "x", "region": "y"}, {"service_name": "sagemaker", "region": "eu-west-1"})
    await call({**OWN, **SCOPE}, {})
    assert [found.split("/", 2)[2].split("/aws4")[0] for found in call.authorizations] == [
        "eu-west-1/sagemaker",
        "us-east-1/bedrock",
    ]


async def test_a_role_is_assumed_once_and_again_five_minutes_before_its_end(call: Calls) -> None:
    call.aws.keys |= {f"ASIAIOSFODNN7EXAMPL{n}": f"secret-{n}" for n in (1, 2)}
    for _ in range(3):
        await call({"roleArn": ROLE})
    call.clock.time += 3299
    await call({"roleArn": ROLE})
    assert call.roles.asked == [((ROLE,), "ragstone-Zx-8-id", "us-east-1")]
    call.clock.time += 1
    await call({"roleArn": ROLE})
    assert len(call.roles.asked) == 2
    assert "ASIAIOSFODNN7EXAMPL2" in call.authorizations[-1]
    assert call.aws.requests[-1].headers["X-Amz-Security-Token"] == "session-token-2"


async def test_a_role_in_another_account_is_reached_through_the_first(call: Calls) -> None:
    call.aws.keys["ASIAIOSFODNN7EXAMPL1"] = "secret-1"
    await call({"roleArn": ROLE, "externalAccountRoleArn": OTHER})
    assert call.roles.asked == [((ROLE, OTHER), "ragstone-Zx-8-id", "us-east-1")]


async def test_calls_at_the_same_time_wait_for_one_session(call: Calls) -> None:
    call.aws.keys["ASIAIOSFODNN7EXAMPL1"] = "secret-1"
    call.roles.gate.clear()
    running = [asyncio.ensure_future(call({"roleArn": ROLE})) for _ in range(5)]
    await call.roles.begun.wait()
    running[0].cancel()
    await asyncio.sleep(0)
    call.roles.gate.set()
    assert len(await asyncio.gather(*running[1:])) == 4
    assert len(call.roles.asked) == 1


@pytest.mark.parametrize("refusal", [(403, "ExpiredTokenException"), (400, "ExpiredTokenException"), (403, "")])
async def test_keys_that_aws_takes_no_more_are_renewed_and_tried_once(call: Calls, refusal: tuple[int, str]) -> None:
    call.aws.refusal = refusal
    call.aws.keys["ASIAIOSFODNN7EXAMPL1"] = "secret-1"
    await call({"roleArn": ROLE})
    call.clock.time += 60
    call.aws.keys = {"ASIAIOSFODNN7EXAMPL2": "secret-2"}
    await call({"roleArn": ROLE})
    assert len(call.roles.asked) == 2
    assert len(call.aws.requests) == 3


async def test_neither_the_old_nor_the_new_token_is_told_and_aws_is_not_flooded(call: Calls) -> None:
    call.aws.keys["ASIAIOSFODNN7EXAMPL1"] = "secret-1"
    await call({"roleArn": ROLE})
    call.clock.time += 60
    call.aws.keys = {}
    told = [await call.failed({"roleArn": ROLE}) for _ in range(4)]
    assert [(error.status, str(error)) for error in told] == [
        (403, 'Error from remote service: {"message": "no: ***"}')
    ] * 4
    assert len(call.roles.asked) == 2


@pytest.mark.parametrize("status", [400, 403])
async def test_a_role_without_the_right_is_not_assumed_again(call: Calls, status: int) -> None:
    call.aws.refusal = (status, "AccessDeniedException")
    await call.failed({"roleArn": ROLE})
    call.clock.time += 60
    await call.failed({"roleArn": ROLE})
    assert len(call.roles.asked) == 1
    assert len(call.aws.requests) == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDenied", 403), ("InvalidClientTokenId", 403), ("ExpiredToken", 403), ("ValidationError", 400), ("Throttling", 429), ("ServiceUnavailable", 503), ("NoCredentials", 503)],
)  # fmt: skip
async def test_a_role_that_cannot_be_assumed(call: Calls, code: str, status: int) -> None:
    call.roles.refusal = SecretError(code, f"User x is not authorized to perform sts:AssumeRole on {ROLE}")
    error = await call.failed({"roleArn": ROLE})
    assert (error.status, str(error).startswith(f"The connector's role could not be assumed [{code}]: ")) == (
        status,
        True,
    )
    assert "arn:" not in str(error)
    assert not call.aws.requests


async def test_a_missing_extra_is_told_with_what_to_install(call: Calls) -> None:
    call.roles.refusal = SecretError("NotInstalled", "no boto3")
    assert "run `pip install 'ragstone[aws]'`" in str(await call.failed({"roleArn": ROLE}))


async def test_a_refusal_is_remembered_for_five_seconds(call: Calls) -> None:
    call.roles.refusal = SecretError("AccessDenied", "no")
    for _ in range(3):
        await call.failed({"roleArn": ROLE})
    assert len(call.roles.asked) == 1
    call.clock.time += 5
    call.roles.refusal, call.aws.keys = None, {"ASIAIOSFODNN7EXAMPL2": "secret-2"}
    await call({"roleArn": ROLE})


async def test_nobody_waits_for_a_role_longer_than_for_the_answer(call: Calls) -> None:
    call.roles.gate.clear()
    error = await call.failed({"roleArn": ROLE}, deadline=Deadline.after(call.clock, 0.0))
    assert isinstance(error, OpenSearchTimeoutException)
    call.roles.gate.set()


async def test_a_retry_is_signed_anew(call: Calls) -> None:
    """The clock moves on by more than a signature is good for."""
    call.aws.throttled = 1
    config = ClientConfig(max_retry_times=1, retry_backoff_millis=0, retry_timeout_seconds=1000)
    await call(OWN, config=config)
    assert len(set(call.authorizations)) == 2


@pytest.mark.parametrize(
    ("credential", "parameters", "reason"),
    [
        (OWN, {**SCOPE, "region": "us-east-1\r\nX-Injected: 1"}, "The connector's [region] must be letters, digits"),
        (OWN, {**SCOPE, "region": "us-east-1/es"}, "The connector's [region] must be letters, digits and hyphens"),
        ({**OWN, "service_name": "es\n"}, {"region": "x"}, "The connector's [service_name] must be letters, digits"),
        ({**OWN, "access_key": "AKIA\r\nX: 1"}, SCOPE, "The connector's [access_key] is not the id of an access key"),
        ({**OWN, "access_key": "AKIA/20260102"}, SCOPE, "The connector's [access_key] is not the id of an access key"),
        ({**OWN, "session_token": "a\r\nX: 1"}, SCOPE, "The connector's [session_token] is not a session token"),
    ],
)
async def test_nothing_that_stands_in_a_header_can_end_it(
    call: Calls, credential: Mapping[str, str], parameters: Mapping[str, str], reason: str
) -> None:
    error = await call.failed(credential, parameters)
    assert isinstance(error, IllegalArgumentException)
    assert str(error).startswith(reason)
    assert not call.aws.requests


async def test_the_filled_url_is_checked_against_the_trusted_ones(call: Calls) -> None:
    bound_elsewhere = "https://${parameters.model}/model"
    error = await call.failed(OWN, url=bound_elsewhere, model="evil.example")
    assert str(error) == "Connector URL is not matching the trusted connector endpoint regex"
    assert not call.roles.asked


def connector(credential: Mapping[str, str], protocol: str = "aws_sigv4", **parameters: str) -> Connector:
    return Connector(
        name="c", version="1", protocol=protocol, parameters=parameters or SCOPE, credential=credential, actions=()
    )


@pytest.mark.parametrize(
    "credential",
    [
        OWN,
        {"roleArn": ROLE},
        {"roleArn": ROLE, "externalAccountRoleArn": OTHER},
        {**OWN, "secretArn": "x", "roleArn": ROLE},
    ],
)
def test_what_an_aws_connector_may_hold(credential: Mapping[str, str]) -> None:
    connector(credential).check_protocol()


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (connector({"access_key": "x"}), "Missing credential"),
        (connector({"secret_key": "x"}), "Missing credential"),
        (connector({"externalAccountRoleArn": OTHER}), "Missing credential"),
        (connector(OWN, region="x"), "Missing service name"),
        (connector(OWN, service_name="x"), "Missing region"),
        (
            connector({"key": "x", "externalAccountRoleArn": OTHER}, "http"),
            "Connector credential [externalAccountRoleArn] is for the protocol aws_sigv4",
        ),
        (
            connector({**OWN, "roleArn": ROLE}),
            "Connector credential must hold [access_key] and [secret_key] or name a role, not both",
        ),
        (
            connector({**OWN, "externalAccountRoleArn": OTHER}),
            "Connector credential [externalAccountRoleArn] needs [roleArn], the role that may assume it",
        ),
    ],
)
def test_what_an_aws_connector_may_not_hold(made: Connector, reason: str) -> None:
    with pytest.raises(IllegalArgumentException, match=f"^{re.escape(reason)}$"):
        made.check_protocol()


def test_where_the_node_itself_may_sign_no_role_is_needed() -> None:
    connector({"region": "x", "service_name": "y"}).check_protocol(role_required=False)
    with pytest.raises(IllegalArgumentException, match="needs"):  # its place in the chain is the second
        connector({"externalAccountRoleArn": OTHER}).check_protocol(role_required=False)
    with pytest.raises(IllegalArgumentException, match="Missing credential"):
        connector({"access_key": "half"}).check_protocol(role_required=False)


async def test_parameters_of_a_request_change_no_signature(call: Calls) -> None:
    """Who may call a model must not choose the service that its keys are good for."""
    action = Action(type="PREDICT", method="POST", url=URL.replace("${parameters.model}", "m"), request_body="{}")
    made = Connector(name="c", version="1", protocol="aws_sigv4", parameters=SCOPE, credential=OWN, actions=(action,))
    given = ParametersInput({"service_name": "iam", "region": "eu-west-1"})
    await call.executor.execute(BoundConnector(made, "id"), "PREDICT", given, NoGuard())
    assert "/us-east-1/bedrock/aws4_request" in call.authorizations[0]
