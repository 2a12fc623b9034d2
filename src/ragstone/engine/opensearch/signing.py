"""AWS SigV4: requests signed with the AWS identity of the environment, for OpenSearch Service and Serverless.

botocore signs, and finds and refreshes credentials as every AWS tool does: environment, profile, role of the machine.
The only importer of it, and only when somebody asks for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from ragstone.core.errors import IllegalStateException

_SIGNED = frozenset({"content-type"})
"""Of a request's own headers. Signing more would only allow less on the way to AWS."""


class AwsSigner:
    """A `client.Signer`. `credentials` are botocore's."""

    def __init__(self, credentials: Any, region: str) -> None:
        self._credentials = credentials
        self._region = region

    async def headers(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """`authorization`, and what it covers. Raises IllegalStateException (503) where AWS gives no credentials."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        parts = urlsplit(url)
        request = AWSRequest(
            method,
            urlunsplit(parts._replace(query="")),
            # Apart from the URL, so that they are signed in AWS's spelling, whatever that of the request is.
            params=parse_qsl(parts.query, keep_blank_values=True),
            data=body,
            headers={name: value for name, value in headers.items() if name.lower() in _SIGNED},
        )
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()  # Serverless insists
        SigV4Auth(await self._current(), _service(parts.hostname or ""), self._region).add_auth(request)
        return {name.lower(): value for name, value in request.headers.items()}

    async def _current(self) -> Any:
        """Credentials that are still good. Those of a role are renewed some minutes before their end, which is a call
        over the network; every other time this is a look at a clock."""
        from botocore.exceptions import BotoCoreError

        needed = getattr(self._credentials, "refresh_needed", None)
        try:
            if needed is None or not needed():
                return self._credentials.get_frozen_credentials()
            return await asyncio.to_thread(self._credentials.get_frozen_credentials)
        except BotoCoreError as why:
            error = IllegalStateException(f"no AWS credentials to sign with: {why}")
            error.status = 503
            raise error from None


def aws_signer(region: str) -> AwsSigner:
    """Looks for credentials, which may ask the machine's metadata service.

    Raises IllegalStateException when boto3 is not installed, or there are no credentials.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise IllegalStateException(
            f"signing for AWS needs the package [{error.name}]: run `pip install 'ragstone[aws]'`"
        ) from None
    try:
        credentials = boto3.Session().get_credentials()
    except BotoCoreError as why:
        raise IllegalStateException(f"no AWS credentials to sign with: {why}") from None
    if credentials is None:
        raise IllegalStateException(
            "no AWS credentials to sign with: none in the environment, in a profile, or of a role of this machine"
        )
    return AwsSigner(credentials, region)


def _service(host: str) -> str:
    """What a host is called in a signature."""
    return "aoss" if host.endswith(".aoss.amazonaws.com") else "es"
