"""`POST /`: AWS's services, which tell by a form's `Action` (STS) or a header (JSON services) what is wanted."""

from __future__ import annotations

from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from ragstone.core import caller
from ragstone.core.clock import iso_instant
from ragstone.providers.api import Principal, TemporaryCredentials, TokenRefused
from ragstone.rest import aws_errors, errors
from ragstone.rest.authentication.signature import TARGET, SignedBy
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

STS_ACTIONS = ("AssumeRole", "GetCallerIdentity", "GetSessionToken")
_FORM = "application/x-www-form-urlencoded"


@routes.add("POST /", any_content=True, anonymous=True)
async def aws(services: Services, request: Request) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if TARGET in request.headers and services.secrets is not None:
        return await services.secrets.serve(request)
    if kind == _FORM:
        parameters = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if "Action" in parameters:
            return await _sts(services, parameters)
    # What OpenSearch, which knows nothing of all this, says of the method.
    return errors.wrong_method(request.uri, request.method, ["GET"])


# ── Security Token Service ───────────────────────────────────────────────────────────────────────────────────────────


async def _sts(services: Services, parameters: dict[str, str]) -> Response:
    signer = caller.signer.get()
    if not isinstance(signer, SignedBy) or services.tokens is None:
        return aws_errors.query("MissingAuthenticationToken", "Request is missing Authentication Token")
    action, who, tokens = parameters["Action"], signer.principal, services.tokens
    try:
        if action == "GetCallerIdentity":
            return _answer(action, _identity(who))
        if action == "AssumeRole":
            made = await tokens.assume_role(who, parameters)
            return _answer(action, _credentials(made) + _assumed(made.principal))
        if action == "GetSessionToken":
            made = await tokens.session_token(who, parameters)
            return _answer(action, _credentials(made))
    except TokenRefused as refused:
        return aws_errors.query(refused.code, refused.message, refused.status)
    return aws_errors.query("InvalidAction", f"Could not find operation {action} for version 2011-06-15", 400)


def _answer(action: str, result: str) -> Response:
    id = aws_errors.answer_id()
    body = (
        f'<{action}Response xmlns="{aws_errors.STS_NAMESPACE}">\n  <{action}Result>\n{result}  </{action}Result>\n'
        f"  <ResponseMetadata>\n    <RequestId>{escape(id)}</RequestId>\n  </ResponseMetadata>\n</{action}Response>\n"
    )
    return Response(body, content_type=aws_errors.XML, headers={"x-amzn-requestid": id})


def _identity(who: Principal) -> str:
    return _element("Arn", who.arn) + _element("UserId", who.user_id) + _element("Account", who.account)


def _credentials(made: TemporaryCredentials) -> str:
    members = (
        _element("AccessKeyId", made.access_key_id)
        + _element("SecretAccessKey", made.secret)
        + _element("SessionToken", made.token)
        + _element("Expiration", iso_instant(made.expires)[:-5] + "Z")
    )
    return f"    <Credentials>\n{members}    </Credentials>\n"


def _assumed(who: Principal) -> str:
    members = _element("AssumedRoleId", who.user_id) + _element("Arn", who.arn)
    return f"    <AssumedRoleUser>\n{members}    </AssumedRoleUser>\n"


def _element(name: str, value: str) -> str:
    return f"    <{name}>{escape(value)}</{name}>\n"
