"""The nodes of a cluster on the loopback interface: started, waited for, stopped."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from java import Java

_PATIENCE = 180.0
"""Seconds from a start until all nodes have found each other. Six to thirty are usual."""

_TRANSPORT = 100
"""A node's transport port is its HTTP port and this."""

_JVM = [
    # What the distribution's own jvm.options say, as far as it bears on behaviour or speed.
    "-XX:+UseG1GC",
    "-XX:G1ReservePercent=25",
    "-XX:InitiatingHeapOccupancyPercent=30",
    "-XX:+AlwaysPreTouch",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xss1m",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djava.locale.providers=CLDR",
    "-Djna.nosys=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j2.formatMsgNoLookups=true",
    "-Dopensearch.distribution.type=tar",
    "-Dopensearch.bundled_jdk=false",
    "-Xlog:disable",
    "-Xlog:all=warning:stderr",
]

_JVM_SINCE = {23: "--sun-misc-unsafe-memory-access=allow", 25: "-XX:+UseCompactObjectHeaders"}


@dataclass(frozen=True)
class Node:
    """One node of a cluster of the server in `home`."""

    home: Path
    cluster: str
    port: int

    @property
    def name(self) -> str:
        return f"node-{self.port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.home / "run" / self.cluster / str(self.port)

    @property
    def console(self) -> Path:
        return self.folder / "logs" / "console.log"

    def pid(self) -> int | None:
        """Of its process, if it is there and really this server's: process ids are used again."""
        try:
            pid = int((self.folder / "pid").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        shown = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return pid if f"-Dopensearch.path.home={self.home} " in shown.stdout else None

    def last_words(self) -> str:
        """The end of what it wrote, without the frames of stack traces."""
        lines = self.console.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([line for line in lines if not line.startswith("\tat ")][-20:])


def cluster_of(home: Path, port: int, count: int) -> list[Node]:
    """`count` nodes from `port` on. A cluster of another size is another one, with data of its own: a node remembers
    how many it was among, and does not work alone afterwards."""
    return [Node(home, f"{port}x{count}", port + number) for number in range(count)]


def recorded(home: Path) -> list[Node]:
    """All that were started in `home` and not stopped."""
    pids = sorted((home / "run").glob("*/*/pid"))
    return [Node(home, pid.parent.parent.name, int(pid.parent.name)) for pid in pids]


def start(nodes: Sequence[Node], java: Java, heap: str, fresh: bool) -> None:
    """Start the cluster of `nodes` and wait until each answers and knows the others. Raises SystemExit."""
    home = nodes[0].home
    if any(node.pid() is not None for node in recorded(home)):
        raise SystemExit(f"the server in {home} is running; `make opensearch-stop` stops it")
    account = _account(home)
    _check_ports([port for node in nodes for port in (node.port, node.port + _TRANSPORT)])
    for node in nodes:
        _prepare(node, fresh, account)
        _launch(node, nodes, java, heap, account)
    try:
        _wait(nodes)
    except BaseException:
        stop(nodes)
        raise


def stop(nodes: Sequence[Node]) -> list[int]:
    """Ask each to end, and end it if it does not; the process ids of those that ran."""
    pids = [pid for node in nodes if (pid := node.pid()) is not None]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 30
    while any(node.pid() is not None for node in nodes) and time.monotonic() < end:
        time.sleep(0.1)
    for node in nodes:
        pid = node.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        (node.folder / "pid").unlink(missing_ok=True)
    return pids


def _account(home: Path) -> pwd.struct_passwd | None:
    """Whom the nodes run as; None is whoever asks. OpenSearch refuses to be root."""
    if os.geteuid() != 0:
        return None
    name = os.environ.get("OPENSEARCH_USER", "nobody")
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise SystemExit(f"OpenSearch does not run as root, and there is no user {name}; set OPENSEARCH_USER") from None
    for folder in (home, *home.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            raise SystemExit(
                f"OpenSearch does not run as root but as {name}, who may not enter {folder}. Set OPENSEARCH_FOLDER to a"
                " folder that everybody may enter."
            )
    return account


def _check_ports(ports: Sequence[int]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise SystemExit(
                    f"port {port} cannot be had ({error.strerror}); choose others with PORT: each node needs its"
                    f" own and the one {_TRANSPORT} above it"
                ) from None


def _prepare(node: Node, fresh: bool, account: pwd.struct_passwd | None) -> None:
    if fresh:
        shutil.rmtree(node.folder, ignore_errors=True)
    for name in ("config", "tmp"):
        shutil.rmtree(node.folder / name, ignore_errors=True)
    for name in ("data", "logs", "tmp", "snapshots"):
        (node.folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copytree(node.home / "config", node.folder / "config")
    if account is not None:
        for path in (node.folder, *node.folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)


def _launch(node: Node, nodes: Sequence[Node], java: Java, heap: str, account: pwd.struct_passwd | None) -> None:
    settings = {
        "cluster.name": f"opensearch-{node.cluster}",
        "node.name": node.name,
        "http.port": node.port,
        "transport.port": node.port + _TRANSPORT,
        "path.data": node.folder / "data",
        "path.logs": node.folder / "logs",
        "path.repo": nodes[0].folder / "snapshots",
    }
    if len(nodes) == 1:
        settings["discovery.type"] = "single-node"
    else:
        settings["discovery.seed_hosts"] = ",".join(f"127.0.0.1:{other.port + _TRANSPORT}" for other in nodes)
        settings["cluster.initial_cluster_manager_nodes"] = ",".join(other.name for other in nodes)
    command = [
        str(java.command),
        f"-Xms{heap}",
        f"-Xmx{heap}",
        *_JVM,
        *(option for version, option in _JVM_SINCE.items() if java.version >= version),
        f"-Djava.io.tmpdir={node.folder / 'tmp'}",
        f"-XX:ErrorFile={node.folder / 'logs' / 'jvm-error-%p.log'}",
        f"-Dopensearch.path.home={node.home}",
        f"-Dopensearch.path.conf={node.folder / 'config'}",
        "-cp",
        f"{node.home / 'lib'}/*",
        "org.opensearch.bootstrap.OpenSearch",
        *(f"-E{key}={value}" for key, value in settings.items()),
    ]
    with node.console.open("wb") as console:
        process = subprocess.Popen(
            command,
            cwd=node.home,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    (node.folder / "pid").write_text(str(process.pid), encoding="utf-8")


def _wait(nodes: Sequence[Node]) -> None:
    end = time.monotonic() + _PATIENCE
    for node in nodes:
        while not _has_found(node, len(nodes)):
            ended = next((one for one in nodes if one.pid() is None), None)
            if ended is not None:
                raise SystemExit(f"{ended.name} ended while it started; {ended.console} says:\n{ended.last_words()}")
            if time.monotonic() > end:
                raise SystemExit(
                    f"{node.name} did not answer in {_PATIENCE:.0f} s; {node.console} says:\n{node.last_words()}"
                )
            time.sleep(0.2)


def _has_found(node: Node, others: int) -> bool:
    try:
        with urllib.request.urlopen(f"{node.url}/_cluster/health?local=true", timeout=5) as reply:
            health = json.load(reply)
    except (OSError, urllib.error.URLError, ValueError):
        return False
    return bool(health["number_of_nodes"] == others)
