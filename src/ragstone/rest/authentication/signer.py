"""Who has signed the request, where security is on. The signature has been verified before the request was routed."""

from __future__ import annotations

import re

from ragstone.core import caller
from ragstone.rest.request import Request
from ragstone.security.model import User

_SESSION = re.compile(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.*")


class SignerAuthenticator:
    """The signer's ARN is both their name and their only backend role. A session of a role is the role."""

    async def authenticate(self, request: Request) -> User | None:
        signer = caller.signer.get()
        if signer is None:
            return None
        arn = role_of_session(signer.arn)
        return User(name=arn, backend_roles=(arn,))


def role_of_session(arn: str) -> str:
    """`arn:aws:iam::<account>:role/<role>` for the ARN of a session of it, other ARNs as they are.

    A session's ARN has no path, so the role's has none here either, whatever it is really.
    """
    return _SESSION.sub(r"arn:\1:iam::\2:role/\3", arn)
