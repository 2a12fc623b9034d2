"""`ragstone migrate`: everything from a data folder to a cluster, or back."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ragstone.cli.migration_output import progress_shown, report_lines
from ragstone.core import json, log
from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.settings import Settings, default_config, load

if TYPE_CHECKING:
    from ragstone.core.threadpool import ThreadPools
    from ragstone.engine.embedded.engine import EmbeddedEngine
    from ragstone.engine.opensearch.engine import OpenSearchEngine
    from ragstone.migration.report import Report
    from ragstone.migration.sides import Progress
    from ragstone.migration.state import Direction
    from ragstone.providers.encryption import MasterKeyEncryptor

_STATE_OF_DATA = "cluster.sqlite"


@dataclass(frozen=True)
class _Wanted:
    """What the command line asks for."""

    direction: Direction
    url: str
    settings: Settings
    """Of the local side, with the cluster's address and account."""
    keys: Path
    """Of the gateway's master key."""
    dry_run: bool


def migrate(
    to: Annotated[str | None, typer.Option("--to", metavar="URL", help="Move into this cluster.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="URL", help="Move out of this cluster.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder of this machine. [default: ./data]")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="DIR",
            help="Keys folder of the gateway in front of the cluster. [default: the data folder's own]",
        ),
    ] = None,
    cluster_user: Annotated[
        str | None,
        typer.Option("--cluster-user", metavar="NAME", help="The password comes from RAGSTONE_CLUSTER_PASSWORD."),
    ] = None,
    cluster_ca: Annotated[
        Path | None, typer.Option("--cluster-ca", metavar="FILE", help="Certificates to trust the cluster by.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would differ; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Move indices, pipelines, connectors, models and memories between a data folder and a cluster.

    The source stays as it is. Stopped or killed, the same command goes on where it was. In the end both sides are
    counted and asked the same questions. Exit code 1: something could not be moved, and the report says what.
    """
    if (to is None) == (from_ is None):
        _fail("give either --to URL or --from URL", 2)
    given = {
        "data": data, "engine": "opensearch", "cluster": to or from_, "cluster_user": cluster_user,
        "cluster_ca": cluster_ca, "cluster_auth": "service",
    }  # fmt: skip
    try:
        settings = load(given, os.environ, default_config())
    except OpenSearchException as error:
        _fail(error.reason, 2)
    log.configure("error")
    wanted = _Wanted("to" if to else "from", (to or from_ or ""), settings, keys or settings.keys_folder, dry_run)
    again = "" if dry_run else "; started again, it goes on where it was"
    try:
        with progress_shown() as progress:
            report = asyncio.run(_migrate(wanted, progress))
    except OpenSearchException as error:
        _fail(f"{error.reason}{again if error.status in (502, 503, 504) else ''}", 1)
    except KeyboardInterrupt:
        _fail(f"stopped{again}", 130)
    if as_json:
        typer.echo(json.encode(report.to_json(), pretty=True).decode().rstrip())
    else:
        for line in report_lines(report):
            typer.echo(line)
    if report.problems:
        raise typer.Exit(1)


def _fail(message: str | None, code: int) -> NoReturn:
    typer.echo(f"ragstone: {message}", err=True)
    raise typer.Exit(code)


async def _migrate(wanted: _Wanted, progress: Progress) -> Report:
    # Here and not above: `--help` and the other commands do not need them.
    from ragstone.core.clock import SystemClock
    from ragstone.core.threadpool import ThreadPools
    from ragstone.migration.rehearsal import on_cluster, on_scratch
    from ragstone.migration.service import Migration
    from ragstone.migration.sides import Side
    from ragstone.migration.state import STATE_FILE, MigrationState
    from ragstone.ml.connectors.vault import Vault
    from ragstone.providers.encryption import MasterKeyEncryptor, MasterKeyError

    settings = wanted.settings
    try:
        ours, theirs = MasterKeyEncryptor(settings.keys_folder), MasterKeyEncryptor(wanted.keys)
    except MasterKeyError as error:
        raise IllegalArgumentException(str(error)) from None
    async with AsyncExitStack() as open:
        pools = ThreadPools()
        open.callback(pools.close)
        cluster = await open.enter_async_context(opened_cluster(settings))
        engine = await open.enter_async_context(_local(wanted, pools))
        local = Side(str(settings.data), engine, Vault(ours, pools))
        remote = Side(wanted.url, cluster, Vault(theirs, pools), api=cluster.api)
        if wanted.direction == "to" and not wanted.dry_run:
            await _agree_on_key(cluster, theirs, wanted)
        peer = (await cluster.metadata()).cluster_uuid
        state = MigrationState.open(settings.data / STATE_FILE, wanted.direction, peer, wanted.url)
        source, target = (local, remote) if wanted.direction == "to" else (remote, local)
        migration = Migration(source, target, state, pools, SystemClock(), progress=progress)
        if not wanted.dry_run:
            return await migration.run()
        if wanted.direction == "to":
            return await migration.plan(on_cluster(cluster.api))
        return await migration.plan(on_scratch(await open.enter_async_context(_scratch(pools))))


async def _agree_on_key(cluster: OpenSearchEngine, encryptor: MasterKeyEncryptor, wanted: _Wanted) -> None:
    """What is sealed for a gateway must be sealed with the key that all gateways of the cluster have.

    Where there is no key yet nothing is sealed either, and the first gateway brings its own.
    """
    from ragstone.gateway.master_key import agree_on_key

    if encryptor.key_id is not None or wanted.keys != wanted.settings.keys_folder:
        await agree_on_key(cluster, encryptor.key_id, encryptor.make_key, str(wanted.keys))


# ── ends: the command line names implementations, as `node` does for a server ───────────────────────────────────────


@asynccontextmanager
async def opened_cluster(settings: Settings) -> AsyncIterator[OpenSearchEngine]:
    """The cluster that the settings name. Raises IllegalStateException when it cannot be used."""
    from ragstone.core.clock import SystemClock
    from ragstone.core.ids import IdGenerator
    from ragstone.node.cluster import cluster_engine

    engine = cluster_engine(settings, SystemClock(), IdGenerator())
    try:
        await engine.start()
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def _local(wanted: _Wanted, pools: ThreadPools) -> AsyncIterator[EmbeddedEngine]:
    folder = wanted.settings.data
    if (folder / _STATE_OF_DATA).exists() or (wanted.direction == "from" and not wanted.dry_run):
        async with _embedded(folder, pools) as engine:
            yield engine
    elif wanted.direction == "to":
        raise IllegalArgumentException(f"there is no data in [{folder}]")
    else:
        async with _scratch(pools) as engine:
            yield engine


@asynccontextmanager
async def _scratch(pools: ThreadPools) -> AsyncIterator[EmbeddedEngine]:
    """An engine on a folder that goes away again."""
    with tempfile.TemporaryDirectory(prefix="ragstone-migrate-") as folder:
        async with _embedded(Path(folder), pools) as engine:
            yield engine


@asynccontextmanager
async def _embedded(folder: Path, pools: ThreadPools) -> AsyncIterator[EmbeddedEngine]:
    from ragstone.core.clock import SystemClock
    from ragstone.core.ids import IdGenerator
    from ragstone.engine.embedded.engine import EmbeddedEngine

    engine = EmbeddedEngine(folder, pools=pools, clock=SystemClock(), ids=IdGenerator())
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()
