"""`ListIndexTool`: what indices there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ragstone.cluster.health import ShardCounts
from ragstone.core.xcontent import JsonObject
from ragstone.ml.tools.tool import ToolResult, ToolServices, input_schema, names_of, tools

_HEADER = (
    "row,health,status,index,uuid,pri(number of primary shards),rep(number of replica shards),"
    "docs.count(number of available documents),docs.deleted(number of deleted documents),"
    "store.size(store size of primary and replica shards),pri.store.size(store size of primary shards)\n"
)


@tools.register("ListIndexTool")
class ListIndexTool:
    description: ClassVar[str] = "Lists indices with their health, shards, documents and sizes, as CSV."
    attributes: ClassVar[JsonObject] = input_schema(
        [], indices={"type": "array", "items": {"type": "string"}, "description": "names; none means all"}
    )

    def __init__(self, parameters: Mapping[str, str], services: ToolServices) -> None:
        self._names = names_of(parameters.get("indices"))
        self._indices = services.indices

    async def run(self) -> ToolResult:
        """Sizes are whole bytes with their unit."""
        rows = []
        for row, (index, numbers) in enumerate(
            await self._indices.listed(self._names, "indices:monitor/settings/get"), 1
        ):
            lost = () if numbers is not None else (index.name,)
            health = ShardCounts.of([index], lost).status if index.open else "green"
            shown = [row, health, "open" if index.open else "close", index.name, index.uuid]
            shown += [index.number_of_shards, index.number_of_replicas]
            if numbers is not None:
                size = f"{numbers.size}b"
                shown += [numbers.documents, numbers.deleted, size, size]
            else:
                shown += ["", "", "", ""]
            rows.append(",".join(map(str, shown)) + "\n")
        return _HEADER + "".join(rows)
