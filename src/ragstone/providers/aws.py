"""boto3, imported when AWS is asked for the first time (extra `aws`), and what goes wrong with it in our words.

Endpoints, certificates, proxies and this machine's own credentials are boto3's to find: `AWS_ENDPOINT_URL`, profiles,
the role of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from ragstone.providers.api import AwsKeys, SecretError

UNREACHABLE = "ServiceUnavailable"
NOT_INSTALLED = "NotInstalled"
NO_CREDENTIALS = "NoCredentials"

_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 3, 10, 2
_BY_STATUS = {403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException"}
"""What a refusal means whose body is not in the protocol's form."""


@contextmanager
def client(service: str, region: str, keys: AwsKeys | None = None) -> Iterator[Any]:
    """A boto3 client, for one thread; it signs with `keys`, or as this machine. Blocking.

    What is raised inside by AWS or boto3 becomes SecretError.
    """
    with _in_our_words() as (boto3, config):
        # A session each: they are for one thread at a time.
        made = boto3.Session(region_name=region).client(
            service,
            config=config,
            **(
                {"aws_access_key_id": keys.id, "aws_secret_access_key": keys.secret, "aws_session_token": keys.token}
                if keys is not None
                else {}
            ),
        )
        with closing(made):
            yield made


def own_keys() -> AwsKeys:
    """Those that this machine has, as they are now. Blocking. Raises SecretError."""
    with _in_our_words() as (boto3, _):
        found = boto3.Session().get_credentials()
        if found is None:
            raise SecretError(NO_CREDENTIALS, "this machine has no AWS credentials")
        frozen = found.get_frozen_credentials()
        return AwsKeys(frozen.access_key, frozen.secret_key, frozen.token)


@contextmanager
def _in_our_words() -> Iterator[tuple[Any, Any]]:
    """boto3, and the patience that its clients should have."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    except ModuleNotFoundError as error:
        raise SecretError(
            NOT_INSTALLED, f"asking AWS needs the package [{error.name}]: pip install 'ragstone[aws]'"
        ) from None
    try:
        yield (
            boto3,
            Config(
                connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": _TRIES}
            ),
        )
    except NoCredentialsError as error:
        raise SecretError(NO_CREDENTIALS, f"this machine has no AWS credentials: {error}") from None
    except ClientError as error:
        raise _refused(error.response) from None
    except BotoCoreError as error:
        raise SecretError(UNREACHABLE, str(error)) from None


def _refused(response: Any) -> SecretError:
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if not code or code.isdigit():
        return SecretError(_BY_STATUS.get(status, UNREACHABLE), f"AWS answered with status {status}")
    # A refused signature is explained in further lines, which repeat the session token.
    return SecretError(code, message.partition("\n")[0])
