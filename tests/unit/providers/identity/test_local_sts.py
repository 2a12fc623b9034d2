from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import Principal, SecretError, TemporaryCredentials, TokenRefused
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.access_keys import AccessKeys
from ragstone.providers.identity.administration import Administration, IdentityError
from ragstone.providers.identity.local_sts import LocalSts
from ragstone.providers.identity.service_roles import ServiceRoles
from ragstone.providers.identity.store import IdentityFileError, IdentityStore
from ragstone.testing.clock import ManualClock

NOW = 1_767_323_045.0


@dataclass
class World:
    folder: Path
    clock: ManualClock
    admin: Administration
    keys: AccessKeys
    sts: LocalSts
    roles: ServiceRoles

    def principal(self, user: str) -> Principal:
        key = self.admin.create_access_key(user)
        found = self.keys.signing_key(key.id, None)
        assert found is not None
        assert found.secret == key.secret
        return found.principal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock, ids, store = ManualClock(NOW), IdGenerator(1), IdentityStore(tmp_path)
    encryptor, pools = MasterKeyEncryptor(tmp_path / "keys"), ThreadPools()
    keys = AccessKeys(store, encryptor)
    yield World(
        tmp_path,
        clock,
        Administration(store, encryptor, clock, ids),
        keys,
        LocalSts(store, keys, pools, clock, ids),
        ServiceRoles(keys, pools),
    )
    pools.close()


def trusting(principal: Any, **more: Any) -> Any:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}],
    }


def allowing(action: str, resource: str) -> Any:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}}


async def assumed(world: World, caller: Principal, arn: str, **more: str) -> TemporaryCredentials:
    return await world.sts.assume_role(caller, {"RoleArn": arn, "RoleSessionName": "s1", **more})


async def refusal(world: World, caller: Principal, arn: str, **more: str) -> tuple[str, str, int]:
    with pytest.raises(TokenRefused) as refused:
        await assumed(world, caller, arn, **more)
    return refused.value.code, refused.value.message, refused.value.status


async def test_a_user_that_a_role_trusts_gets_keys_of_aws_s_shapes(world: World) -> None:
    ann = world.admin.create_user("ann")
    arn = world.admin.create_role("r", trusting({"AWS": ann}), path="/team/a/")
    assert (ann, arn) == ("arn:aws:iam::000000000000:user/ann", "arn:aws:iam::000000000000:role/team/a/r")
    made = await assumed(world, world.principal("ann"), arn)
    assert made.access_key_id.startswith("ASIA")
    assert (len(made.access_key_id), len(made.secret), made.expires) == (20, 40, NOW + 3600)
    assert made.principal.arn == "arn:aws:sts::000000000000:assumed-role/r/s1"
    assert made.principal.identity_arn == arn
    assert made.principal.user_id.startswith("AROA")
    assert made.principal.user_id.endswith(":s1")
    key = world.keys.signing_key(made.access_key_id, made.token)
    assert key is not None
    assert (key.principal, key.secret, key.expires) == (made.principal, made.secret, made.expires)


async def test_nobody_else_gets_them_and_a_role_that_is_not_there_looks_the_same(world: World) -> None:
    ann, bob = world.admin.create_user("ann"), world.admin.create_user("bob")
    arn = world.admin.create_role("r", trusting({"AWS": ann}))
    who = world.principal("bob")
    for role in (arn, arn + "x"):
        assert await refusal(world, who, role) == (
            "AccessDenied",
            f"User: {bob} is not authorized to perform: sts:AssumeRole on resource: {role}",
            403,
        )


async def test_a_role_for_a_service_is_for_no_user(world: World) -> None:
    world.admin.create_user("ann")
    arn = world.admin.create_role("r", trusting({"Service": "es.amazonaws.com"}))
    assert (await refusal(world, world.principal("ann"), arn))[0] == "AccessDenied"


async def test_a_role_that_trusts_the_account_leaves_it_to_the_users_own_policies(world: World) -> None:
    world.admin.create_user("ann")
    arn = world.admin.create_role("r", trusting({"AWS": "arn:aws:iam::000000000000:root"}))
    who = world.principal("ann")
    assert (await refusal(world, who, arn))[0] == "AccessDenied"
    world.admin.put_user_policy("ann", "p", allowing("sts:AssumeRole", arn))
    await assumed(world, who, arn)


async def test_an_external_id_must_be_the_agreed_one(world: World) -> None:
    ann = world.admin.create_user("ann")
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    arn = world.admin.create_role("r", trusting({"AWS": ann}, Condition=condition))
    who = world.principal("ann")
    assert (await refusal(world, who, arn))[0] == "AccessDenied"
    assert (await refusal(world, who, arn, ExternalId="43"))[0] == "AccessDenied"
    await assumed(world, who, arn, ExternalId="42")


@pytest.mark.parametrize(
    "parameters",
    [
        {"DurationSeconds": "899"},
        {"DurationSeconds": "3601"},
        {"DurationSeconds": "x"},
        {"RoleSessionName": "a"},
        {"RoleSessionName": "a b"},
        {"RoleSessionName": "a" * 65},
        {"RoleSessionName": ""},
        {"Policy": "{}"},
        {"SerialNumber": "1"},
    ],
)
async def test_what_a_role_session_cannot_be_is_said(world: World, parameters: dict[str, str]) -> None:
    ann = world.admin.create_user("ann")
    arn = world.admin.create_role("r", trusting({"AWS": ann}))
    assert (await refusal(world, world.principal("ann"), arn, **parameters))[0] == "ValidationError"


