"""All gateways of a cluster must seal credentials with one key: the first that seals leaves the id of its own."""

from __future__ import annotations

from collections.abc import Callable

from ragstone.core.errors import IllegalStateException, VersionConflictEngineException
from ragstone.engine.api import RecordStore

_KIND, _NAME = "gateway", "master_key"


async def check_key(records: RecordStore, key_id: str | None, folder: str) -> bool:
    """Whether gateways have agreed on a key yet. `key_id` is that of the key in `folder`, None when there is none.

    Raises IllegalStateException when they have, on another one.
    """
    record = await records.get_record(_KIND, _NAME)
    if record is not None and record.value["id"] != key_id:
        raise IllegalStateException(
            f"the gateways of this cluster seal credentials with master key [{record.value['id']}], but [{folder}] "
            f"holds {f'[{key_id}]' if key_id else 'none'}: put the same master.key there"
        )
    return record is not None


async def agree_on_key(records: RecordStore, key_id: str | None, make_key: Callable[[], str], folder: str) -> None:
    """As `check_key`; where nothing has been agreed on yet, our key is it. `make_key` makes one and tells its id."""
    if await check_key(records, key_id, folder):
        return
    key_id = key_id or make_key()
    try:
        await records.put_record(_KIND, _NAME, {"id": key_id}, if_version=0)
    except VersionConflictEngineException:  # another gateway was faster
        await check_key(records, key_id, folder)
