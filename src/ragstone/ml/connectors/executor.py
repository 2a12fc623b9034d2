"""Calls the model behind a connector: parameters into the template, the request out, the answer into tensors."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from ragstone.core.clock import Clock, Deadline
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    IllegalArgumentException,
    OpenSearchTimeoutException,
    StatusException,
    UnsupportedOperationException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.answer import (
    body_of,
    is_denied,
    is_throttled,
    refuses_keys,
    tensors,
    unknown_function,
    unreached,
)
from ragstone.ml.connectors.aws_signing import AwsSigning, Signature
from ragstone.ml.connectors.client_config import ClientConfig
from ragstone.ml.connectors.headers import fill_headers
from ragstone.ml.connectors.inputs import ModelInput, ParametersInput, TextDocsInput
from ragstone.ml.connectors.model import AWS_SIGV4, HTTP, REGION, SERVICE, Action, Connector
from ragstone.ml.connectors.pre_process import pre_process_functions
from ragstone.ml.connectors.secrets import ConnectorSecrets, Resolved
from ragstone.ml.connectors.template import PARAMETERS, fill_payload, substitute
from ragstone.ml.connectors.trusted_endpoints import check_callable, check_trusted, private_allowed
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.settings import MAX_JSON_SIZE, PRIVATE_IP_ENABLED
from ragstone.ml.values import text_of
from ragstone.providers.api import HttpRequest, HttpResponse, HttpTransport, HttpTransportError, SealBroken

_METHODS = ("POST", "GET", "PUT", "DELETE")
_DEFAULT_PRE_PROCESS = "connector.pre_process.default.embedding"
_STEP_SIZE = "input_docs_processed_step_size"
_PROCESS_PARAMETERS = "pre_process_function.process_remote_inference_input"
_CHAINS = ("input_processors", "output_processors")
_LONGEST_BACKOFF = 20.0
_NO_LIMIT = 2**62
_SHORTEST_SECRET = 8
"""What is shorter is no key, and may be a word of the provider's error."""


@dataclass(frozen=True)
class BoundConnector:
    """A connector and the document its credentials were sealed for."""

    connector: Connector
    owner: str


