"""How far a migration is, in a small file that survives a kill at any moment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from ragstone.core import json
from ragstone.core.errors import IllegalStateException, OpenSearchException
from ragstone.core.files import sync
from ragstone.core.json import JsonObject
from ragstone.migration.tally import Tally

STATE_FILE = "migration.json"
FORMAT = 1
Direction = Literal["to", "from"]


@dataclass
class IndexState:
    """One index on its way. It is in the file before anything of it is on the target."""

    source_uuid: str
    max_seq_no: int
    """Of the source when its scan began: a higher one later means that it was written to."""
    target_uuid: str | None = None
    """Of the index made there; None until it is known."""
    resume: str | None = None
    """Where the scan goes on. Everything before is acknowledged by the target."""
    copied: Tally = field(default_factory=Tally)
    """What was read up to there."""
    complete: bool = False
    """The scan came to its end."""
    notes: list[str] = field(default_factory=list)
    """What is different at the target."""
    problems: list[str] = field(default_factory=list)
    """What did not come over as it is."""
    report: JsonObject | None = None
    """Of an index that is moved and verified."""

    def to_json(self) -> JsonObject:
        return {**vars(self), "copied": self.copied.to_json()}

    @classmethod
    def from_json(cls, value: JsonObject) -> Self:
        return cls(**{**value, "copied": Tally.from_json(value["copied"])})


@dataclass
class MigrationState:
    """Between whom, and each index by name. `save` replaces the file at once or not at all. Blocking."""

    file: Path
    direction: Direction
    peer: str
    """The uuid of the other end: a cluster may have several addresses."""
    address: str
    indices: dict[str, IndexState] = field(default_factory=dict)
    resumed: bool = False
    """An earlier run left the file behind."""

    @classmethod
    def open(cls, file: Path, direction: Direction, peer: str, address: str) -> Self:
        """What an unfinished migration between the same two left, or a new one.

        Raises IllegalStateException when the file is about another migration, or cannot be read.
        """
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return cls(file, direction, peer, address)
        try:
            kept: dict[str, Any] = json.decode(data)
            if kept["format"] != FORMAT:
                raise IllegalStateException(f"[{file}] was written by another version of Ragstone")
            indices = {name: IndexState.from_json(value) for name, value in kept["indices"].items()}
            before = kept["direction"], kept["peer"]
        except (OpenSearchException, KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, IllegalStateException):
                raise
            raise IllegalStateException(f"[{file}] cannot be read; remove it to begin anew") from None
        if before != (direction, peer):
            raise IllegalStateException(
                f"[{file}] is about an unfinished migration {kept['direction']} [{kept['address']}]: finish that one, "
                "or remove the file to give it up"
            )
        return cls(file, direction, peer, address, indices, resumed=True)

    def save(self) -> None:
        content = {
            "format": FORMAT,
            "direction": self.direction,
            "peer": self.peer,
            "address": self.address,
            "indices": {name: state.to_json() for name, state in self.indices.items()},
        }
        fresh = self.file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.encode(content, pretty=True))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.file)
        sync(self.file.parent)

    def remove(self) -> None:
        """Nothing is left to be done."""
        self.file.unlink(missing_ok=True)
        sync(self.file.parent)


__all__ = ["STATE_FILE", "Direction", "IndexState", "MigrationState"]
