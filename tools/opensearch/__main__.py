"""A real OpenSearch beside this project, for tests and benchmarks: `python tools/opensearch start|stop|url`.

Fetched with mvn, laid out in `.opensearch`, started on the loopback interface. It has the published modules and k-NN
on Lucene; no security, no ML Commons, no neural search. With OPENSEARCH_URL that one is used, and nothing started.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import artifacts
import distribution
import java
import nodes
import running

_FOLDER = Path(os.environ.get("OPENSEARCH_FOLDER") or Path(__file__).resolve().parents[2] / ".opensearch").absolute()


def start(count: int, port: int, heap: str, fresh: bool) -> None:
    given = running.given()
    if given is not None:
        print(f"OPENSEARCH_URL is set: {running.greet(given)}")
        return
    there = running.remembered(_FOLDER)
    if there is not None and any(node.pid() is not None for node in nodes.recorded(_FOLDER)):
        print(f"{running.greet(there)}, running already; `make opensearch-stop` stops it")
        return
    began = time.monotonic()
    machine = java.find()
    os.umask(0o022)  # another user reads it, when root starts it
    if not distribution.is_assembled(_FOLDER, artifacts.PLUGINS):
        print(f"fetching OpenSearch {artifacts.VERSION} with mvn into {_FOLDER} ...", flush=True)
        distribution.assemble(_FOLDER, artifacts.PLUGINS)
    cluster = nodes.cluster_of(_FOLDER, port, count)
    nodes.start(cluster, machine, heap, fresh)
    running.remember(_FOLDER, cluster[0].url)
    print(f"{running.greet(cluster[0].url)}, {count} node(s), after {time.monotonic() - began:.0f} s")


def stop() -> None:
    running.forget(_FOLDER)
    stopped = nodes.stop(nodes.recorded(_FOLDER))
    print(f"stopped {len(stopped)} node(s)" if stopped else "none was running")


def url() -> None:
    """Print where one is, for other programs; nothing, with the reason beside it, when there is none."""
    found = running.given() or running.remembered(_FOLDER)
    if found is None:
        raise SystemExit("no OpenSearch: set OPENSEARCH_URL, or start one with `make opensearch`")
    print(found)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="opensearch", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="fetch it if need be, start it, wait until it answers")
    starting.add_argument("--nodes", type=int, default=1, choices=(1, 3))
    starting.add_argument("--port", type=int, default=9210, help="of the first node; the others follow (default: 9210)")
    starting.add_argument("--heap", default="1g", help="of each node (default: 1g)")
    starting.add_argument("--fresh", action="store_true", help="delete what these nodes stored before")
    commands.add_parser("stop", help="stop all nodes that `start` started")
    commands.add_parser("url", help="print where it is")
    chosen = parser.parse_args(arguments)
    if chosen.command == "start":
        start(chosen.nodes, chosen.port, chosen.heap, chosen.fresh)
    elif chosen.command == "stop":
        stop()
    else:
        url()


if __name__ == "__main__":
    main(sys.argv[1:])
