"""Calling the model behind a connector, over a transport that answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.clock import Clock, Deadline
from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    MLException,
    OpenSearchException,
    OpenSearchTimeoutException,
    StatusException,
    UnsupportedOperationException,
    error_cause,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.ml.connectors.aws_signing import AwsSigning
from ragstone.ml.connectors.client_config import ClientConfig
from ragstone.ml.connectors.executor import BoundConnector, ConnectorExecutor
from ragstone.ml.connectors.inputs import ModelInput, ParametersInput, SimilarityInput, TextDocsInput
from ragstone.ml.connectors.model import Action, Connector
from ragstone.ml.connectors.secrets import ConnectorSecrets
from ragstone.ml.connectors.vault import Vault
from ragstone.providers.api import (
    AwsKeys,
    HttpRequest,
    HttpResponse,
    HttpTransportError,
    SealBroken,
    SecretError,
    SecretValue,
)
from ragstone.testing.clock import ManualClock

URL = "http://models.test/v1/chat"
SETTINGS = {"plugins.ml_commons.trusted_connector_endpoints_regex": [r"^http://models\.test(:\d+)?/.*$"]}

Answer = HttpResponse | HttpTransportError


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, headers or {}, body if isinstance(body, bytes) else json.encode(body))


class FakeTransport:
    """Gives its answers in order, the last one again and again, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self._current: Answer | None = None
        self.requests: list[HttpRequest] = []

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.requests.append(request)
        self._current = next(self._answers, self._current)
        assert self._current is not None
        if isinstance(self._current, HttpTransportError):
            raise self._current
        return self._current

    async def close(self) -> None: ...

    @property
    def bodies(self) -> list[Any]:
        return [json.decode(request.body or b"null") for request in self.requests]


class FakeEncryptor:
    """Anybody can read it, but only in its own context."""

    def seal(self, text: str, context: str) -> str:
        return f"{context}={text}"

    def open(self, sealed: str, context: str) -> str:
        found, _, text = sealed.partition("=")
        if found != context:
            raise SealBroken(context)
        return text


class NoSecrets:
    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        raise SecretError("ResourceNotFoundException", "there are none")

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        raise SecretError("AccessDenied", "there are none")


class NoGuard:
    async def before_send(self, payload: str, parameters: Mapping[str, Any]) -> None: ...

    async def after_answer(self, body: str, parameters: Mapping[str, Any]) -> None: ...


@pytest.fixture
def vault() -> Iterator[Vault]:
    pools = ThreadPools(search=1, write=1, ml_predict=1)
    yield Vault(FakeEncryptor(), pools)
    pools.close()


@pytest.fixture
def executor(vault: Vault) -> Callable[..., ConnectorExecutor]:
    def build(transport: FakeTransport, clock: Clock | None = None, **settings: Any) -> ConnectorExecutor:
        named = {f"plugins.ml_commons.{name.replace('__', '.')}": value for name, value in settings.items()}
        known, clock = StaticClusterSettings({**SETTINGS, **named}), clock or ManualClock()
        secrets = ConnectorSecrets(NoSecrets(), known, clock)
        signing = AwsSigning(NoSecrets(), clock)
        return ConnectorExecutor(known, vault, secrets, signing, transport, clock, IdGenerator(seed=1))

    return build


def connector(
    request_body: str | None = '{"q":"${parameters.q:-none}"}',
    *,
    url: str = URL,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    pre: str | None = None,
    post: str | None = None,
    parameters: dict[str, str] | None = None,
    config: ClientConfig | None = None,
    key: str = "sk-very-secret",
) -> BoundConnector:
    action = Action(
        type="PREDICT",
        method=method,
        url=url,
        headers=headers,
        request_body=request_body,
        pre_process_function=pre,
        post_process_function=post,
    )
    return BoundConnector(
        Connector(
            name="c",
            version="1",
            protocol="http",
            parameters=parameters or {},
            credential={"key": f"AES-256-GCM:c1/key={key}"},
            actions=(action,),
            client_config=config,
        ),
        "c1",
    )


