"""All gateways of a cluster must seal credentials with the same key: the first one leaves the id of its own."""

from __future__ import annotations

from collections.abc import Callable

from ragstone.core.errors import IllegalStateException, VersionConflictEngineException
from ragstone.engine.api import RecordStore

_KIND, _NAME = "gateway", "master_key"


async def agree_on_key(records: RecordStore, key_id: str | None, make_key: Callable[[], str], folder: str) -> None:
    """`key_id` is that of the key in `folder`, None when there is none yet; `make_key` makes one and tells its id.

    Raises IllegalStateException when the cluster's gateways use another key.
    """
    record = await records.get_record(_KIND, _NAME)
    if record is None:
        try:
            await records.put_record(_KIND, _NAME, {"id": key_id or make_key()}, if_version=0)
        except VersionConflictEngineException:  # another gateway was faster
            record = await records.get_record(_KIND, _NAME)
    agreed = record.value["id"] if record is not None else key_id
    if record is not None and agreed != key_id:
        raise IllegalStateException(
            f"the gateways of this cluster seal credentials with master key [{agreed}], but [{folder}] holds "
            f"{f'[{key_id}]' if key_id else 'none'}: put the same master.key there"
        )
