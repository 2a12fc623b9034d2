"""Refusals in AWS's shapes: of its edge before a domain, of its query services (XML), and of its JSON services."""

from __future__ import annotations

from xml.sax.saxutils import escape

from ragstone.core import json
from ragstone.core.log import request_id
from ragstone.rest.response import Response

XML = "text/xml"
JSON_1_1 = "application/x-amz-json-1.1"
STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"

_QUERY_CODES = {
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "AccessDeniedException": "AccessDenied",
}
"""What AWS's older services call the same."""


def answer_id() -> str:
    """What AWS's clients show as the request's id."""
    return request_id.get() or ""


def edge(code: str, message: str, status: int = 403) -> Response:
    """Whoever is known and may not is told a `Message`, everybody else a `message`: as AWS has it."""
    name = "Message" if code == "AccessDeniedException" else "message"
    headers = {"x-amzn-errortype": code, "x-amzn-requestid": answer_id()}
    return Response({name: message}, status, "application/json", headers, filterable=False)


def query(code: str, message: str, status: int = 403) -> Response:
    """The XML of STS. `code` may be the JSON services' name of it."""
    code, id = _QUERY_CODES.get(code, code), answer_id()
    kind = "Sender" if status < 500 else "Receiver"
    body = (
        f'<ErrorResponse xmlns="{STS_NAMESPACE}">\n  <Error>\n    <Type>{kind}</Type>\n'
        f"    <Code>{escape(code)}</Code>\n"
        f"    <Message>{escape(message)}</Message>\n  </Error>\n  <RequestId>{escape(id)}</RequestId>\n"
        "</ErrorResponse>\n"
    )
    return Response(body, status, XML, {"x-amzn-requestid": id})


def json_service(code: str, message: str, status: int = 400) -> Response:
    """The JSON 1.1 of Secrets Manager."""
    body = json.encode({"__type": code, "message": message})
    return Response(body, status, JSON_1_1, {"x-amzn-errortype": code, "x-amzn-requestid": answer_id()})
