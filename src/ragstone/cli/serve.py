"""`ragstone serve`: the server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ragstone.core.errors import OpenSearchException
from ragstone.core.settings import Settings, load

_DEFAULT_CONFIG = Path("ragstone.yml")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [default: 9200]")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the data. [default: ./data]")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file. [default: ./ragstone.yml, if there is one]")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error. [default: info]")] = None,
) -> None:
    """Serve the OpenSearch API until SIGTERM or Ctrl+C.

    Settings come from options, from RAGSTONE_... variables and from the settings file, in this order of strength.
    """
    # Here and not above: other commands, and --help, do not need a server.
    from ragstone.core import log
    from ragstone.rest.server import CannotListen, run

    if config is None and _DEFAULT_CONFIG.is_file():
        config = _DEFAULT_CONFIG
    arguments = {"host": host, "port": port, "data": data, "log_level": log_level}
    try:
        settings = load(arguments, os.environ, config)
        log.configure(settings.log_level)
    except OpenSearchException as error:
        _fail(error.reason or "bad settings")
    try:
        run(lambda: _serve(settings))
    except CannotListen as error:
        _fail(str(error))
    except OpenSearchException as error:
        _fail(error.reason or error.type_name(), code=1)


def _fail(message: str, code: int = 2) -> None:
    typer.echo(f"ragstone: {message}", err=True)
    raise typer.Exit(code)


async def _serve(settings: Settings) -> None:
    from ragstone.core import log
    from ragstone.node import Node
    from ragstone.rest.server import HttpServer, address_of, bind

    logger = log.get_logger("serve")
    listener = bind(settings)
    address = address_of(listener)

    def announce() -> None:
        logger.info(f"listening on http://{address}", address=address, data=str(settings.data))
        if sys.stdout.isatty():
            typer.echo(f"Ragstone listens on http://{address} (Ctrl+C stops it)")

    async with Node(settings, http_address=address) as node:
        await HttpServer(node.app, listener, settings, announce).run_until_stopped()
    logger.info("stopped")
