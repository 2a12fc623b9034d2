"""What pipelines are built with, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import pytest

from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.cluster_settings import StaticClusterSettings
from ragstone.core.errors import OpenSearchException
from ragstone.ml.ports import PredictResult
from ragstone.pipelines.ingest.service import IngestService
from ragstone.pipelines.processor import ProcessorServices
from ragstone.testing.records import MemoryRecords


@dataclass
class FakeModels:
    """Embeds a text as `[its length, its number of words]`, and remembers what was asked for in one call."""

    remote: bool = True
    failing: Mapping[str, OpenSearchException] = field(default_factory=dict)
    """A call with such a text in it fails."""
    calls: list[list[str]] = field(default_factory=list)

    async def embed_sparse(
        self, model_id: str, texts: Sequence[str], *, deadline: Deadline | None = None
    ) -> list[dict[str, float]]:
        """Every word weighs as much as it has letters."""
        return [{word: float(len(word)) for word in text.split()} for text in texts]

    async def is_remote(self, model_id: str) -> bool:
        return self.remote

    async def predict_remote(
        self,
        model_id: str,
        parameters: Mapping[str, Any],
        *,
        literal: bool = False,
        deadline: Deadline | None = None,
    ) -> PredictResult:
        raise AssertionError("nothing here predicts")

    async def embed(
        self,
        model_id: str,
        texts: Sequence[str],
        *,
        content_type: Literal["query", "passage"] = "passage",
        deadline: Deadline | None = None,
    ) -> list[list[float]]:
        self.calls.append(list(texts))
        for text in texts:
            if text in self.failing:
                raise self.failing[text]
        return [[float(len(text)), float(len(text.split()))] for text in texts]


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def records() -> MemoryRecords:
    return MemoryRecords()


@pytest.fixture
def services(models: FakeModels) -> ProcessorServices:
    return ProcessorServices(models, cast(Any, None), StaticClusterSettings({}), SystemClock())


@pytest.fixture
def ingest(records: MemoryRecords, services: ProcessorServices) -> IngestService:
    return IngestService(records, services)
