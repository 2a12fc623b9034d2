"""AWS Secrets Manager through boto3, against moto's server: roles assumed, regions of ARNs, refusals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import SecretError, SecretValue
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.aws_sts import AwsSts
from ragstone.providers.secrets.aws_secretsmanager import AwsSecretsManager
from ragstone.providers.secrets.by_arn import SecretsByArn
from ragstone.providers.secrets.keystore import Keystore
from ragstone.testing.clock import ManualClock

ROLE = "arn:aws:iam::123456789012:role/my_deepseek_secret_role"
REGION = "eu-west-3"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A fresh AWS, and an environment that leads to it and to nothing of the user's."""
    requests.post(f"{moto}/moto-api/reset", timeout=30)
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-node",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield moto
    requests.post(f"{moto}/moto-api/reset-auth", data="inf", timeout=30)


def stored(name: str, **value: Any) -> str:
    with closing(boto3.client("secretsmanager", region_name=REGION)) as client:
        return str(client.create_secret(Name=name, **value)["ARN"])


def enforce_policies(aws: str) -> None:
    requests.post(f"{aws}/moto-api/reset-auth", data="0", timeout=30)


async def fetch(arn: str, role: str | None = ROLE, *, ambient: bool = False) -> SecretValue:
    pools = ThreadPools()
    try:
        sts = AwsSts(pools, ambient_credentials=ambient)
        return await AwsSecretsManager(sts, pools).fetch(arn, role, "ragstone-c1")
    finally:
        pools.close()


async def refused(arn: str, role: str | None = ROLE, *, ambient: bool = False) -> str:
    with pytest.raises(SecretError) as error:
        await fetch(arn, role, ambient=ambient)
    return error.value.code


async def test_a_secret_is_read_as_its_role_in_its_own_region(aws: str) -> None:
    arn = stored("my/test", SecretString='{"my_deepseek_key": "sk-1"}')
    assert f":{REGION}:" in arn
    read = await fetch(arn)
    assert (read.arn, read.name, read.text, read.stages) == (
        arn,
        "my/test",
        '{"my_deepseek_key": "sk-1"}',
        ("AWSCURRENT",),
    )
    assert "sk-1" not in repr(read)
    assert (await fetch(stored("binary", SecretBinary=b"\x00\xff"))).binary == b"\x00\xff"


async def test_the_role_is_what_reads_the_secret(aws: str) -> None:
    """With its policies enforced, AWS lets neither the node itself nor a role that it may not assume read it."""
    with closing(boto3.client("iam", region_name=REGION)) as iam:
        iam.create_user(UserName="node")
        key = iam.create_access_key(UserName="node")["AccessKey"]
    arn = stored("s", SecretString="x")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        enforce_policies(aws)
        assert await refused(arn) in ("AccessDenied", "AccessDeniedException")
        assert await refused(arn, None, ambient=True) in ("AccessDenied", "AccessDeniedException")


async def test_without_a_role_only_a_node_that_is_told_so_reads_with_its_own_rights(aws: str) -> None:
    arn = stored("s", SecretString="x")
    assert await refused(arn, None) == "AccessDeniedException"
    assert (await fetch(arn, None, ambient=True)).text == "x"


async def test_unknown_and_deleted_secrets(aws: str) -> None:
    arn = stored("s", SecretString="x")
    assert await refused(arn[:-1]) == "ResourceNotFoundException"
    with closing(boto3.client("secretsmanager", region_name=REGION)) as client:
        client.delete_secret(SecretId=arn)
    assert await refused(arn) == "InvalidRequestException"
    assert await refused("sk-no-arn") == "InvalidParameterException"


async def test_what_this_machine_may_lack(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = stored("s", SecretString="x")
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        assert await refused(arn) == "ServiceUnavailable"
    with monkeypatch.context() as environment:
        environment.delenv("AWS_ACCESS_KEY_ID")
        environment.delenv("AWS_SECRET_ACCESS_KEY")
        assert await refused(arn) == "NoCredentials"
    with monkeypatch.context() as environment:
        environment.setitem(sys.modules, "boto3", None)
        assert await refused(arn) == "NotInstalled"


async def test_an_arn_leads_to_the_vault_first_and_never_from_the_vaults_account_to_aws(
    aws: str, tmp_path: Path
) -> None:
    vault = Keystore(tmp_path, MasterKeyEncryptor(tmp_path / "keys"), ManualClock(1_700_000_000), IdGenerator())
    pools = ThreadPools(search=1, write=1, ml_predict=1)
    both = SecretsByArn(vault, AwsSecretsManager(AwsSts(pools, ambient_credentials=False), pools), pools)
    local, remote = vault.create("s", "here").arn, stored("s", SecretString="at AWS")
    assert (await both.fetch(local, ROLE, "session")).text == "here"
    assert (await both.fetch(remote, ROLE, "session")).text == "at AWS"
    vault.delete("s", recovery_days=None)
    with pytest.raises(SecretError) as error:
        await both.fetch(local, ROLE, "session")
    assert error.value.code == "ResourceNotFoundException"
    pools.close()
