"""The guarantees of RecordStore."""

from __future__ import annotations

import asyncio

import pytest

from ragstone.core.errors import (
    VersionConflictEngineException,
)
from ragstone.engine.api import Engine
from ragstone.testing.engine_contract.words import (
    Opened,
    OpenEngine,
    kinds,
)


class RecordContract(Opened):
    async def test_records_are_kept_listed_and_versioned(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            assert (await engine.put_record("pipeline", "b", {"n": 1})).version == 1
            await engine.put_record("pipeline", "a", {"n": 2})
            assert (await engine.put_record("pipeline", "b", {"n": 3}, if_version=1)).version == 2
            await engine.put_record("template", "b", {"n": 4})
        async with open_engine() as engine:
            listed = await engine.list_records("pipeline")
            assert [(record.name, record.value, record.version) for record in listed] == [
                ("a", {"n": 2}, 1),
                ("b", {"n": 3}, 2),
            ]
            assert await engine.get_record("pipeline", "none") is None
            assert await engine.delete_record("pipeline", "b") is True
            assert await engine.delete_record("pipeline", "b") is False
            assert (await engine.put_record("pipeline", "b", {}, if_version=0)).version > 2

    async def test_a_record_changes_only_at_the_version_demanded(self, engine: Engine) -> None:
        await engine.put_record("pipeline", "a", {"n": 1}, if_version=0)
        for if_version in (0, 2):
            with pytest.raises(VersionConflictEngineException):
                await engine.put_record("pipeline", "a", {"n": 2}, if_version=if_version)
            with pytest.raises(VersionConflictEngineException):
                await engine.delete_record("pipeline", "a", if_version=if_version)
        record = await engine.get_record("pipeline", "a")
        assert record is not None
        assert (record.value, record.version) == ({"n": 1}, 1)

    async def test_of_many_writers_of_one_record_version_one_wins(self, engine: Engine) -> None:
        writes = (engine.put_record("pipeline", "a", {"n": n}, if_version=0) for n in range(5))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert kinds(outcomes) == ["Record", *["VersionConflictEngineException"] * 4]
