"""The two ends of a migration, and how it is told what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ragstone.engine.api import ClusterApi, Engine
from ragstone.engine.values import IndexMetadata
from ragstone.ml.connectors.vault import Vault


@dataclass(frozen=True)
class Side:
    """One end. `vault` opens and seals with the master key of whoever serves this end."""

    name: str
    """What messages and reports call it: a folder or a URL."""
    engine: Engine
    vault: Vault
    api: ClusterApi | None = None
    """The REST API of an engine that is a cluster."""

    async def index(self, name: str) -> IndexMetadata | None:
        return (await self.engine.metadata()).indices.get(name)


class Progress(Protocol):
    """Is told how far a migration is; shows it to somebody."""

    def planned(self, documents: int, done: int) -> None:
        """So many documents are to be moved; `done` of them were moved by an earlier run."""
        ...

    def moved(self, documents: int, bytes: int) -> None:
        """So many more are written and acknowledged."""
        ...

    def say(self, text: str) -> None:
        """One line about what begins or ended."""
        ...


class Silent:
    """A Progress that shows nothing."""

    def planned(self, documents: int, done: int) -> None:
        """Nobody looks."""

    def moved(self, documents: int, bytes: int) -> None:
        """Nobody looks."""

    def say(self, text: str) -> None:
        """Nobody listens."""
