from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.engine import OpenSearchEngine
from ragstone.testing.engine_contract import EngineContract, OpenEngine


class TestContract(EngineContract):
    @pytest.fixture
    def open_engine(self, opensearch: str) -> OpenEngine:
        @asynccontextmanager
        async def opened() -> AsyncIterator[OpenSearchEngine]:
            clock = SystemClock()
            engine = OpenSearchEngine(ClusterClient([opensearch], clock), clock=clock, ids=IdGenerator())
            try:
                await engine.start()
                yield engine
            finally:
                await engine.close()

        return opened