async def call(
    executor: ConnectorExecutor,
    bound: BoundConnector,
    given: ModelInput | None = None,
    deadline: Deadline | None = None,
) -> list[dict[str, Any]]:
    return await executor.execute(bound, "PREDICT", given or ParametersInput(), NoGuard(), deadline)


async def failed(
    executor: ConnectorExecutor,
    bound: BoundConnector,
    given: ModelInput | None = None,
    deadline: Deadline | None = None,
) -> OpenSearchException:
    with pytest.raises(OpenSearchException) as error:
        await call(executor, bound, given, deadline)
    return error.value


async def test_the_request_carries_the_filled_body_and_the_secret(executor: Any) -> None:
    transport = FakeTransport(answer({"a": 1}))
    bound = connector(
        headers={"Authorization": "Bearer ${credential.key}"}, config=ClientConfig(read_timeout=7, max_connection=3)
    )
    results = await call(executor(transport), bound, ParametersInput({"q": 'say "é"'}))
    assert results == [{"output": [{"name": "response", "dataAsMap": {"a": 1}}], "status_code": 200}]
    [request] = transport.requests
    assert request.headers == {"Authorization": "Bearer sk-very-secret", "Content-Type": "application/json"}
    assert (request.method, request.url, request.read_timeout, request.max_connections) == ("POST", URL, 7, 3)
    assert transport.bodies == [{"q": 'say "é"'}]
    assert not request.allow_private


async def test_a_secret_sealed_for_another_connector_is_refused(executor: Any) -> None:
    error = await failed(executor(FakeTransport(answer({}))), replace(connector(), owner="c2"))
    assert isinstance(error, StatusException)
    assert "sealed with another master key" in str(error)


# ── where a call may go ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("http://elsewhere.test", "Connector URL is not matching the trusted connector endpoint regex"),
        ("http://models.test/../x", "Encountered error when trying to create uri from endpoint"),
        ("http://models.test/%2e%2e/x", "Encountered error when trying to create uri from endpoint"),
        ("http://models.test/a b", "Encountered error when trying to create uri from endpoint"),
        ("http://models.test:99999", "Port out of range"),
    ],
)
async def test_a_parameter_can_not_lead_a_url_elsewhere(executor: Any, base: str, reason: str) -> None:
    transport = FakeTransport(answer({}))
    bound = connector(url="${parameters.base}/v1", parameters={"base": "http://models.test"})
    assert await call(executor(transport), bound)
    error = await failed(executor(transport), bound, ParametersInput({"base": base}))
    assert isinstance(error, IllegalArgumentException)
    assert str(error).startswith(reason)
    assert len(transport.requests) == 1


async def test_user_information_in_a_url_is_refused(executor: Any) -> None:
    open_list = {"trusted_connector_endpoints_regex": ["^http://models.test.*$"]}
    bound = connector(url="http://models.test:${parameters.port}/v1")
    error = await failed(executor(FakeTransport(), **open_list), bound, ParametersInput({"port": "80@evil.test"}))
    assert "Encountered error when trying to create uri" in str(error)
    error = await failed(
        executor(FakeTransport(), trusted_connector_endpoints_regex=["^ftp.*$"]), connector(url="ftp://x/y")
    )
    assert str(error) == "Protocol is not http or https: ftp"


async def test_a_deeper_path_that_is_trusted_may_be_called(executor: Any) -> None:
    transport = FakeTransport(answer({}))
    await call(executor(transport), connector(url=URL + "/${parameters.part}"), ParametersInput({"part": "a/b"}))
    assert transport.requests[0].url == URL + "/a/b"


async def test_private_addresses_are_allowed_by_the_setting_of_this_moment(executor: Any) -> None:
    transport = FakeTransport(answer({}))
    await call(executor(transport, connector__private_ip_enabled="true"), connector())
    assert transport.requests[0].allow_private
    refusal = HttpTransportError("private_address", "private")
    error = await failed(executor(FakeTransport(refusal)), connector())
    assert str(error) == "Remote inference host name has private ip address: models.test"
    assert error_cause(error)["caused_by"]["reason"] == str(error)


