"""AWS Secrets Manager through boto3."""

from __future__ import annotations

from typing import Any

from ragstone.core.arns import SecretArn
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import AwsKeys, AwsRoles, SecretError, SecretValue
from ragstone.providers.aws import client

_KEYS_ENDED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")


class AwsSecretsManager:
    """SecretsProvider: reads a secret with the keys that `roles` give for its role, in the secret's own region."""

    def __init__(self, roles: AwsRoles, pools: ThreadPools) -> None:
        self._roles = roles
        self._pools = pools

    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        parsed = SecretArn.parse(arn)
        if parsed is None:
            raise SecretError("InvalidParameterException", f"[{arn}] is no ARN of a secret")
        roles = (role,) if role is not None else ()
        keys = await self._roles.assume(roles, session, parsed.region)
        try:
            return await self._pools.run("aws", _read, arn, parsed.region, keys)
        except SecretError as error:
            if error.code not in _KEYS_ENDED:
                raise
        keys = await self._roles.assume(roles, session, parsed.region, refused=keys)
        return await self._pools.run("aws", _read, arn, parsed.region, keys)


def _read(arn: str, region: str, keys: AwsKeys) -> SecretValue:
    with client("secretsmanager", region, keys) as manager:
        return _value(manager.get_secret_value(SecretId=arn))


def _value(answer: Any) -> SecretValue:
    return SecretValue(
        arn=answer["ARN"],
        name=answer["Name"],
        version=answer["VersionId"],
        stages=tuple(answer["VersionStages"]),
        created=answer["CreatedDate"].timestamp(),
        text=answer.get("SecretString"),
        binary=answer.get("SecretBinary"),
    )
