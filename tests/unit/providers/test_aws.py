"""What boto3 raises becomes an error of ours, and nothing else comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from ragstone.providers.api import AwsKeys, SecretError
from ragstone.providers.aws import client

KEYS = AwsKeys("ASIAIOSFODNN7EXAMPLE", "s", "t")


def refused(code: str, message: str = "no", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "AssumeRole")


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (refused("AccessDenied"), "AccessDenied"),
        (refused("ThrottlingException"), "ThrottlingException"),
        # A body that is not in the protocol's form leaves the status.
        (refused("403", "<ErrorResponse>", 403), "AccessDeniedException"),
        (refused("404", "", 404), "ResourceNotFoundException"),
        (refused("", "", 429), "ThrottlingException"),
        (refused("502", "", 502), "ServiceUnavailable"),
        (NoCredentialsError(), "NoCredentials"),
        (EndpointConnectionError(endpoint_url="http://x"), "ServiceUnavailable"),
        (ConnectTimeoutError(endpoint_url="http://x"), "ServiceUnavailable"),
        (ReadTimeoutError(endpoint_url="http://x"), "ServiceUnavailable"),
    ],
)
def test_what_goes_wrong_has_aws_s_word_for_it(raised: Exception, code: str) -> None:
    with pytest.raises(SecretError) as error, client("sts", "us-east-1", KEYS):
        raise raised
    assert error.value.code == code


def test_the_explanation_of_a_refused_signature_is_left_out() -> None:
    message = (
        "The request signature we calculated does not match.\n\nThe Canonical String was\n'x-amz-security-token:t0ken'"
    )
    with pytest.raises(SecretError) as error, client("sts", "us-east-1", KEYS):
        raise refused("SignatureDoesNotMatch", message, 403)
    assert error.value.message == "The request signature we calculated does not match."


def test_what_is_no_error_of_aws_s_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), client("sts", "us-east-1", KEYS):
        raise ZeroDivisionError