async def test_the_list_of_private_endpoints_narrows_the_private_addresses(executor: Any) -> None:
    settings = {
        "connector__private_ip_enabled": "true",
        "trusted_connector_private_endpoints_regex": ["^http://other.test/.*$"],
    }
    transport = FakeTransport(HttpTransportError("private_address", "private"))
    error = await failed(executor(transport, **settings), connector())
    assert not transport.requests[0].allow_private
    assert str(error) == "Connector URL is not matching the trusted connector private endpoint regex"


# ── what goes out ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "body"), [("PUT", b'{"q":"none"}'), ("delete", b'{"q":"none"}'), ("GET", None)])
async def test_methods(executor: Any, method: str, body: bytes | None) -> None:
    transport = FakeTransport(answer({}))
    await call(executor(transport), connector(method=method))
    assert (transport.requests[0].method, transport.requests[0].body) == (method.upper(), body)


async def test_an_unknown_method_and_an_empty_body_are_refused(executor: Any) -> None:
    assert str(await failed(executor(FakeTransport()), connector(method="PATCH"))) == "unsupported http method"
    error = await failed(executor(FakeTransport()), connector(None))
    assert str(error) == "Content length is 0. Aborting request to remote model"


async def test_without_a_template_http_body_is_the_body(executor: Any) -> None:
    transport = FakeTransport(answer({}))
    await call(executor(transport), connector(None), ParametersInput({"http_body": '{"z":[1]}'}))
    assert transport.bodies == [{"z": [1]}]


async def test_a_header_that_nothing_fills_is_refused(executor: Any) -> None:
    for value in ("${parameters.open}", "${credential.none}"):
        error = await failed(executor(FakeTransport()), connector(headers={"X-Open": value}))
        assert str(error) == "Header 'X-Open' contains unresolved placeholder. Required parameter is missing."


async def test_a_connectors_own_parameter_wins_in_a_header(executor: Any) -> None:
    transport = FakeTransport(answer({}))
    bound = connector(headers={"X-H": "${parameters.h}/${parameters.g}"}, parameters={"h": "own"})
    await call(executor(transport), bound, ParametersInput({"h": "given", "g": "given"}))
    assert transport.requests[0].headers["X-H"] == "own/given"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\r\nX-Evil: 1", "Header value contains invalid control character"),
        ("x" * 9000, "Header size (key + value) exceeds 8KB limit"),
        ("${credential.key}", "Header 'X-G' contains unresolved placeholder"),
    ],
)
async def test_a_parameter_can_not_smuggle_headers_or_secrets(executor: Any, value: str, reason: str) -> None:
    transport = FakeTransport(answer({}))
    bound = connector(headers={"X-G": "${parameters.g}"})
    if value.startswith("${"):
        await call(executor(transport), bound, ParametersInput({"g": value}))
        assert "sk-very-secret" not in transport.requests[0].headers["X-G"]
    else:
        assert str(await failed(executor(transport), bound, ParametersInput({"g": value}))).startswith(reason)


async def test_secret_bearing_headers_take_no_parameters(executor: Any) -> None:
    error = await failed(executor(FakeTransport()), connector(headers={"authorization": "${parameters.k}"}))
    assert str(error).startswith("Header 'authorization' cannot use ${parameters.*} placeholders for security reasons.")


async def test_a_connector_of_another_protocol_is_not_called(executor: Any) -> None:
    bound = connector()
    other = replace(bound, connector=replace(bound.connector, protocol="mcp_sse"))
    assert isinstance(await failed(executor(FakeTransport()), other), UnsupportedOperationException)


# ── what comes back ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [302, 400, 401, 402, 422, 429, 500, 503])
async def test_the_providers_own_status_comes_through(executor: Any, status: int) -> None:
    error = await failed(executor(FakeTransport(answer(b'{"error":"no"}', status))), connector())
    assert (error.status, str(error)) == (status, 'Error from remote service: {"error":"no"}')
    error = await failed(executor(FakeTransport(answer(b" ", status))), connector())
    assert (error.status, str(error)) == (status, f"Remote service returned error status {status} with empty body")


