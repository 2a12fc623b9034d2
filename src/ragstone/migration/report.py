"""What a migration did, found and could not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from ragstone.core.errors import OpenSearchException
from ragstone.core.json import JsonObject
from ragstone.migration.definition import innermost
from ragstone.migration.tally import Tally


@dataclass(frozen=True)
class Agreement:
    """How alike the two ends answer some queries. None of the numbers where there were no queries."""

    queries: int = 0
    overlap: float | None = None
    """Mean share of the top ten that both found; hits as good as the last one of the other side count as found."""
    worst: float | None = None
    score_delta: float | None = None
    """The largest difference of a hit's scores, as a share of the larger one."""
    failed: Sequence[str] = ()
    """Reasons of queries that one end could not answer."""

    def to_json(self) -> JsonObject:
        return {**vars(self), "failed": list(self.failed)}

    @classmethod
    def from_json(cls, value: JsonObject) -> Self:
        return cls(**value)


@dataclass(frozen=True)
class IndexReport:
    """One index that arrived. `notes` are what is different there."""

    name: str
    source: Tally
    target: Tally
    match: Agreement
    knn: Agreement
    notes: Sequence[str] = ()
    problems: Sequence[str] = ()

    def to_json(self) -> JsonObject:
        return {
            "index": self.name,
            "moved": not self.problems,
            "source": self.source.to_json(),
            "target": self.target.to_json(),
            "queries": {"match": self.match.to_json(), "knn": self.knn.to_json()},
            "notes": list(self.notes),
            "problems": list(self.problems),
        }

    @classmethod
    def from_json(cls, value: JsonObject) -> Self:
        queries = value["queries"]
        return cls(
            value["index"],
            Tally.from_json(value["source"]),
            Tally.from_json(value["target"]),
            Agreement.from_json(queries["match"]),
            Agreement.from_json(queries["knn"]),
            value["notes"],
            value["problems"],
        )


@dataclass(frozen=True)
class Refused:
    """An index that was stopped: the error is the target's (or source's) own."""

    name: str
    type: str
    reason: str

    @classmethod
    def of(cls, name: str, error: OpenSearchException) -> Self:
        return cls(name, error.type_name(), innermost(error))

    def to_json(self) -> JsonObject:
        return {"index": self.name, "moved": False, "error": {"type": self.type, "reason": self.reason}}


@dataclass(frozen=True)
class RecordReport:
    """A pipeline or other record. `moved`; `same`: it was there already; `refused`: another one of that name is."""

    kind: str
    name: str
    outcome: Literal["moved", "same", "refused"]
    reason: str = ""

    def to_json(self) -> JsonObject:
        shown = {"kind": self.kind, "name": self.name, "outcome": self.outcome}
        return {**shown, "reason": self.reason} if self.reason else shown


@dataclass(frozen=True)
class IndexPlan:
    """What would happen to one index, as far as the target tells without making it."""

    name: str
    documents: int
    bytes: int
    """What the source's index takes on its disk."""
    refused: Sequence[str]
    """What the target does not take, in its own words. Empty: it would be moved."""
    notes: Sequence[str]

    def to_json(self) -> JsonObject:
        return {
            "index": self.name,
            "documents": self.documents,
            "bytes": self.bytes,
            "refused": list(self.refused),
            "notes": list(self.notes),
        }


@dataclass
class Report:
    """All of it. `seconds` and `moved` are of this run; an earlier one may have done the rest."""

    source: str
    target: str
    resumed: bool = False
    indices: list[IndexReport | Refused] = field(default_factory=list)
    records: list[RecordReport] = field(default_factory=list)
    plans: list[IndexPlan] | None = None
    """Of a dry run, which has no `indices`."""
    notes: list[str] = field(default_factory=list)
    moved: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    @property
    def problems(self) -> list[str]:
        """A line for each thing that did not come over as it is."""
        found = [f"{record.kind} [{record.name}]: {record.reason}" for record in self.records if record.reason]
        for index in self.indices:
            if isinstance(index, Refused):
                found.append(f"index [{index.name}]: {index.reason}")
            else:
                found += [f"index [{index.name}]: {problem}" for problem in index.problems]
        for plan in self.plans or ():
            found += [f"index [{plan.name}]: {reason}" for reason in plan.refused]
        return found

    @property
    def documents_per_second(self) -> float:
        return self.moved.documents / self.seconds if self.seconds else 0.0

    def to_json(self) -> JsonObject:
        shown: dict[str, Any] = {
            "source": self.source,
            "target": self.target,
            "dry_run": self.plans is not None,
            "resumed": self.resumed,
            "complete": not self.problems,
            "records": [record.to_json() for record in self.records],
            "notes": self.notes,
            "problems": self.problems,
        }
        if self.plans is not None:
            return {**shown, "indices": [plan.to_json() for plan in self.plans]}
        return {
            **shown,
            "indices": [index.to_json() for index in self.indices],
            "seconds": round(self.seconds, 3),
            "documents_moved": self.moved.documents,
            "bytes_moved": self.moved.bytes,
            "documents_per_second": round(self.documents_per_second, 1),
        }


__all__ = ["Agreement", "IndexPlan", "IndexReport", "RecordReport", "Refused", "Report"]
