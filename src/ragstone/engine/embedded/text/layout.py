"""Which tantivy field holds which mapped field.

tantivy's schema is frozen when an index is created, while mappings grow with documents. So the schema is a pool of
numbered slots of each storage kind (`text0`, `text1`, ..., `i64-0`, ...), and the layout says whose each slot is. It is
written and synced before a document uses a new slot, so what lies on disk is never ahead of it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ragstone.core import json
from ragstone.core.errors import JavaException
from ragstone.core.files import sync
from ragstone.engine.embedded.mapper.field_type import FieldType

SPARE: Mapping[str, int] = MappingProxyType({"text": 16, "keyword": 16, "i64": 16, "f64": 16, "bool": 8})
"""Free slots a new layout has of each kind, at least; it also has as many as it needs, so pools double."""

FILE = "layout.json"
FORMAT = 1
"""1: first."""


class TextIndexDamaged(Exception):
    """The directory can not be used; the log holds everything needed to build it again."""


@dataclass(frozen=True)
class Layout:
    """`capacity` slots of each kind, and whose they are: full field path → slot name."""

    capacity: Mapping[str, int]
    slots: Mapping[str, str]

    @classmethod
    def for_fields(cls, fields: Iterable[FieldType]) -> Layout:
        """A new layout with a slot for every field, and room to grow."""
        fields = list(fields)
        needed = Counter(str(field.storage) for field in fields)
        capacity = {kind: needed[kind] + max(spare, needed[kind]) for kind, spare in SPARE.items()}
        layout = cls(capacity, {}).with_fields(fields)
        assert layout is not None
        return layout

    def with_fields(self, fields: Iterable[FieldType]) -> Layout | None:
        """This layout with a slot for each of `fields`; itself when all have one; None when a pool is used up."""
        slots = dict(self.slots)
        used = Counter(slot.partition("-")[0] for slot in slots.values())
        for field in fields:
            kind = field.storage
            if kind not in self.capacity or field.name in slots:
                continue
            if used[kind] >= self.capacity[kind]:
                return None
            slots[field.name] = f"{kind}-{used[kind]}"
            used[kind] += 1
        return self if len(slots) == len(self.slots) else Layout(self.capacity, slots)

    @classmethod
    def load(cls, directory: Path) -> Layout | None:
        """The stored layout; None when there is none. Raises TextIndexDamaged for an unreadable one."""
        try:
            data = json.decode((directory / FILE).read_bytes())
            if data["format"] != FORMAT:
                raise TextIndexDamaged(f"layout has format {data['format']}, not {FORMAT}")
            return cls(data["capacity"], data["slots"])
        except FileNotFoundError:
            return None
        except (JavaException, KeyError, TypeError, OSError) as error:
            raise TextIndexDamaged(f"unreadable layout: {error}") from error

    def save(self, directory: Path) -> None:
        """Store durably, replacing the one before in one step."""
        temporary = directory / (FILE + ".new")
        with temporary.open("wb") as file:
            file.write(json.encode({"format": FORMAT, "capacity": dict(self.capacity), "slots": dict(self.slots)}))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / FILE)
        sync(directory)