@pytest.mark.parametrize("secret", ["sk-very-secret", 'a "quoted\\secret'])
async def test_a_secret_that_the_provider_repeats_is_blotted_out(executor: Any, secret: str) -> None:
    for body in (f"bad key {secret}".encode(), {"bad key": secret}):
        error = await failed(executor(FakeTransport(answer(body, 401))), connector(key=secret))
        assert str(error) in ("Error from remote service: bad key ***", 'Error from remote service: {"bad key":"***"}')


async def test_an_empty_answer_is_a_502(executor: Any) -> None:
    error = await failed(executor(FakeTransport(answer(b""))), connector())
    assert (error.status, str(error)) == (502, "Remote service returned empty response body")


async def test_an_answer_that_is_no_json_is_reported(executor: Any) -> None:
    error = await failed(executor(FakeTransport(answer(b"this is not JSON"))), connector())
    assert isinstance(error, MLException)
    assert error_cause(error)["reason"] == "Fail to execute PREDICT in aws connector"
    assert error_cause(error)["caused_by"]["type"] == "json_syntax_exception"
    error = await failed(executor(FakeTransport(answer(b'"bare"'))), connector())
    assert (error.status, str(error)) == (400, "Unsupported response type")


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("connect", 500, "Error communicating with remote model: why"),
        ("timeout", 500, "Error communicating with remote model: why"),
        ("pool", 429, "Error communicating with remote model: why"),
        ("broken_body", 502, "Error communicating with remote model: why"),
        ("tls", 500, "Error communicating with remote model: why"),
        ("unknown_host", 400, "why"),
        ("too_large", 400, "JSON string size exceeds maximum allowed size (9 bytes)"),
    ],
)
async def test_what_reached_nobody_has_a_status(executor: Any, kind: Any, status: int, reason: str) -> None:
    transport = FakeTransport(HttpTransportError(kind, "why"))
    error = await failed(executor(transport, max_json_size="9"), connector())
    assert (error.status, str(error)) == (status, reason)


async def test_a_callers_deadline_is_a_timeout(executor: Any) -> None:
    clock = ManualClock()
    deadline = Deadline.after(clock, 0)
    error = await failed(
        executor(FakeTransport(HttpTransportError("timeout", "x")), clock), connector(), None, deadline
    )
    assert isinstance(error, OpenSearchTimeoutException)


async def test_busy_providers_are_asked_again_as_often_as_the_connector_says(executor: Any) -> None:
    config = ClientConfig(max_retry_times=2, retry_backoff_millis=0)
    transport = FakeTransport(answer(b"x", 429), answer(b"x", 503), answer({"a": 1}))
    assert (await call(executor(transport), connector(config=config)))[0]["status_code"] == 200
    transport = FakeTransport(answer(b"x", 429))
    assert (await failed(executor(transport), connector(config=config))).status == 429
    assert len(transport.requests) == 3
    transport = FakeTransport(answer(b"x", 400))
    await failed(executor(transport), connector(config=config))
    assert len(transport.requests) == 1


async def test_nobody_is_asked_again_by_default_or_without_time(executor: Any) -> None:
    for config in (None, ClientConfig(max_retry_times=-1, retry_timeout_seconds=0)):
        transport = FakeTransport(answer(b"x", 429))
        await failed(executor(transport), connector(config=config))
        assert len(transport.requests) == 1


async def test_amazons_throttling_has_its_own_type(executor: Any) -> None:
    throttled = answer(b"{}", 400, {"x-amzn-errortype": "ThrottlingException:http://x"})
    error = await failed(executor(FakeTransport(throttled)), connector())
    assert (error.type_name(), error.status) == ("remote_connector_throttling_exception", 400)


# ── texts in, tensors out ────────────────────────────────────────────────────────────────────────────────────────────


