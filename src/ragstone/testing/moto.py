"""moto as AWS for a server under test: who signed a request with keys that moto gave out.

AWS's own edge looks signing keys up at AWS; nobody else can. A server outside AWS has identities of its own
(`ragstone iam`), and this is for showing and testing how it goes on AWS.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.request import urlopen

from ragstone.core import json
from ragstone.providers.api import Principal, SigningKey, Verdict
from ragstone.providers.identity import iam_policy
from ragstone.providers.identity.access_keys import conditions

ACCOUNT = "123456789012"
"""moto's."""
_PATIENCE = 10.0


class MotoIdentities:
    """The `Identities` of a moto server at `url`. Needs boto3."""

    account = ACCOUNT
    has_roles = True

    def __init__(self, url: str) -> None:
        import boto3

        self._url = url
        self._iam = boto3.client(
            "iam",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="simulated",
            aws_secret_access_key="simulated",
        )

    def signing_key(self, access_key_id: str, token: str | None) -> SigningKey | None:
        known = self._known()
        if token is None:
            for key in known["iam"]["AccessKey"]:
                if key["access_key_id"] == access_key_id and key["status"] == "Active" and key["role_arn"] is None:
                    return SigningKey(self._user(key["user_name"]), key["secret_access_key"])
            return None
        for session in known["sts"]["AssumedRole"]:
            same = hmac.compare_digest(session["session_token"].encode(), token.encode())
            if session["access_key_id"] == access_key_id and same:
                principal = Principal(session["arn"], session["role_arn"], session["user_id"], session["account_id"])
                return SigningKey(principal, session["secret_access_key"])
        return None

    def decide(
        self, principal: Principal, action: str, resources: Sequence[str], context: Mapping[str, str]
    ) -> Verdict:
        kind, _, path = principal.identity_arn.rpartition(":")[2].partition("/")
        policies = [iam_policy.permissions(document) for document in self._policies(kind, path.rpartition("/")[2])]
        return iam_policy.decide(policies, action, resources, conditions(principal, context))

    def service_may(self, service: str, role_arn: str, action: str, resource: str) -> Verdict:
        """Nobody asks: a server whose secrets are at AWS leaves this to AWS."""
        return Verdict(False)

    def _policies(self, kind: str, name: str) -> Iterator[Any]:
        if kind == "role":
            for policy in self._iam.list_role_policies(RoleName=name)["PolicyNames"]:
                yield self._iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        else:
            for policy in self._iam.list_user_policies(UserName=name)["PolicyNames"]:
                yield self._iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]

    def _user(self, name: str) -> Principal:
        user = self._iam.get_user(UserName=name)["User"]
        return Principal(user["Arn"], user["Arn"], user["UserId"], ACCOUNT)

    def _known(self) -> Any:
        """Everything that moto has made; it tells whoever asks."""
        with urlopen(f"{self._url}/moto-api/data.json", timeout=_PATIENCE) as response:
            return json.decode(response.read())
