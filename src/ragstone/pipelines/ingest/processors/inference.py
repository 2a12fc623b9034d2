"""What processors share that let a model read texts of documents: one call for many documents."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.xcontent import JsonObject, java_type
from ragstone.ml.ports import Predictor
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import METADATA, IngestDocument
from ragstone.pipelines.processor import ProcessorServices

_PARALLEL = 16
"""Requests to a remote model that one bulk request keeps going at once."""
_MAX_DEPTH = 20
"""`index.mapping.depth.limit`, whose default it is."""


@dataclass(frozen=True)
class _Job:
    """Texts of one field of one document, and where the answers to them go."""

    parent: JsonObject
    target: str
    texts: tuple[str, ...]
    listed: bool

    def write(self, answers: Sequence[Any], list_key: str) -> None:
        value: Any = [{list_key: answer} for answer in answers] if self.listed else answers[0]
        node = self.parent
        *way, leaf = self.target.split(".")
        for part in way:
            below = node.get(part)
            if not isinstance(below, dict):
                below = node[part] = {}
            node = below
        node[leaf] = value


@dataclass(frozen=True)
class InferenceProcessor(ABC):
    """A model reads the texts at the paths of `field_map`; its answers stand beside them under the mapped name.

    A remote model gets the texts of up to `batch_size` documents in one request. A model that runs here gets those
    of all documents at once and batches them as suits it (`Differs:` in speed only).
    """

    list_key: ClassVar[str]
    """Under which name each answer stands where the text was one of a list."""

    predictor: Predictor
    model_id: str
    field_map: JsonObject
    batch_size: int

    @classmethod
    def create(cls, config: IngestConfig, services: ProcessorServices) -> Self:
        return cls(**cls.shared_options(config, services))

    @classmethod
    def shared_options(cls, config: IngestConfig, services: ProcessorServices) -> dict[str, Any]:
        """The options that all these processors have, as arguments."""
        batch_size = config.integer("batch_size", 1)
        if batch_size < 1:
            raise config.fault("batch size must be a positive integer", "batch_size")
        model_id = config.string("model_id")
        field_map = config.map("field_map")
        # `Differs:` accepted, and texts are read anew: the stored document is not looked at.
        config.boolean("skip_existing")
        if not model_id.strip():
            raise IllegalArgumentException("model_id is null or empty, cannot process it")
        if not field_map or not _valid(field_map):
            raise IllegalArgumentException("Unable to create the processor as field_map has invalid key or value")
        return {
            "predictor": services.predictor,
            "model_id": model_id,
            "field_map": expand(field_map),
            "batch_size": batch_size,
        }

    @abstractmethod
    async def infer(self, texts: Sequence[str]) -> Sequence[Any]:
        """One answer per text. Raises what the model raises."""

    async def run(self, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        outcomes: list[Exception | None] = [None] * len(documents)
        jobs: dict[int, list[_Job]] = {}
        for position, document in enumerate(documents):
            try:
                source = expand(document.source())
                _validate_map("", source, self.field_map, 0)
            except OpenSearchException as error:
                outcomes[position] = error
                continue
            document.fields = {**source, **{k: v for k, v in document.fields.items() if k in METADATA}}
            found = list(_collect(document.fields, self.field_map))
            if found:
                jobs[position] = found
        if not jobs:
            return outcomes
        remote = await self.predictor.is_remote(self.model_id)
        size = self.batch_size if remote else len(jobs)
        places = list(jobs)
        batches = [places[start : start + size] for start in range(0, len(places), size)]
        limit = asyncio.Semaphore(_PARALLEL)

        async def read(batch: list[int]) -> None:
            async with limit:
                error = await self._read([job for position in batch for job in jobs[position]])
            for position in batch:
                outcomes[position] = error

        async with asyncio.TaskGroup() as tasks:
            for batch in batches:
                tasks.create_task(read(batch))
        return outcomes

    async def _read(self, jobs: Sequence[_Job]) -> OpenSearchException | None:
        texts = [text for job in jobs for text in job.texts]
        try:
            answers = await self.infer(texts)
        except OpenSearchException as error:
            return error
        if len(answers) != len(texts):
            return IllegalArgumentException(f"The model gave {len(answers)} answers for {len(texts)} texts")
        at = 0
        for job in jobs:
            job.write(answers[at : at + len(job.texts)], self.list_key)
            at += len(job.texts)
        return None


def _valid(field_map: JsonObject) -> bool:
    for key, target in field_map.items():
        if not key.strip() or target is None or isinstance(target, (list, bool)):
            return False
        if isinstance(target, dict) and not (target and _valid(target)):
            return False
        if isinstance(target, str) and not target.strip():
            return False
    return True


def expand(tree: Any) -> Any:
    """A copy in which keys with dots have become objects: `{"a.b": 1}` → `{"a": {"b": 1}}`."""
    if isinstance(tree, list):
        return [expand(member) for member in tree]
    if not isinstance(tree, dict):
        return tree
    grown: JsonObject = {}
    for key, value in tree.items():
        parts = key.split(".") if "." in key.strip(".") else [key]
        node = grown
        for part in parts[:-1]:
            below = node.get(part)
            if not isinstance(below, dict):
                below = node[part] = {}
            node = below
        leaf, value = parts[-1], expand(value)
        present = node.get(leaf)
        node[leaf] = {**present, **value} if isinstance(present, dict) and isinstance(value, dict) else value
    return grown


def _validate_map(name: str, value: JsonObject, targets: Any, depth: int) -> None:
    _check_depth(name, depth)
    if not isinstance(targets, dict):
        raise IllegalArgumentException(
            f"[{name}] configuration doesn't match actual value type, configuration type is: {java_type(targets)}, "
            f"actual value type is: {java_type(value)}"
        )
    for key, below in targets.items():
        inner = value.get(key)
        if isinstance(inner, list):
            _validate_list(key, inner, below, depth + 1)
        elif isinstance(inner, dict):
            _validate_map(key, inner, below, depth + 1)
        elif inner is not None and not isinstance(inner, str):
            raise IllegalArgumentException(
                f"map type field [{key}] is neither string nor nested type, cannot process it"
            )


def _validate_list(name: str, members: list[Any], targets: Any, depth: int) -> None:
    _check_depth(name, depth)
    for member in members:
        if member is None:
            raise IllegalArgumentException(f"list type field [{name}] has null, cannot process it")
        if isinstance(member, list):
            raise IllegalArgumentException(f"list type field [{name}] is nested list type, cannot process it")
        if isinstance(member, dict):
            _validate_map(name, member, targets, depth + 1)
        elif not isinstance(member, str):
            raise IllegalArgumentException(f"list type field [{name}] has non string value, cannot process it")


def _check_depth(name: str, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise IllegalArgumentException(f"map type field [{name}] reaches max depth limit, cannot process it")


def _collect(node: JsonObject, targets: JsonObject) -> Iterator[_Job]:
    for key, target in targets.items():
        value = node.get(key)
        if isinstance(target, dict):
            for member in value if isinstance(value, list) else [value]:
                if isinstance(member, dict):
                    yield from _collect(member, target)
        elif isinstance(value, str):
            if value.strip():
                yield _Job(node, str(target), (value,), listed=False)
        elif isinstance(value, list) and value and all(isinstance(member, str) for member in value):
            yield _Job(node, str(target), tuple(value), listed=True)
