"""`ragstone serve`: the server.

Its options are read by argparse: typer takes as long to load as everything the server needs.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ragstone.cli.allocator import return_large_blocks
from ragstone.cli.numeric_threads import one_thread_each
from ragstone.core import log
from ragstone.core.errors import OpenSearchException
from ragstone.core.settings import Settings, default_config, load

HELP = "Serve the OpenSearch API until SIGTERM or Ctrl+C."


def serve(arguments: Sequence[str]) -> int:
    """Run the server with command line options; answers the exit code: 0 when it was stopped, 2 when it may not or
    cannot listen or its settings are wrong, 1 when it cannot have its data."""
    one_thread_each()
    with _loading():
        # Here and not above: --help does not need them.
        from ragstone.providers.encryption import MasterKeyError
        from ragstone.rest.server import CannotListen, run

    options = vars(_parser().parse_args(arguments))
    config: Path | None = options.pop("config") or default_config()
    try:
        settings = load(options, os.environ, config)
        log.configure(settings.log_level)
    except OpenSearchException as error:
        return _fail(error.reason, 2)
    try:
        run(lambda: _serve(settings))
    except CannotListen as error:
        return _fail(str(error), 2)
    except OpenSearchException as error:
        return _fail(error.reason, 1)
    except MasterKeyError as error:
        return _fail(str(error), 1)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ragstone serve",
        description=f"{HELP} Settings come from options, from RAGSTONE_... variables and from the settings file, in "
        "this order of strength.",
    )
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one (9200)")
    parser.add_argument("--data", type=Path, help="folder of the data (./data)")
    parser.add_argument("--config", type=Path, help="settings file (./ragstone.yml, if there is one)")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain (PEM); with it, HTTPS only")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key (PEM)")
    parser.add_argument("--log-level", help="debug, info, warning or error (info)")
    cluster = parser.add_argument_group(
        "in front of a cluster", "The password of --cluster-user comes from RAGSTONE_CLUSTER_PASSWORD."
    )
    cluster.add_argument("--engine", choices=["embedded", "opensearch"], help="where indices live (embedded)")
    cluster.add_argument("--cluster", metavar="URL", help="base URL of the cluster, or several with commas")
    cluster.add_argument("--cluster-user", metavar="NAME", help="the gateway's own account")
    cluster.add_argument("--cluster-aws-sigv4", metavar="REGION", help="sign as the AWS identity of the environment")
    cluster.add_argument("--cluster-ca", type=Path, metavar="FILE", help="certificates to trust the cluster by")
    cluster.add_argument("--cluster-auth", choices=["caller", "service"], help="whose rights count (caller)")
    return parser


def _fail(message: str | None, code: int) -> int:
    print(f"ragstone: {message}", file=sys.stderr)
    return code


def _show_password(password: str) -> None:
    print(f"\nThe password of the user admin, shown this once: {password}\n", file=sys.stderr, flush=True)


@contextmanager
def _loading() -> Iterator[None]:
    """Spares the collector modules loaded meanwhile: they stay until the end, and going through their hundred thousand
    objects would take a tenth of the start, and of a busy server's time a quarter."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


async def _serve(settings: Settings) -> None:
    with _loading():
        from ragstone.node import Node
        from ragstone.rest.server import HttpServer, address_of, bind

    # A request makes a thousand objects and hardly a cycle: not worth looking after every 700, Python's own measure.
    gc.set_threshold(50_000)
    return_large_blocks()
    logger = log.get_logger("serve")
    listener = bind(settings)
    address = address_of(listener)

    url = f"{'https' if settings.tls.active else 'http'}://{address}"

    def announce() -> None:
        data = ",".join(settings.cluster) or str(settings.data)
        logger.info(f"listening on {url}", address=address, data=data)
        if sys.stdout.isatty():
            print(f"Ragstone listens on {url} (Ctrl+C stops it)", flush=True)

    # Standard error is the log, unless somebody looks at it.
    shown = _show_password if sys.stderr.isatty() else None
    async with Node(settings, http_address=address, announce_password=shown) as node:
        server = HttpServer(node.app, listener, settings, announce, on_refused=node.connection_refused)
        await server.run_until_stopped()
    logger.info("stopped")
