"""The command, with a second data folder in the cluster's place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ragstone.cli import migrate
from ragstone.cli.commands import app
from ragstone.cli.migration_output import Lines
from ragstone.core import json, log
from ragstone.core.clock import SystemClock
from ragstone.core.errors import NoNodeAvailableException
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.embedded.node_lock import NodeLock
from ragstone.engine.values import WriteOperation
from ragstone.migration.state import STATE_FILE

URL = "https://cluster.example:9200"


class StandIn(EmbeddedEngine):
    """Not a cluster; so it has no API of one."""

    api = None


@asynccontextmanager
async def engine_on(folder: Path) -> AsyncIterator[StandIn]:
    pools = ThreadPools()
    engine = StandIn(folder, pools=pools, clock=SystemClock(), ids=IdGenerator())
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()
        pools.close()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the command asked for a cluster with."""
    asked: list[Settings] = []

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[StandIn]:
        asked.append(settings)
        async with engine_on(tmp_path / "cluster") as engine:
            yield engine

    monkeypatch.setattr(migrate, "opened_cluster", opened)
    monkeypatch.setattr(log, "configure", lambda level: None)  # it would outlive the test
    monkeypatch.chdir(tmp_path)
    return asked


def fill(folder: Path, count: int = 5) -> None:
    asyncio.run(_fill(folder, count))


async def _fill(folder: Path, count: int) -> None:
    async with engine_on(folder) as engine:
        await engine.create_index("books", {}, {"properties": {"title": {"type": "text"}}}, {})
        operations = [WriteOperation("index", str(n), json.encode({"title": f"volume {n}"})) for n in range(count)]
        await engine.bulk("books", operations)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["migrate", *arguments], env=environment)


def test_there_and_back_again(tmp_path: Path, cluster: list[Settings]) -> None:
    fill(tmp_path / "data")
    there = run("--to", URL)
    assert there.exit_code == 0, there.output
    assert "index books: 5 documents, equal, digest " in there.stdout
    assert there.stdout.splitlines()[-1] == "all moved"
    assert "5 documents to move" in there.stderr
    back = run("--from", URL, "--data", "other")
    assert back.exit_code == 0, back.output

    def digest(result: Result) -> str:
        return next(line.partition("digest ")[2] for line in result.stdout.splitlines() if "digest" in line)

    assert digest(there) == digest(back)


def test_the_report_as_json(tmp_path: Path, cluster: list[Settings]) -> None:
    fill(tmp_path / "data")
    report: Any = json.decode(run("--to", URL, "--json").stdout)
    assert (report["complete"], report["resumed"], report["documents_moved"]) == (True, False, 5)
    [index] = report["indices"]
    assert index["source"] == index["target"]
    assert index["queries"]["match"]["overlap"] == 1.0
    assert "knn" in index["queries"]


def test_what_could_not_be_moved_is_the_exit_code(tmp_path: Path, cluster: list[Settings]) -> None:
    fill(tmp_path / "data")
    fill(tmp_path / "cluster", 1)
    result = run("--to", URL)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-2:] == [
        "1 problems:",
        "  index [books]: index [books] exists at the target, and was not begun by this migration",
    ]
    assert json.decode(run("--to", URL, "--json").stdout)["complete"] is False


def test_a_dry_run_into_a_folder_that_is_not_there_makes_none(tmp_path: Path, cluster: list[Settings]) -> None:
    fill(tmp_path / "cluster")
    result = run("--from", URL, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "index books: 5 documents" in result.stdout
    assert result.stdout.splitlines()[-1] == "nothing stands against it"
    assert not (tmp_path / "data").exists()
    assert json.decode(run("--from", URL, "--dry-run", "--json").stdout)["dry_run"] is True


def test_data_that_are_in_use_are_left_alone(tmp_path: Path, cluster: list[Settings]) -> None:
    fill(tmp_path / "data")
    lock = NodeLock.acquire(tmp_path / "data")
    result = run("--to", URL)
    lock.release()
    assert result.exit_code == 1
    assert "failed to obtain the lock of data folder" in result.stderr
    assert "Traceback" not in result.output


def test_a_folder_without_data_is_told(tmp_path: Path, cluster: list[Settings]) -> None:
    result = run("--to", URL)
    assert (result.exit_code, "there is no data in [data]" in result.stderr) == (1, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", [(), ("--to", URL, "--from", URL), ("--to", "nowhere")])
def test_wrong_arguments_are_told_in_plain_words(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("ragstone: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cluster-ca", "missing.pem"), "cannot read certificates from [missing.pem]: No such file or directory"),
        ((), "the cluster can not be used: the cluster does not answer: no connection"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.setattr(log, "configure", lambda level: None)
    monkeypatch.chdir(tmp_path)
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        result = run("--to", f"https://127.0.0.1:{taken.getsockname()[1]}", *arguments)
    assert result.exit_code == 1
    assert result.stderr == f"ragstone: {message}\n"
    assert list(tmp_path.iterdir()) == []


def test_the_account_comes_from_the_command_line_and_its_password_from_the_environment(
    tmp_path: Path, cluster: list[Settings]
) -> None:
    fill(tmp_path / "data")
    result = run(
        "--to", URL, "--cluster-user", "mover", "--cluster-ca", "ca.pem", RAGSTONE_CLUSTER_PASSWORD="not-to-be-shown"
    )
    [settings] = cluster
    assert (settings.cluster, settings.cluster_user, settings.cluster_auth) == ((URL,), "mover", "service")
    assert (settings.cluster_password, settings.cluster_ca) == ("not-to-be-shown", Path("ca.pem"))
    assert "not-to-be-shown" not in result.output


def test_a_cluster_that_goes_away_is_told_with_what_to_do(
    tmp_path: Path, cluster: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(self: StandIn, *arguments: Any, **options: Any) -> Any:
        raise NoNodeAvailableException("the cluster does not answer: no connection")

    fill(tmp_path / "data")
    with monkeypatch.context() as away:
        away.setattr(StandIn, "bulk", gone)
        away.setattr("ragstone.migration.writing._FIRST_WAIT", 0.0)
        result = run("--to", URL)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "ragstone: the cluster does not answer: no connection; started again, it goes on where it was"
    )
    assert (tmp_path / "data" / STATE_FILE).exists()
    again = run("--to", URL)
    assert again.exit_code == 0, again.output
    assert "going on: 0 of 1 indices and 0 documents were moved before" in again.stderr
    assert "an unfinished migration was gone on with" in again.stdout


def test_lines_tell_rate_and_time_left_now_and_then() -> None:
    lines: list[str] = []
    now = [0.0]
    shown = Lines(lines.append, lambda: now[0])
    shown.planned(1000, 200)
    for _ in range(12):
        now[0] += 1.0
        shown.moved(50, 1)
    assert lines == [
        "1000 documents to move, 200 of them moved before",
        "450 of 1000 documents, 50/s, 11 s left",
        "700 of 1000 documents, 50/s, 6 s left",
    ]
