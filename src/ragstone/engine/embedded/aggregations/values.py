"""Where the values of a field are that an aggregation asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tantivy

from ragstone.engine.embedded.aggregations.run import Matching
from ragstone.engine.embedded.mapper.field_type import FieldType
from ragstone.engine.embedded.mapper.visible import MaskedField
from ragstone.engine.embedded.query.compile import but_not
from ragstone.engine.embedded.search.failures import shard_failures
from ragstone.engine.embedded.search.sort import check_field_data
from ragstone.engine.embedded.snapshot import Snapshot
from ragstone.engine.visibility import value_text


@dataclass(frozen=True)
class Column:
    """The values of one field in the matching documents of one index. `slot` is None while no document can have one."""

    snapshot: Snapshot
    query: tantivy.Query
    field: FieldType
    slot: str | None
    masked: MaskedField | None = None

    def counts(self) -> dict[Any, int]:
        """How many documents have each value. See `TextReader.value_counts` for how many values that may be."""
        return {} if self.slot is None else self.snapshot.text.value_counts(self.query, self.slot)

    def texts(self) -> Counter[str]:
        """`counts` by what values are shown as, masked ones as their mask: not even their order tells of them."""
        counts: Counter[str] = Counter()
        for value, count in self.counts().items():
            counts[self.text(value)] += count
        return counts

    def text(self, value: Any) -> str:
        shown = value_text(self.field.sort_value(value))
        return shown if self.masked is None else self.masked.mask(shown)

    def without(self) -> int:
        """How many documents have no value."""
        text = self.snapshot.text
        if self.slot is None:
            return text.count(self.query)
        return text.count(but_not(self.query, text.present(self.slot)))


def columns(matching: Matching, path: str, *, masked: bool = False) -> Iterator[Column]:
    """The values of a field, index by index. Indices that do not map it have none.

    Masked fields are there only where `masked` says that their values are shown through the mask, or counted.
    Raises SearchPhaseExecutionException for a field whose values are not kept by document.
    """
    for snapshot, query in matching.parts:
        behind = snapshot.mapper.masked.get(path) if masked else None
        field = snapshot.mapper.field(path) if behind is None else behind.field
        if field is None:
            continue
        with shard_failures(snapshot):
            check_field_data(field)
        yield Column(snapshot, query, field, snapshot.text.slot(field.name), behind)


__all__ = ["Column", "columns"]
