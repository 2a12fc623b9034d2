"""pytest fixtures for users' tests: `pytest_plugins = ["ragstone.testing.fixtures"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ragstone.testing.deepseek import SimulatedDeepSeek


@pytest.fixture
def simulated_deepseek() -> Iterator[SimulatedDeepSeek]:
    """Today's DeepSeek, running for one test."""
    with SimulatedDeepSeek() as simulated:
        yield simulated
