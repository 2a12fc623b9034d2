"""Linear algebra stays in the thread that asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import sys
import ragstone.cli.serve
from ragstone.cli.serve import serve

assert "numpy" not in sys.modules, "its library has looked by now"
assert serve(["--port", "-1"]) == 2  # refused once everything has been loaded
assert "numpy" in sys.modules
import numpy as np

square = np.ones((600, 600), np.float32)
square @ square
print(len(list(__import__("pathlib").Path("/proc/self/task").iterdir())))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_products_make_no_threads() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], stdout=subprocess.PIPE, check=True, text=True, env=environment
    )
    assert int(done.stdout) == 1
