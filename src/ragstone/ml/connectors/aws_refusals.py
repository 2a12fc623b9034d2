"""What AWS, or whoever stands in for it, says no with, and what a call's client is told of it: a status and a reason
without ARNs, which are hidden like every credential."""

from __future__ import annotations

import re

from ragstone.core.errors import StatusException
from ragstone.providers.api import SecretError

_SESSION = re.compile(r"[^A-Za-z0-9+=,.@-]")
_MAX_SESSION = 64

_DENIED = (
    "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException",
    "UnrecognizedClientException", "SignatureDoesNotMatch", "RegionDisabledException",
)  # fmt: skip
_WRONG = {
    "ResourceNotFoundException": "there is no such secret",
    "InvalidRequestException": "it is marked for deletion, or has no current value",
    "InvalidParameterException": "its ARN is not valid",
    "ValidationException": "its ARN is not valid",
    "ValidationError": "its ARN, or that of its role, is not valid",
}
_THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")
_HERE = {
    "NotInstalled": "it is at AWS, and this node has no boto3: run `pip install 'ragstone[aws]'`",
    "NoCredentials": "it is at AWS, and this node has no AWS credentials",
}


def session_name(owner: str) -> str:
    """What a session for the connector in the document `owner` is called in the trail of its role's use."""
    return _SESSION.sub("-", f"ragstone-{owner}")[:_MAX_SESSION]


def failure(error: SecretError | None, what: str) -> StatusException:
    """`what` failed, as in `secret could not be read`."""
    code = error.code if error is not None else ""
    if code in _WRONG:
        status, why = 400, _WRONG[code]
    elif code in _DENIED:
        status, why = 403, "access to it, or to its role, is denied"
    elif code in _THROTTLED:
        status, why = 429, "too many requests"
    elif code == "DecryptionFailure":
        status, why = 500, "it was sealed with another key"
    else:
        status, why = 503, _HERE.get(code, "the service that keeps it cannot be reached, or failed")
    return StatusException(status, f"The connector's {what} [{code}]: {why}")
