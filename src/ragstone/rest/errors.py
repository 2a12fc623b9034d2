"""The one door from an exception, or a refused request, to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragstone.core import xcontent
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, error_body
from ragstone.core.log import get_logger, request_id
from ragstone.providers.sigv4 import SignatureRefused
from ragstone.rest import aws_errors
from ragstone.rest.authentication.signature import TARGET, AccessDenied, is_root
from ragstone.rest.request import Request
from ragstone.rest.response import Response

log = get_logger("rest")


def no_handler(path: str, method: str) -> Response:
    """A bare text, without a status beside it, as OpenSearch has it."""
    return Response({"error": f"no handler found for uri [{path}] and method [{method}]"}, status=400, filterable=False)


def wrong_method(uri: str, method: str, allowed: Sequence[str]) -> Response:
    text = f"Incorrect HTTP method for uri [{uri}] and method [{method}], allowed: [{', '.join(allowed)}]"
    return Response({"error": text, "status": 405}, status=405, headers={"allow": ",".join(allowed)}, filterable=False)


def unsupported_content_type(value: str) -> Response:
    return Response(
        {"error": f"Content-Type header [{value}] is not supported", "status": 406}, status=406, filterable=False
    )


def stopping() -> Response:
    """For requests that were still running when the time to finish them was over."""
    error = OpenSearchException("the node is shutting down")
    error.status = 503
    return Response(error_body(error), status=503, headers={"connection": "close"}, filterable=False)


def failure(error: Exception, request: Request) -> Response:
    """The answer to a request that raised `error`.

    An exception that no client should see is logged with the id of the request, and answered with that id.
    """
    if isinstance(error, RecursionError):
        log.warning("request nested too deeply", method=request.method, path=request.path)
        error = IllegalArgumentException("the request is nested too deeply")
    if not isinstance(error, OpenSearchException):
        log.error("internal error", method=request.method, path=request.path, exc_info=error)
        error = OpenSearchException(f"internal error, see the log for request id [{request_id.get()}]")
    elif error.status >= 500:
        log.warning("request failed", method=request.method, path=request.path, type=error.type_name(),
                    reason=error.reason, status=error.status)  # fmt: skip
    if isinstance(error, (SignatureRefused, AccessDenied)):
        return _refusal(error, request)
    _locate(error, request)
    # The parameter itself may be what is wrong with the request.
    trace = request.query.get("error_trace") in ("", "true")
    return Response(error_body(error, trace=trace), status=error.status, headers=error.headers, filterable=False)


def _refusal(error: SignatureRefused | AccessDenied, request: Request) -> Response:
    """In the words of the AWS service that the client takes us for."""
    answer = _refusal_in_shape(error, request)
    return replace(answer, headers={**answer.headers, **error.headers})


def _refusal_in_shape(error: SignatureRefused | AccessDenied, request: Request) -> Response:
    message = error.reason or ""
    if request.method != "POST" or not is_root(request.uri.partition("?")[0]):
        return aws_errors.edge(error.code, message, error.status)
    if TARGET in request.headers:
        return aws_errors.json_service(error.code, message)
    return aws_errors.query(error.code, message, error.status)


def _locate(error: OpenSearchException, request: Request) -> None:
    for content, value in request.decoded:
        try:
            xcontent.locate(error, content, value)
        except RecursionError:  # an error without its position is still the right error
            return
