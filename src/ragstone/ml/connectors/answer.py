"""What becomes of a remote model's answer: tensors, or an error that says what the provider said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ragstone.core import json
from ragstone.core.errors import (
    IllegalArgumentException,
    JavaException,
    JsonSyntaxException,
    MLException,
    OpenSearchException,
    PathNotFoundException,
    ScriptException,
    StatusException,
)
from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.model import Action
from ragstone.ml.connectors.post_process import post_process_functions
from ragstone.ml.json_path import read
from ragstone.ml.values import is_json_tree
from ragstone.providers.api import HttpResponse, HttpTransportError

_KEYS_ENDED = re.compile(rb'"__type"\s*:\s*"[^"]*(ExpiredToken|UnrecognizedClient|InvalidClientTokenId)')
_LONG_ENOUGH = 4096
_THROTTLED = re.compile(r"ThrottlingException", re.IGNORECASE)


class RemoteConnectorThrottlingException(OpenSearchException):
    """The provider has a way of its own to say "too fast"; the status is the provider's."""


def is_throttled(response: HttpResponse) -> bool:
    """Amazon's way to say so."""
    return _THROTTLED.match(response.headers.get("x-amzn-errortype", "")) is not None


def refuses_keys(response: HttpResponse) -> bool:
    """What a provider says to a key that is no longer good. Amazon's older services (Textract, Comprehend) say it with
    a 400."""
    return response.status in (401, 403) or (
        response.status == 400 and _KEYS_ENDED.search(response.body[:_LONG_ENOUGH]) is not None
    )


def is_denied(response: HttpResponse) -> bool:
    """Amazon knows who asks, and says no: other keys of the same role would hear the same."""
    return response.headers.get("x-amzn-errortype", "").startswith("AccessDenied")


def body_of(response: HttpResponse, secrets: Iterable[str]) -> str:
    """The body of a successful answer. Raises the error a failed one stands for, with its own status.

    `Differs:` `secrets` are blotted out of what the provider says when it refuses, also as JSON spells them. The answer
    of a call that went well belongs to the caller as it is.
    """
    body = response.body.decode("utf-8", "replace")
    if 200 <= response.status < 300:
        if not body.strip():
            raise StatusException(502, "Remote service returned empty response body")
        return body
    if is_throttled(response):
        error = RemoteConnectorThrottlingException(
            "Error from remote service: The request was denied due to remote server throttling. To change the retry "
            "policy and behavior, please update the connector client_config."
        )
        error.status = response.status
        raise error
    if not body.strip():
        raise StatusException(
            response.status, f"Remote service returned error status {response.status} with empty body"
        )
    for secret in secrets:
        for spelled in (secret, json.encode(secret).decode()[1:-1]):
            body = body.replace(spelled, "***")
    raise StatusException(response.status, f"Error from remote service: {body}")


def unreached(error: HttpTransportError, host: str, max_response: int) -> OpenSearchException:
    """The error a client sees when there was no whole answer."""
    match error.kind:
        case "private_address":
            reason = f"Remote inference host name has private ip address: {host}"
            return IllegalArgumentException(reason, cause=IllegalArgumentException(reason))
        case "unknown_host" | "restricted_address":
            return IllegalArgumentException(error.message)
        case "too_large":
            return IllegalArgumentException(f"JSON string size exceeds maximum allowed size ({max_response} bytes)")
        case "pool":
            status = 429
        case "broken_body":
            status = 502  # Differs: OpenSearch reports this one with status 200.
        case _:
            status = 500
    return StatusException(status, f"Error communicating with remote model: {error.message}")


def tensors(body: str, action: Action, response_filter: str | None) -> list[JsonObject]:
    """The output of one call, by the action's post-process function or as a plain response.

    Raises MLException around what went wrong with the provider's JSON, IllegalArgumentException for an answer of a
    shape that can not be used.
    """
    try:
        data = _decoded(body)
        if action.post_process_function is not None:
            return _post_processed(data, action.post_process_function, response_filter)
        if response_filter is not None:
            return [_response(_unpacked(read(response_filter, data)))]
        if not isinstance(data, (dict, list)):
            raise IllegalArgumentException("Unsupported response type")
        return [_response(data)]
    except (JsonSyntaxException, PathNotFoundException, ScriptException) as error:
        # OpenSearch says "aws connector" for every protocol; clients may look for it.
        raise MLException(f"Fail to execute {action.type} in aws connector", cause=error) from None


def _decoded(body: str) -> Any:
    try:
        return json.decode(body)
    except JavaException as error:
        raise JsonSyntaxException(f"The answer of the remote service is no JSON: {error.reason}") from None


def _post_processed(data: Any, name: str, response_filter: str | None) -> list[JsonObject]:
    found = post_process_functions.get(name)
    if found is None:
        raise unknown_function(name)
    function = found()
    path = response_filter or function.path
    return function.tensors(read(path, data), path)


def _unpacked(value: Any) -> Any:
    """A text that is itself a JSON object or array stands for what it says."""
    return json.decode(value) if isinstance(value, str) and is_json_tree(value) else value


def _response(value: Any) -> JsonObject:
    return {"name": "response", "dataAsMap": value if isinstance(value, dict) else {"response": value}}


def unknown_function(name: str) -> ScriptException:
    """A function name that is no built-in one counts as a Painless script; no script is run here yet."""
    script = name.strip()
    if re.fullmatch(r"[\w.]+", script):
        at = script.rfind(".")
        start, end = max(0, at - 25), min(len(script), at + 25)
        lead = "... " if start else ""
        tail = " ..." if end < len(script) else ""
        return ScriptException(
            "compile error",
            metadata={
                "script_stack": [lead + script[start:end] + tail, " " * (len(lead) + at - start) + "^---- HERE"],
                "script": script,
                "lang": "painless",
                "position": {"offset": at, "start": start, "end": end},
            },
            cause=IllegalArgumentException(f"cannot resolve symbol [{script}]"),
        )
    return ScriptException(
        "Painless scripts as pre- or post-process functions are not supported yet; use a built-in function",
        metadata={"script": script, "lang": "painless"},
    )
