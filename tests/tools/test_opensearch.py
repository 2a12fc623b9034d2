"""`make opensearch` where nothing is to be fetched: with a server that is there, and with what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "opensearch"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "OPENSEARCH_URL"}
    return subprocess.run(
        [sys.executable, str(TOOL), *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_server_that_is_there_is_used_and_nothing_started(server: str, tmp_path: Path) -> None:
    url = server.replace("//", "//admin:very-secret@")
    done = run("start", OPENSEARCH_URL=url, OPENSEARCH_FOLDER=str(tmp_path / "none"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"OPENSEARCH_URL is set: {server} is opensearch 3.4.0\n"
    assert not (tmp_path / "none").exists()


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    done = run("start", OPENSEARCH_URL="http://admin:very-secret@127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:9 does not answer as an OpenSearch does: ")
    assert "very-secret" not in done.stderr + done.stdout


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    done = run("start", PATH=str(tmp_path), JAVA_HOME="", OPENSEARCH_FOLDER=str(tmp_path / "there"))
    assert done.returncode == 1
    assert "OpenSearch needs Java 21 or newer" in done.stderr or "Maven's command mvn is needed" in done.stderr


def test_without_a_server_its_address_is_an_error_that_says_how_to_get_one(tmp_path: Path) -> None:
    done = run("url", OPENSEARCH_FOLDER=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no OpenSearch: set OPENSEARCH_URL, or start one with `make opensearch`\n"


def test_stopping_when_nothing_runs_is_no_error(tmp_path: Path) -> None:
    done = run("stop", OPENSEARCH_FOLDER=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "none was running\n")


@pytest.mark.parametrize("count", ["2", "0", "many"])
def test_a_cluster_has_one_node_or_three(count: str) -> None:
    done = run("start", "--nodes", count)
    assert done.returncode == 2
    assert "--nodes" in done.stderr
