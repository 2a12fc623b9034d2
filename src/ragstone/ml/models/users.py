"""Who uses a model: pipelines that name it."""

from __future__ import annotations

from typing import Any

from ragstone.engine.api import RecordStore

# Kinds of stored pipelines and what messages call them. They belong to a layer above, and are only read here.
_KINDS = {"ingest_pipeline": "ingest pipelines", "search_pipeline": "search pipelines"}


async def faults_of_users(records: RecordStore, model_id: str) -> list[str]:
    """One sentence for each kind of pipeline that still uses the model."""
    faults = []
    for kind, called in _KINDS.items():
        names = [record.name for record in await records.list_records(kind) if _names(record.value, model_id)]
        if names:
            faults.append(
                f"{len(names)} {called} are still using this model, please delete or update the {called} first: "
                f"[{', '.join(names)}]"
            )
    return faults


def _names(value: Any, model_id: str) -> bool:
    if isinstance(value, dict):
        return any(_names(item, model_id) for item in value.values())
    if isinstance(value, list):
        return any(_names(item, model_id) for item in value)
    return bool(value == model_id)
