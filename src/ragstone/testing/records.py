"""Records of the engine contract in memory, for tests of what needs nothing else of an engine."""

from __future__ import annotations

from ragstone.core.errors import VersionConflictEngineException
from ragstone.engine.values import JsonObject, Record


class MemoryRecords:
    """A RecordStore."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Record] = {}
        self._versions: dict[tuple[str, str], int] = {}

    async def get_record(self, kind: str, name: str) -> Record | None:
        return self._records.get((kind, name))

    async def list_records(self, kind: str) -> list[Record]:
        return [record for (k, _), record in sorted(self._records.items()) if k == kind]

    async def put_record(self, kind: str, name: str, value: JsonObject, *, if_version: int | None = None) -> Record:
        self._demand(kind, name, if_version)
        version = self._versions.get((kind, name), 0) + 1
        self._versions[kind, name] = version
        record = self._records[kind, name] = Record(kind, name, value, version)
        return record

    async def delete_record(self, kind: str, name: str, *, if_version: int | None = None) -> bool:
        self._demand(kind, name, if_version)
        return self._records.pop((kind, name), None) is not None

    def _demand(self, kind: str, name: str, if_version: int | None) -> None:
        record = self._records.get((kind, name))
        current = record.version if record is not None else 0
        if if_version is not None and if_version != current:
            raise VersionConflictEngineException(
                f"[{kind}/{name}]: version conflict, current version [{current}] is not the one demanded [{if_version}]"
            )
