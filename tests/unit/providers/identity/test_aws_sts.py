"""Roles assumed at AWS through boto3, against moto's server, and against our own token service where moto looks away."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import AwsKeys, SecretError
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration
from ragstone.providers.identity.aws_sts import AwsSts
from ragstone.providers.identity.store import IdentityStore

REGION = "eu-west-3"
ROLE = "arn:aws:iam::123456789012:role/team/a/first"
OTHER = "arn:aws:iam::123456789012:role/second"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """One that leads to nothing of the user's."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-node",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def aws(moto: str, environment: pytest.MonkeyPatch) -> Iterator[str]:
    requests.post(f"{moto}/moto-api/reset", timeout=30)
    environment.setenv("AWS_ENDPOINT_URL", moto)
    yield moto
    requests.post(f"{moto}/moto-api/reset-auth", data="inf", timeout=30)


def enforce_policies(aws: str) -> None:
    requests.post(f"{aws}/moto-api/reset-auth", data="0", timeout=30)


async def assume(*roles: str, ambient: bool = False, external_id: str | None = None) -> AwsKeys:
    pools = ThreadPools()
    try:
        sts = AwsSts(pools, ambient_credentials=ambient, external_id=external_id)
        return await sts.assume(roles, "ragstone-c1", REGION)
    finally:
        pools.close()


async def refused(*roles: str, **more: Any) -> str:
    with pytest.raises(SecretError) as error:
        await assume(*roles, **more)
    return error.value.code


def who(keys: AwsKeys) -> str:
    with closing(boto3.client(
        "sts", region_name=REGION, aws_access_key_id=keys.id, aws_secret_access_key=keys.secret, aws_session_token=keys.token,
    )) as sts:  # fmt: skip
        return str(sts.get_caller_identity()["Arn"])


def allowing(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def trusting(arn: str, **condition: Any) -> Any:
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [{**statement, **condition}]}


async def test_a_role_gives_keys_for_an_hour(aws: str) -> None:
    keys = await assume(ROLE)
    assert keys.id.startswith("ASIA")
    assert keys.token is not None
    assert keys.expires is not None
    assert 3500 < keys.expires - SystemClock().now() <= 3600
    assert who(keys) == "arn:aws:sts::123456789012:assumed-role/first/ragstone-c1"


async def test_a_chain_ends_with_its_last_role_which_only_the_one_before_may_assume(
    aws: str, environment: pytest.MonkeyPatch
) -> None:
    session = "arn:aws:sts::123456789012:assumed-role/first/ragstone-c1"  # moto knows a session, not whose it is
    with closing(boto3.client("iam", region_name=REGION)) as iam:
        node = iam.create_user(UserName="node")["User"]["Arn"]
        key = iam.create_access_key(UserName="node")["AccessKey"]
        iam.put_user_policy(UserName="node", PolicyName="p", PolicyDocument=allowing("sts:AssumeRole"))
        for role, name, trusted in ((ROLE, "first", node), (OTHER, "second", session)):
            iam.create_role(
                RoleName=name, Path="/team/a/" if "team" in role else "/", AssumeRolePolicyDocument=json.dumps(trusting(trusted))
            )  # fmt: skip
        iam.put_role_policy(RoleName="first", PolicyName="p", PolicyDocument=allowing("sts:AssumeRole"))
    environment.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    environment.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    enforce_policies(aws)
    assert who(await assume(ROLE, OTHER)) == "arn:aws:sts::123456789012:assumed-role/second/ragstone-c1"
    assert await refused(OTHER) in ("AccessDenied", "AccessDeniedException")


async def test_only_a_node_that_is_told_so_acts_with_its_own_rights(aws: str) -> None:
    assert await refused() == "AccessDeniedException"
    own = AwsKeys("AKIAIOSFODNN7EXAMPLE", "secret-of-the-node")
    assert await assume(ambient=True) == own
    assert await assume(ROLE, ambient=True) == own
    assert who(await assume(ROLE, OTHER, ambient=True)).endswith(":assumed-role/second/ragstone-c1")


async def test_what_this_machine_may_lack(environment: pytest.MonkeyPatch) -> None:
    assert await refused(ROLE) == "ServiceUnavailable"
    with environment.context() as nothing:
        nothing.delenv("AWS_ACCESS_KEY_ID")
        nothing.delenv("AWS_SECRET_ACCESS_KEY")
        assert await refused(ROLE) == "NoCredentials"
        assert await refused(ambient=True) == "NoCredentials"
    with environment.context() as nothing:
        nothing.setitem(sys.modules, "boto3", None)
        assert await refused(ROLE) == "NotInstalled"


async def test_the_external_id_of_the_settings_goes_with_it(
    server: str, settings: Settings, environment: pytest.MonkeyPatch
) -> None:
    """Our own token service heeds the condition."""
    admin = Administration(
        IdentityStore(settings.data), MasterKeyEncryptor(settings.keys_folder), SystemClock(), IdGenerator()
    )
    node, key = admin.create_user("node"), admin.create_access_key("node")
    agreed = {"Condition": {"StringEquals": {"sts:ExternalId": "agreed-with-them"}}}
    first = admin.create_role("first", trusting(node, **agreed))
    second = admin.create_role("second", trusting(first, **agreed))
    environment.setenv("AWS_ENDPOINT_URL", server)
    environment.setenv("AWS_ACCESS_KEY_ID", key.id)
    environment.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    keys = await assume(first, second, external_id="agreed-with-them")
    assert who(keys) == "arn:aws:sts::000000000000:assumed-role/second/ragstone-c1"
    assert await refused(first) == "AccessDenied"
    assert await refused(first, external_id="another") == "AccessDenied"
