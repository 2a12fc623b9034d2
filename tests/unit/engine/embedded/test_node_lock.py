from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragstone.core.errors import IllegalStateException
from ragstone.engine.embedded.node_lock import NodeLock


def test_a_second_server_is_told_the_folder_and_the_process(tmp_path: Path) -> None:
    lock = NodeLock.acquire(tmp_path)
    with pytest.raises(IllegalStateException) as caught:
        NodeLock.acquire(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert f"process [{os.getpid()}]" in str(caught.value)
    lock.release()


def test_the_folder_is_free_again_after_release(tmp_path: Path) -> None:
    NodeLock.acquire(tmp_path).release()
    NodeLock.acquire(tmp_path).release()


def test_a_file_left_by_a_killed_server_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / "node.lock").write_text("123456789\n")
    lock = NodeLock.acquire(tmp_path)
    assert (tmp_path / "node.lock").read_text() == f"{os.getpid()}\n"
    lock.release()
