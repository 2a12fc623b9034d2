from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from ragstone.core.threadpool import PoolName, ThreadPools
from ragstone.security.administration import Administration
from ragstone.security.entities import Entities, Kind
from ragstone.security.model import Guard, InternalUser, Tenant
from ragstone.security.passwords import verify_password
from ragstone.security.refusals import Refusal
from ragstone.security.store import SecurityStore
from ragstone.testing.records import MemoryRecords

PASSWORD = "Reef-Kettle-9271!"
OTHER = "New-Harbour-41!"
BCRYPT = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"
BCRYPT_PASSWORD = "Bright-Anchor-5150!"


class Pools(ThreadPools):
    """Runs at once, and lets something else happen before each call of `function`, once."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Callable[[], Awaitable[None]]] = {}

    async def run(self, pool: PoolName, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        happening = self.before.pop(function.__name__, None)
        if happening is not None:
            await happening()
        return function(*args, **kwargs)


class World:
    def __init__(self) -> None:
        self.records = MemoryRecords()
        self.pools = Pools()
        self.store = SecurityStore(self.records)
        self.there = SecurityStore(self.records)
        """Of another node."""
        self.administration = Administration(self.store, self.pools)

    async def start(self) -> World:
        await self.store.start(BCRYPT)
        await self.there.refresh()
        return self

    def elsewhere(self, kind: Kind, edit: Callable[[Entities], Entities]) -> Callable[[], Awaitable[None]]:
        """Another node changes something."""
        return lambda: self.there.change(kind, edit)

    def user(self, name: str) -> InternalUser:
        return self.store.current.internal_users[name]


@pytest.fixture
async def world() -> World:
    return await World().start()


@pytest.fixture(autouse=True)
def closed(world: World) -> Iterator[None]:
    yield
    world.pools.close()


async def refusal(call: Awaitable[object]) -> tuple[int, str]:
    with pytest.raises(Refusal) as refused:
        await call
    return refused.value.status, str(refused.value.body.get("message") or refused.value.body["reason"])


async def test_hidden_entities_are_not_there_for_anybody(world: World) -> None:
    hidden = Tenant("d", Guard(hidden=True))
    await world.store.change(Kind.TENANTS, lambda tenants: {**tenants, "h": hidden})
    tenants = world.administration
    assert "h" not in tenants.shown(Kind.TENANTS)
    with pytest.raises(Refusal) as refused:
        tenants.shown(Kind.TENANTS, "h")
    assert refused.value.body == {"status": "NOT_FOUND", "message": "Resource 'h' is not available."}
    gone = (404, "Resource 'h' is not available.")
    assert await refusal(tenants.put(Kind.TENANTS, "h", {"description": "x"})) == gone
    assert await refusal(tenants.delete(Kind.TENANTS, "h")) == gone
    assert await refusal(tenants.patch(Kind.TENANTS, "h", [{"op": "remove", "path": "/description"}])) == gone
    everything = [{"op": "add", "path": "/h", "value": {"description": "x"}}]
    assert await refusal(tenants.patch_all(Kind.TENANTS, everything)) == gone
    assert world.store.current.tenants["h"] == hidden


async def test_what_another_node_has_added_meanwhile_is_kept(world: World) -> None:
    world.pools.before["hash_password"] = world.elsewhere(
        Kind.USERS, lambda users: {**users, "theirs": InternalUser(BCRYPT)}
    )
    done = await world.administration.put(Kind.USERS, "ours", {"password": PASSWORD})
    assert done.created
    assert set(world.store.current.internal_users) == {"admin", "ours", "theirs"}


async def test_a_user_made_elsewhere_meanwhile_is_updated_not_created(world: World) -> None:
    world.pools.before["hash_password"] = world.elsewhere(
        Kind.USERS, lambda users: {**users, "u": InternalUser(BCRYPT, ("a",))}
    )
    done = await world.administration.put(Kind.USERS, "u", {"password": PASSWORD})
    assert (done.created, done.message) == (False, "'u' updated.")
    assert verify_password(world.user("u").hash, PASSWORD)
    assert world.user("u").backend_roles == ()


async def test_a_patch_is_applied_to_what_another_node_has_made_of_it_meanwhile(world: World) -> None:
    await world.administration.put(Kind.USERS, "u", {"hash": BCRYPT, "backend_roles": ["a"]})
    await world.there.refresh()
    world.pools.before["hash_password"] = world.elsewhere(
        Kind.USERS, lambda users: {**users, "u": InternalUser(BCRYPT, ("a", "b"))}
    )
    operations = [
        {"op": "add", "path": "/backend_roles/-", "value": "c"},
        {"op": "add", "path": "/password", "value": PASSWORD},
    ]
    await world.administration.patch(Kind.USERS, "u", operations)
    assert world.user("u").backend_roles == ("a", "b", "c")
    assert verify_password(world.user("u").hash, PASSWORD)


async def test_a_patch_of_what_has_gone_meanwhile_is_refused(world: World) -> None:
    await world.administration.put(Kind.USERS, "u", {"hash": BCRYPT})
    await world.there.refresh()
    world.pools.before["hash_password"] = world.elsewhere(
        Kind.USERS, lambda users: {name: user for name, user in users.items() if name != "u"}
    )
    operations = [{"op": "add", "path": "/password", "value": PASSWORD}]
    assert await refusal(world.administration.patch(Kind.USERS, "u", operations)) == (404, "user 'u' not found.")
    assert "u" not in world.store.current.internal_users


async def test_a_password_that_was_changed_meanwhile_is_not_changed_again(world: World) -> None:
    """Who has set the new one may have done so because the old one was stolen."""
    await world.administration.put(Kind.USERS, "u", {"hash": BCRYPT})
    await world.there.refresh()
    other = "$2b$04$" + "a" * 53
    world.pools.before["hash_password"] = world.elsewhere(Kind.USERS, lambda users: {**users, "u": InternalUser(other)})
    change = {"current_password": BCRYPT_PASSWORD, "password": OTHER}
    call = world.administration.change_own_password("u", change)
    assert await refusal(call) == (400, "Could not validate your current password.")
    assert world.user("u").hash == other


async def test_the_own_password_is_for_internal_users(world: World) -> None:
    change = {"current_password": PASSWORD, "password": OTHER}
    call = world.administration.change_own_password("somebody from a token", change)
    assert await refusal(call) == (404, "user 'somebody from a token' not found.")


async def test_the_own_password_leaves_the_rest_of_the_user_as_it_is(world: World) -> None:
    before = InternalUser(BCRYPT, ("a",), {"k": "v"}, ("readall",), "d")
    await world.store.change(Kind.USERS, lambda users: {**users, "u": before})
    await world.administration.change_own_password("u", {"current_password": BCRYPT_PASSWORD, "password": OTHER})
    after = world.user("u")
    assert verify_password(after.hash, OTHER)
    assert (after.backend_roles, after.attributes, after.security_roles, after.description) == (
        before.backend_roles, before.attributes, before.security_roles, before.description,
    )  # fmt: skip


async def test_a_role_that_another_entity_needs_must_exist(world: World) -> None:
    put = world.administration.put
    missing = (404, "role 'no-such-role' not found.")
    user = {"hash": BCRYPT, "opendistro_security_roles": ["readall", "no-such-role"]}
    assert await refusal(put(Kind.USERS, "u", user)) == missing
    assert await refusal(put(Kind.MAPPINGS, "no-such-role", {"users": ["u"]})) == missing


async def test_changes_at_once_on_one_node_are_all_kept(world: World) -> None:
    put = world.administration.put
    names = [f"t{n}" for n in range(10)]
    await asyncio.gather(*(put(Kind.TENANTS, name, {"description": name}) for name in names))
    assert set(names) <= set(world.store.current.tenants)
