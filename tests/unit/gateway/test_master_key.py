"""Gateways agree on the key that credentials are sealed with."""

from __future__ import annotations

import pytest

from ragstone.core.errors import IllegalStateException, VersionConflictEngineException
from ragstone.core.xcontent import JsonObject
from ragstone.engine.values import Record
from ragstone.gateway.master_key import agree_on_key, check_key


class Records:
    """A RecordStore of one record. `faster` is what another gateway stores just before our first write."""

    def __init__(self, faster: str | None = None) -> None:
        self.kept: Record | None = None
        self._faster = faster

    async def get_record(self, kind: str, name: str) -> Record | None:
        return self.kept

    async def list_records(self, kind: str) -> list[Record]:
        return [self.kept] if self.kept else []

    async def put_record(self, kind: str, name: str, value: JsonObject, *, if_version: int | None = None) -> Record:
        assert if_version == 0
        if self._faster is not None:
            self.kept = Record(kind, name, {"id": self._faster}, 1)
        if self.kept is not None:
            raise VersionConflictEngineException("there is one")
        self.kept = Record(kind, name, value, 1)
        return self.kept

    async def delete_record(self, kind: str, name: str, *, if_version: int | None = None) -> bool:
        found, self.kept = self.kept is not None, None
        return found


async def test_looking_claims_nothing() -> None:
    records = Records()
    assert not await check_key(records, "mine", "keys")
    assert records.kept is None


async def test_the_first_that_seals_decides() -> None:
    records = Records()
    await agree_on_key(records, None, lambda: "made", "keys")
    assert await check_key(records, "made", "keys")
    await agree_on_key(records, "made", lambda: "another", "keys")
    assert records.kept is not None
    assert records.kept.value == {"id": "made"}


@pytest.mark.parametrize("key_id", ["another", None])
async def test_whoever_has_not_got_the_key_is_told(key_id: str | None) -> None:
    records = Records()
    await agree_on_key(records, "mine", lambda: "never", "keys")
    with pytest.raises(IllegalStateException, match=r"master key \[mine\], but \[keys\] holds (none|\[another\])"):
        await check_key(records, key_id, "keys")


async def test_of_two_at_once_one_is_told() -> None:
    with pytest.raises(IllegalStateException, match=r"\[theirs\]"):
        await agree_on_key(Records(faster="theirs"), "mine", lambda: "never", "keys")
    await agree_on_key(Records(faster="mine"), "mine", lambda: "never", "keys")