class CallGuard(Protocol):
    """What a model asks around each of its calls. Both may raise to refuse."""

    async def before_send(self, payload: str, parameters: Mapping[str, Any]) -> None: ...

    async def after_answer(self, body: str, parameters: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class _Call:
    """One request to be: the parameters it is given, and whether they are data (`literal`)."""

    given: Mapping[str, Any]
    literal: bool


@dataclass(frozen=True)
class _Access:
    """What makes a request the connector's: what its headers are filled with, and its signature, if it has one."""

    credential: Resolved
    signature: Signature | None

    @property
    def hidden(self) -> list[str]:
        """What is blotted out of a provider's errors."""
        values = [value for name, value in self.credential.values.items() if name not in (SERVICE, REGION)]
        secrets = values + (self.signature.secrets if self.signature is not None else [])
        return [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]


class ConnectorExecutor:
    def __init__(
        self,
        settings: ClusterSettings,
        vault: Vault,
        secrets: ConnectorSecrets,
        signing: AwsSigning,
        transport: HttpTransport,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._secrets = secrets
        self._signing = signing
        self._transport = transport
        self._clock = clock
        self._ids = ids

    async def execute(
        self,
        bound: BoundConnector,
        action_type: str,
        given: ModelInput,
        guard: CallGuard,
        deadline: Deadline | None = None,
    ) -> list[JsonObject]:
        """One `inference_results` entry per call that the input needs, in order.

        The URL is checked anew at every call, so a change of the settings counts at once.
        Raises IllegalArgumentException, StatusException (the provider's own status), MLException,
        OpenSearchTimeoutException when the deadline passes.
        """
        action = bound.connector.action(action_type)
        if action is None:
            raise IllegalArgumentException(f"no {action_type} action found")
        calls = _calls(bound.connector, action, given)
        if len(calls) == 1:
            return [await self._call(bound, action, calls[0], guard, deadline)]
        running = [asyncio.ensure_future(self._call(bound, action, call, guard, deadline)) for call in calls]
        try:
            return await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()

    async def _call(
        self, bound: BoundConnector, action: Action, call: _Call, guard: CallGuard, deadline: Deadline | None
    ) -> JsonObject:
        own = bound.connector.parameters
        _refuse_chains(own, call)
        payload = _payload(action, own, call)
        draft = self._draft(bound.connector, action, call, payload)
        opened = self._opened(bound)
        access = await self._access(bound, opened, deadline)
        request = _with_headers(draft, bound.connector, action, call, access.credential)
        await guard.before_send(payload or "", call.given)
        config = bound.connector.client_config or ClientConfig()
        response, hidden = await self._send(request, access.signature, config, deadline), access.hidden
        if refuses_keys(response):
            renewed = await self._renewed(bound, opened, access, response, deadline)
            if renewed is not None:
                request = _with_headers(draft, bound.connector, action, call, renewed.credential)
                response = await self._send(request, renewed.signature, config, deadline)
                hidden = hidden + renewed.hidden
        body = body_of(response, hidden)
        await guard.after_answer(body, call.given)
        response_filter = call.given.get("response_filter", own.get("response_filter"))
        output = tensors(body, action, text_of(response_filter) if response_filter is not None else None)
        return {**({"output": output} if output else {}), "status_code": 200}

    async def _access(self, bound: BoundConnector, opened: Mapping[str, str], deadline: Deadline | None) -> _Access:
        credential = await self._secrets.resolve(bound.owner, opened, deadline)
        return _Access(credential, await self._signing.signature(bound.owner, bound.connector, opened, deadline))

    async def _renewed(
        self,
        bound: BoundConnector,
        opened: Mapping[str, str],
        used: _Access,
        response: HttpResponse,
        deadline: Deadline | None,
    ) -> _Access | None:
        """After a refusal of `used`: what there is now, None when it is the same."""
        credential = await self._secrets.renewed(bound.owner, opened, used.credential, deadline)
        signature = None
        if not is_denied(response):
            signature = await self._signing.renewed(bound.owner, bound.connector, opened, used.signature, deadline)
        if credential is None and signature is None:
            return None
        return _Access(credential or used.credential, signature or used.signature)

    def _draft(self, connector: Connector, action: Action, call: _Call, payload: str | None) -> HttpRequest:
        """The request, still without its headers."""
        method = action.method.upper()
        if connector.protocol not in (HTTP, AWS_SIGV4):
            raise UnsupportedOperationException(
                f"Calling a connector with the protocol [{connector.protocol}] is not supported yet"
            )
        given = {name: text_of(value) for name, value in call.given.items()}
        url = _resolved(action.url, connector.parameters, given)
        check_trusted(url, self._settings)
        check_callable(url)
        if method not in _METHODS:
            raise IllegalArgumentException("unsupported http method")
        if method in ("POST", "PUT") and not payload:
            raise IllegalArgumentException("Content length is 0. Aborting request to remote model")
        config, limit = connector.client_config or ClientConfig(), self._settings.get(MAX_JSON_SIZE)
        return HttpRequest(
            method=method,
            url=url,
            headers={},
            body=payload.encode() if payload and method != "GET" else None,
            connect_timeout=config.connection_timeout,
            read_timeout=config.read_timeout,
            max_connections=config.max_connection,
            verify_tls=not config.skip_ssl_verification,
            allow_private=self._settings.get(PRIVATE_IP_ENABLED) and private_allowed(url, self._settings),
            max_response=limit if limit >= 0 else _NO_LIMIT,
        )

    def _opened(self, bound: BoundConnector) -> dict[str, str]:
        try:
            return self._vault.open(bound.owner, bound.connector.credential)
        except SealBroken:
            raise StatusException(
                500,
                "The connector's credential was sealed with another master key than this node's. Update the "
                "connector with its credential.",
            ) from None

    async def _send(
        self, request: HttpRequest, signature: Signature | None, config: ClientConfig, deadline: Deadline | None
    ) -> HttpResponse:
        """Send, and send again while the provider says "later" and the connector's retry rules allow it."""
        budget = Deadline.after(self._clock, config.retry_timeout_seconds)
        attempt = 0
        while True:
            # Each time anew: a signature is good for minutes, and a retry may be later.
            sent = signature.sign(request, self._clock.now()) if signature is not None else request
            response = await self._exchange(sent, deadline)
            if not (response.status == 429 or response.status >= 500 or is_throttled(response)):
                return response
            delay = self._backoff(config, attempt)
            spent = config.max_retry_times >= 0 and attempt >= config.max_retry_times
            waits = [budget.remaining(), *([deadline.remaining()] if deadline is not None else [])]
            if spent or delay >= min(waits):
                return response
            attempt += 1
            await asyncio.sleep(delay)

    def _backoff(self, config: ClientConfig, attempt: int) -> float:
        """Seconds before the next try."""
        base = config.retry_backoff_millis / 1000
        if config.retry_backoff_policy == "constant":
            return base
        longest = min(math.ldexp(base, min(attempt, 30)), _LONGEST_BACKOFF)
        if config.retry_backoff_policy == "exponential_equal_jitter":
            return longest / 2 + longest / 2 * self._ids.random()
        return longest * self._ids.random()

    async def _exchange(self, request: HttpRequest, deadline: Deadline | None) -> HttpResponse:
        try:
            return await self._transport.send(request, deadline)
        except HttpTransportError as error:
            if error.kind == "timeout" and deadline is not None and deadline.expired:
                raise OpenSearchTimeoutException("The remote model did not answer in the time it was given") from None
            if (
                error.kind == "private_address"
                and self._settings.get(PRIVATE_IP_ENABLED)
                and not private_allowed(request.url, self._settings)
            ):
                raise IllegalArgumentException(
                    "Connector URL is not matching the trusted connector private endpoint regex"
                ) from None
            raise unreached(error, urlsplit(request.url).hostname or "", request.max_response) from None


def _with_headers(
    draft: HttpRequest, connector: Connector, action: Action, call: _Call, credential: Resolved
) -> HttpRequest:
    templates = action.headers or {}
    credential.check(templates.values())
    given = {name: text_of(value) for name, value in call.given.items()}
    headers = fill_headers(templates, credential.values, connector.parameters, given)
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return replace(draft, headers=headers)


def _calls(connector: Connector, action: Action, given: ModelInput) -> list[_Call]:
    """The calls an input needs: one for parameters; for texts as the pre-process function and the step size say."""
    name = action.pre_process_function
    if isinstance(given, ParametersInput):
        if name is not None and name not in pre_process_functions:
            asked = given.parameters.get(_PROCESS_PARAMETERS, connector.parameters.get(_PROCESS_PARAMETERS))
            if asked is not None and text_of(asked) == "true":
                raise unknown_function(name)
        return [_Call(given.parameters, given.literal)]
    if name is None:
        if not isinstance(given, TextDocsInput):
            raise IllegalArgumentException("pre_process_function not defined in connector")
        name = _DEFAULT_PRE_PROCESS
    found = pre_process_functions.get(name)
    if found is None:
        raise unknown_function(name)
    function = found()
    if not isinstance(given, TextDocsInput):
        return [_Call(function.parameters(given), literal=True)]
    step = 1 if function.one_call_per_text else _step_size(connector, len(given.texts))
    # Texts are documents: data, never templates.
    return [
        _Call(function.parameters(TextDocsInput(given.texts[start : start + step])), literal=True)
        for start in range(0, len(given.texts), step)
    ]


def _step_size(connector: Connector, texts: int) -> int:
    text = connector.parameters.get(_STEP_SIZE)
    if text is None:
        return max(1, texts)
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size <= 0:
        raise IllegalArgumentException(f"Invalid parameter: {_STEP_SIZE}. It must be positive integer.")
    return size


def _refuse_chains(own: Mapping[str, str], call: _Call) -> None:
    for name in _CHAINS:
        if name in own or name in call.given:
            raise UnsupportedOperationException(f"The parameter [{name}], a chain of processors, is not supported yet")


def _payload(action: Action, own: Mapping[str, str], call: _Call) -> str | None:
    """The body; None when the connector has no template and nobody gives an `http_body`."""
    template = action.request_body
    if template is None:
        if "http_body" not in call.given and "http_body" not in own:
            return None
        template = PARAMETERS + "http_body}"
    return fill_payload(template, own, call.given, literal=call.literal)


def _resolved(url: str, own: Mapping[str, str], given: Mapping[str, str]) -> str:
    return substitute(url, lambda name: given.get(name, own.get(name)))