async def test_texts_go_out_in_portions_and_come_back_in_order(executor: Any) -> None:
    transport = FakeTransport(answer({"data": [{"embedding": [1, 0.5]}]}))
    bound = connector(
        '{"input":${parameters.input}}',
        pre="connector.pre_process.openai.embedding",
        post="connector.post_process.openai.embedding",
        parameters={"input_docs_processed_step_size": "2"},
    )
    results = await call(executor(transport), bound, TextDocsInput(("a", 'b "${parameters.x}"', '{"c":1}')))
    assert transport.bodies == [{"input": ["a", 'b "${parameters.x}"']}, {"input": ['{"c":1}']}]
    tensor = {"name": "sentence_embedding", "data_type": "FLOAT32", "shape": [2], "data": [1, 0.5]}
    assert results == [{"output": [tensor], "status_code": 200}] * 2


async def test_a_step_size_must_be_positive(executor: Any) -> None:
    bound = connector("{}", parameters={"input_docs_processed_step_size": "0"})
    error = await failed(executor(FakeTransport()), bound, TextDocsInput(("a",)))
    assert str(error) == "Invalid parameter: input_docs_processed_step_size. It must be positive integer."


async def test_the_wrong_kind_of_input_is_refused(executor: Any) -> None:
    similarity = SimilarityInput("q", ("a",))
    error = await failed(executor(FakeTransport()), connector("{}"), similarity)
    assert str(error) == "pre_process_function not defined in connector"
    rerank = connector("{}", pre="connector.pre_process.cohere.rerank")
    error = await failed(executor(FakeTransport()), rerank, TextDocsInput(("a",)))
    assert str(error) == "This pre_process_function can only support TextSimilarityInputDataSet"


async def test_a_script_is_refused_out_loud(executor: Any) -> None:
    script = connector("{}", pre="return params.text_docs[0];")
    error = await failed(executor(FakeTransport()), script, TextDocsInput(("a",)))
    assert error.type_name() == "script_exception"
    assert "not supported yet" in str(error)
    error = await failed(executor(FakeTransport(answer({}))), connector("{}", post="connector.post_process.nope"))
    assert error_cause(error)["caused_by"]["reason"] == "compile error"


async def test_a_filter_takes_a_part_and_the_requests_wins(executor: Any) -> None:
    body = {"choices": [{"m": "hello"}], "s": '{"k":1}', "z": None}
    bound = connector("{}", parameters={"response_filter": "$.choices[0].m"})
    for path, found in ((None, "hello"), ("$.z", None), ("$..m", ["hello"]), ("$.choices[0]", {"m": "hello"})):
        given = ParametersInput({"response_filter": path} if path else {})
        [result] = await call(executor(FakeTransport(answer(body))), bound, given)
        wanted = found if isinstance(found, dict) else {"response": found}
        assert result["output"] == [{"name": "response", "dataAsMap": wanted}]
    [result] = await call(executor(FakeTransport(answer(body))), bound, ParametersInput({"response_filter": "$.s"}))
    assert result["output"][0]["dataAsMap"] == {"k": 1}
    given = ParametersInput({"response_filter": "$.nope"})
    error = await failed(executor(FakeTransport(answer(body))), bound, given)
    assert error_cause(error)["caused_by"]["reason"] == "No results for path: $['nope']"
    assert (
        await failed(executor(FakeTransport(answer(body))), bound, ParametersInput({"response_filter": "$["}))
    ).status == 400


async def test_one_of_several_calls_failing_fails_all(executor: Any) -> None:
    transport = FakeTransport(answer({"embedding": [1.0]}), answer(b"no", 500))
    bound = connector(
        '{"t":"${parameters.inputText}"}',
        pre="connector.pre_process.bedrock.embedding",
        post="connector.post_process.bedrock.embedding",
    )
    assert (await failed(executor(transport), bound, TextDocsInput(("a", "b", "c")))).status == 500


@pytest.mark.parametrize("name", ["input_processors", "output_processors"])
async def test_chains_of_processors_are_refused_out_loud(executor: Any, name: str) -> None:
    own = (connector(parameters={name: "[]"}), ParametersInput())
    for bound, given in (own, (connector(), ParametersInput({name: []}))):
        error = await failed(executor(FakeTransport()), bound, given)
        assert str(error) == f"The parameter [{name}], a chain of processors, is not supported yet"