async def test_a_token_belongs_to_its_key_and_to_nobody_else(world: World) -> None:
    ann = world.admin.create_user("ann")
    arn = world.admin.create_role("r", trusting({"AWS": ann}))
    who = world.principal("ann")
    one, two = await assumed(world, who, arn), await assumed(world, who, arn)
    assert world.keys.signing_key(one.access_key_id, two.token) is None
    assert world.keys.signing_key(one.access_key_id, None) is None
    assert world.keys.signing_key(one.access_key_id, one.token[:-1] + ("A" if one.token[-1] != "A" else "B")) is None
    assert world.keys.signing_key(one.access_key_id, "nonsense") is None


async def test_sessions_end_with_their_role_also_when_another_takes_its_name(world: World) -> None:
    ann = world.admin.create_user("ann")
    arn = world.admin.create_role("r", trusting({"AWS": ann}))
    made = await assumed(world, world.principal("ann"), arn)
    world.admin.delete_role("r")
    assert world.keys.signing_key(made.access_key_id, made.token) is None
    world.admin.create_role("r", trusting({"AWS": ann}))
    assert world.keys.signing_key(made.access_key_id, made.token) is None


async def test_a_users_session_has_the_users_rights(world: World) -> None:
    ann = world.admin.create_user("ann")
    who = world.principal("ann")
    made = await world.sts.session_token(who, {"DurationSeconds": "900"})
    assert (made.principal.arn, made.expires) == (ann, NOW + 900)
    key = world.keys.signing_key(made.access_key_id, made.token)
    assert key is not None
    assert key.principal == who


async def test_a_role_session_gets_no_session_token(world: World) -> None:
    ann = world.admin.create_user("ann")
    made = await assumed(world, world.principal("ann"), world.admin.create_role("r", trusting({"AWS": ann})))
    with pytest.raises(TokenRefused, match="Cannot call GetSessionToken with session credentials"):
        await world.sts.session_token(made.principal, {})


async def test_a_role_may_assume_another_for_an_hour_at_most(world: World) -> None:
    ann = world.admin.create_user("ann")
    first = world.admin.create_role("one", trusting({"AWS": ann}))
    second = world.admin.create_role("two", trusting({"AWS": first}), longest_session=43_200)
    made = await assumed(world, world.principal("ann"), first)
    assert (await assumed(world, made.principal, second)).expires == NOW + 3600
    assert (await refusal(world, made.principal, second, DurationSeconds="7200"))[0] == "ValidationError"


async def test_a_role_reads_a_secret_if_it_lets_the_service_in_and_may(world: World) -> None:
    await world.roles.may_read("arn:aws:iam::000000000000:role/none", "any")  # nobody has made a role yet
    arn = world.admin.create_role(
        "r", trusting({"Service": "es.amazonaws.com"}), allowing("secretsmanager:GetSecretValue", "mine")
    )
    await world.roles.may_read(arn, "mine")
    world.admin.update_trust("r", trusting({"Service": "lambda.amazonaws.com"}))
    for role, secret in ((arn, "mine"), (arn, "theirs"), (arn + "x", "mine")):
        with pytest.raises(SecretError) as refused:
            await world.roles.may_read(role, secret)
        assert refused.value.code == "AccessDeniedException"


def test_secrets_are_not_in_the_file_which_is_its_owners_only(world: World) -> None:
    world.admin.create_user("ann")
    key = world.admin.create_access_key("ann")
    file = world.folder / "identities.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key.secret not in file.read_text()
    assert key.secret not in repr(key)
    assert key.id in file.read_text()


def test_a_change_is_seen_by_others_at_once(world: World) -> None:
    other = IdentityStore(world.folder)
    assert dict(other.read().users) == {}
    world.admin.create_user("ann")
    assert list(other.read().users) == ["ann"]
    world.admin.delete_user("ann")
    assert dict(other.read().users) == {}


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"account": "1", "users": [{}], "roles": []})])
def test_a_file_that_cannot_be_read_is_said(world: World, content: str) -> None:
    (world.folder / "identities.json").write_text(content)
    with pytest.raises(IdentityFileError, match=r"identities\.json"):
        IdentityStore(world.folder).read()


def test_what_cannot_be_done_has_aws_s_code(world: World) -> None:
    world.admin.create_user("ann")
    for code, call in (
        ("EntityAlreadyExists", lambda: world.admin.create_user("ANN")),
        ("ValidationError", lambda: world.admin.create_user("a b")),
        ("NoSuchEntity", lambda: world.admin.create_access_key("bob")),
        ("NoSuchEntity", lambda: world.admin.delete_access_key("ann", "AKIA")),
        ("NoSuchEntity", lambda: world.admin.delete_user_policy("ann", "p")),
        ("NoSuchEntity", lambda: world.admin.delete_role("r")),
        ("ValidationError", lambda: world.admin.create_role("r", trusting("*"), path="x")),
        ("ValidationError", lambda: world.admin.create_role("r", trusting("*"), longest_session=60)),
    ):
        with pytest.raises(IdentityError) as refused:
            call()
        assert refused.value.code == code
    world.admin.create_access_key("ann")
    world.admin.create_access_key("ann")
    with pytest.raises(IdentityError) as refused:
        world.admin.create_access_key("ann")
    assert refused.value.code == "LimitExceeded"
