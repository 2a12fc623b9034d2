"""Connectors that act as roles of this server's own directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import AwsKeys, SecretError
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.access_keys import AccessKeys
from ragstone.providers.identity.administration import Administration
from ragstone.providers.identity.local_roles import LocalRoles
from ragstone.providers.identity.local_sts import LocalSts
from ragstone.providers.identity.store import IdentityStore
from ragstone.testing.clock import ManualClock

NOW = 1_767_323_045.0
ELSEWHERE = AwsKeys("AKIAELSEWHERE0000000", "s")


class Elsewhere:
    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        self.asked.append(tuple(roles))
        return ELSEWHERE


class World:
    def __init__(self, folder: Path, pools: ThreadPools) -> None:
        clock, ids, store = ManualClock(NOW), IdGenerator(1), IdentityStore(folder)
        encryptor = MasterKeyEncryptor(folder / "keys")
        self.admin = Administration(store, encryptor, clock, ids)
        self.keys = AccessKeys(store, encryptor)
        self.elsewhere = Elsewhere()
        self.roles = LocalRoles(LocalSts(store, self.keys, pools, clock, ids), self.elsewhere)

    async def refused(self, *roles: str) -> str:
        with pytest.raises(SecretError) as error:
            await self.roles.assume(roles, "ragstone-c", "us-east-1")
        return error.value.code


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    pools = ThreadPools(search=1, write=1, ml_predict=1)
    yield World(tmp_path, pools)
    pools.close()


def trusting(**principal: str) -> Any:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


SERVICE = trusting(Service="es.amazonaws.com")


async def test_a_role_that_lets_the_service_in_gives_keys_that_verify(world: World) -> None:
    role = world.admin.create_role("r", SERVICE, None)
    keys = await world.roles.assume((role,), "ragstone-c", "us-east-1")
    found = world.keys.signing_key(keys.id, keys.token)
    assert found is not None
    assert (found.secret, found.expires) == (keys.secret, keys.expires)
    assert (found.principal.identity_arn, keys.expires) == (role, NOW + 3600)
    assert found.principal.arn.endswith(":assumed-role/r/ragstone-c")
    assert not world.elsewhere.asked


async def test_a_chain_needs_the_trust_of_each_role_in_the_one_before(world: World) -> None:
    first = world.admin.create_role("first", SERVICE, None)
    second = world.admin.create_role("second", trusting(AWS=first), None)
    third = world.admin.create_role("third", trusting(AWS=first), None)
    keys = await world.roles.assume((first, second), "ragstone-c", "us-east-1")
    found = world.keys.signing_key(keys.id, keys.token)
    assert found is not None
    assert found.principal.identity_arn == second
    assert await world.refused(first, second, third) == "AccessDenied"
    assert await world.refused(second) == "AccessDenied"


async def test_a_role_for_users_is_none_for_the_service(world: World) -> None:
    role = world.admin.create_role("r", trusting(AWS="arn:aws:iam::000000000000:user/ann"), None)
    assert await world.refused(role) == "AccessDenied"


async def test_other_roles_and_the_node_itself_are_somebody_elses(world: World) -> None:
    there = "arn:aws:iam::123456789012:role/r"
    assert await world.roles.assume((there,), "ragstone-c", "us-east-1") is ELSEWHERE
    assert await world.roles.assume((), "ragstone-c", "us-east-1") is ELSEWHERE
    assert world.elsewhere.asked == [(there,), ()]


async def test_a_role_is_named_with_its_path(world: World) -> None:
    """AWS has one role of a name in an account, whatever their paths; an ARN with another path is another role's."""
    role = world.admin.create_role("r", SERVICE, None, path="/team/a/")
    assert role == "arn:aws:iam::000000000000:role/team/a/r"
    await world.roles.assume((role,), "ragstone-c", "us-east-1")
    assert not world.elsewhere.asked
    await world.roles.assume(("arn:aws:iam::000000000000:role/team/b/r",), "ragstone-c", "us-east-1")
    assert len(world.elsewhere.asked) == 1
