"""The engine contract as tests: inherit `EngineContract`, say how to open your engine, and pytest tries its promises.

    class TestMyEngine(EngineContract):
        @pytest.fixture
        def open_engine(self, tmp_path):
            @asynccontextmanager
            async def opened():
                engine = MyEngine(tmp_path)
                await engine.start()
                yield engine
                await engine.close()
            return opened

Needs pytest with pytest-asyncio in its `auto` mode. Every test's name is a guarantee of `engine/api.py`. Tests use the
indices `books`, `a` and `b`, and need an engine where these, and all records, are missing at their start.
"""

from __future__ import annotations

import pytest

_GROUPS = ("documents", "maintenance", "metadata", "records", "search", "views")
# Before they are imported, so that a failed assertion says what it saw.
pytest.register_assert_rewrite(*(f"{__name__}.{group}" for group in _GROUPS))

from ragstone.testing.engine_contract.documents import DocumentContract  # noqa: E402
from ragstone.testing.engine_contract.maintenance import MaintenanceContract  # noqa: E402
from ragstone.testing.engine_contract.metadata import MetadataContract  # noqa: E402
from ragstone.testing.engine_contract.records import RecordContract  # noqa: E402
from ragstone.testing.engine_contract.search import SearchContract  # noqa: E402
from ragstone.testing.engine_contract.views import ViewContract  # noqa: E402
from ragstone.testing.engine_contract.words import OpenEngine  # noqa: E402


class EngineContract(
    MetadataContract, RecordContract, DocumentContract, SearchContract, ViewContract, MaintenanceContract
):
    """All groups. Define the fixture `open_engine`."""


__all__ = ["EngineContract", "OpenEngine"]
