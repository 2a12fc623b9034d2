from __future__ import annotations

import asyncio
from collections.abc import Callable
from unittest.mock import patch

import pytest

from ragstone.core.errors import VersionConflictEngineException
from ragstone.security.builtin import BUILTIN
from ragstone.security.entities import Entities, Kind
from ragstone.security.model import Role, Tenant
from ragstone.security.refusals import Refusal
from ragstone.security.store import SecurityStore
from ragstone.testing.records import MemoryRecords

HASH = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"


def with_tenant(name: str) -> Callable[[Entities], Entities]:
    return lambda tenants: {**tenants, name: Tenant(name)}


async def started(records: MemoryRecords) -> SecurityStore:
    store = SecurityStore(records)
    await store.start(HASH)
    return store


async def test_the_first_start_writes_what_everybody_begins_with() -> None:
    records = MemoryRecords()
    store = SecurityStore(records)
    assert await store.start(HASH)
    assert store.current.internal_users["admin"].hash == HASH
    assert store.current.internal_users["admin"].guard.reserved
    assert store.current.roles_mapping["all_access"].backend_roles == ("admin",)
    assert store.current.roles_mapping["own_index"].users == ("*",)
    assert store.current.roles_mapping["kibana_server"].guard.reserved
    assert set(store.current.tenants) == {"global_tenant", "admin_tenant"}


async def test_a_later_start_keeps_what_there_is() -> None:
    records = MemoryRecords()
    await (await started(records)).change(Kind.TENANTS, with_tenant("crew"))
    store = SecurityStore(records)
    assert not await store.start("$2b$04$another")
    assert store.current.internal_users["admin"].hash == HASH
    assert "crew" in store.current.tenants


async def test_without_a_password_there_is_no_admin() -> None:
    store = SecurityStore(MemoryRecords())
    assert await store.start(None)
    assert store.current.internal_users == {}
    assert "all_access" in store.current.roles_mapping


async def test_what_belongs_to_the_product_is_there_and_not_kept() -> None:
    records = MemoryRecords()
    store = await started(records)
    await store.change(Kind.ROLES, lambda roles: {**roles, "own": Role(("a",))})
    assert {"all_access", "ml_full_access", "own"} <= set(store.current.roles)
    kept = await records.get_record("security", "roles")
    assert kept is not None
    assert set(kept.value) == {"own"}


async def test_what_belongs_to_the_product_stays_as_it_is() -> None:
    store = await started(MemoryRecords())
    await store.change(Kind.ROLES, lambda roles: {"all_access": Role(("nothing",))})
    assert store.current.roles == BUILTIN[Kind.ROLES]


async def test_a_change_is_of_the_next_generation() -> None:
    store = await started(MemoryRecords())
    before = store.current
    await store.change(Kind.TENANTS, with_tenant("crew"))
    assert store.current.generation > before.generation
    assert "crew" not in before.tenants


async def test_nodes_that_share_the_records_lose_no_change_of_each_other() -> None:
    records = MemoryRecords()
    one, two = await started(records), await started(records)
    await asyncio.gather(
        *(
            store.change(Kind.TENANTS, with_tenant(f"{name}{n}"))
            for n in range(5)
            for name, store in (("a", one), ("b", two))
        )
    )
    await one.refresh()
    await two.refresh()
    wanted = {f"{name}{n}" for n in range(5) for name in "ab"}
    assert wanted <= set(one.current.tenants)
    assert one.current.tenants == two.current.tenants


async def test_a_refresh_takes_what_another_node_has_changed() -> None:
    records = MemoryRecords()
    one, two = await started(records), await started(records)
    await one.change(Kind.TENANTS, with_tenant("crew"))
    generation = two.current.generation
    await two.refresh()
    assert "crew" in two.current.tenants
    assert two.current.generation > generation


async def test_a_refresh_without_news_changes_nothing() -> None:
    store = await started(MemoryRecords())
    before = store.current
    await store.refresh()
    assert store.current is before


async def test_an_edit_that_raises_changes_nothing() -> None:
    store = await started(MemoryRecords())
    before = store.current

    def edit(tenants: Entities) -> Entities:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await store.change(Kind.TENANTS, edit)
    assert store.current is before


async def test_when_others_are_always_quicker_the_change_is_refused() -> None:
    records = MemoryRecords()
    store = await started(records)
    before = store.current
    with (
        patch.object(records, "put_record", side_effect=VersionConflictEngineException("no")),
        pytest.raises(Refusal) as refused,
    ):
        await store.change(Kind.TENANTS, with_tenant("crew"))
    assert (refused.value.status, refused.value.body["status"]) == (409, "CONFLICT")
    assert store.current is before
