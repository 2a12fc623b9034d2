"""AWS Secrets Manager through boto3, which is imported when the first secret is asked for (extra `aws`).

Endpoints, certificates and the node's own credentials are boto3's to find: `AWS_ENDPOINT_URL`, profiles, the role of
the machine.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any

from ragstone.core.arns import SecretArn
from ragstone.providers.api import SecretError, SecretValue

UNREACHABLE = "ServiceUnavailable"
NOT_INSTALLED = "NotInstalled"
NO_CREDENTIALS = "NoCredentials"

_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 3, 10, 2
_ROLE_SECONDS = 900
"""The least that AWS gives a session; it is used once."""
_BY_STATUS = {403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException"}
"""What a refusal means whose body is not in the protocol's form."""


class AwsSecretsManager:
    """SecretsProvider: assumes the role, then reads the secret with the role's rights, in the secret's own region.

    Without a role it reads with the node's own credentials only where `ambient_credentials` allows that: otherwise
    whoever may make a connector could use every right that this machine has.
    """

    def __init__(self, *, ambient_credentials: bool) -> None:
        self._ambient = ambient_credentials

    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        parsed = SecretArn.parse(arn)
        if parsed is None:
            raise SecretError("InvalidParameterException", f"[{arn}] is no ARN of a secret")
        if role is None and not self._ambient:
            raise SecretError("AccessDeniedException", "no role is given to read the secret as")
        return await asyncio.to_thread(self._read, arn, parsed.region, None if self._ambient else role, session)

    def _read(self, arn: str, region: str, role: str | None, session: str) -> SecretValue:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
        except ModuleNotFoundError as error:
            raise SecretError(
                NOT_INSTALLED, f"reading secrets from AWS needs the package [{error.name}]: pip install 'ragstone[aws]'"
            ) from None
        config = Config(
            connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": _TRIES}
        )
        try:
            aws = boto3.Session(region_name=region)  # one each: they are for one thread at a time
            keys: dict[str, str] = {}
            if role is not None:
                with closing(aws.client("sts", config=config)) as sts:
                    given = sts.assume_role(RoleArn=role, RoleSessionName=session, DurationSeconds=_ROLE_SECONDS)
                keys = _keys(given["Credentials"])
            with closing(aws.client("secretsmanager", config=config, **keys)) as manager:
                return _value(manager.get_secret_value(SecretId=arn))
        except NoCredentialsError as error:
            raise SecretError(NO_CREDENTIALS, f"this machine has no AWS credentials: {error}") from None
        except ClientError as error:
            raise _refused(error.response) from None
        except BotoCoreError as error:
            raise SecretError(UNREACHABLE, str(error)) from None


def _keys(credentials: Any) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


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


def _refused(response: Any) -> SecretError:
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if not code or code.isdigit():
        return SecretError(_BY_STATUS.get(status, UNREACHABLE), f"AWS answered with status {status}")
    return SecretError(code, message)
