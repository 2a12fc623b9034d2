"""Compare a fresh server with recorded answers of a real OpenSearch: `python tools/oracle.py FOLDER [AREA ...]`.

With `OPENSEARCH_URL`, a gateway in front of that cluster too; what agrees here and not there is listed.

FOLDER holds `oracle.py` (the checker), `first.txt` (the scenarios that must agree) and a folder per area. Without it
there is nothing to compare with, which is said and is no failure.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AREAS = ("rag", "ml", "vectors", "security")
SECURED = "security"
"""The area that was recorded as user admin, password admin, of a server with security on."""
ARRAY_CONTENT = "plugins.ragstone.rag.array_content"


@contextmanager
def fresh_server(*options: str, secured: bool = False, keys: str | None = None) -> Iterator[str]:
    """A server of this checkout on a free port and a new folder; yields its URL. `keys` is the folder of the master
    key, which all gateways of a cluster share."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAGSTONE_")}
    if keys is not None:
        environment["RAGSTONE_KEYS"] = keys
    if secured:
        environment |= {"RAGSTONE_SECURITY_ENABLED": "true", "RAGSTONE_INITIAL_ADMIN_PASSWORD": "admin"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log").open("wb")  # noqa: SIM115 - it outlives this statement
        command = [sys.executable, "-m", "ragstone", "serve", "--port", str(port), "--data", f"{folder}/data"]
        command += options
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(30)
            log.close()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return  # it wants to know who is there
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                raise SystemExit(f"the server ended with {process.returncode}") from None
            time.sleep(0.05)
    raise SystemExit("the server did not answer within 15 s")


def put_setting(url: str, key: str, value: object) -> None:
    body = json.dumps({"persistent": {key: value}}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/_cluster/settings", body, headers, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()


def check(folder: Path, url: str, paths: list[str], *, secured: bool = False) -> dict[str, list[str]]:
    """What differs, in lines, by scenario; nothing for one that agrees."""
    login = ["--auth", "admin:admin"] if secured else []
    command = [sys.executable, str(folder / "oracle.py"), "check", "--url", url, *login, *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if re.search(r"(\d+) passed, (\d+) failed", done.stdout) is None:
        raise SystemExit(f"the checker did not finish:\n{done.stdout}{done.stderr}")
    found: dict[str, list[str]] = {}
    faults: list[str] = []
    for line in done.stdout.splitlines():
        scenario = re.match(r"(passed|FAILED) (\S+?):", line)
        if scenario is not None:
            faults = found.setdefault(scenario[2], [])
            if scenario[1] == "FAILED":
                faults.append(line[:300])
        elif line.startswith(" "):
            faults.append(line[:300])
    return found


def agreed(found: dict[str, list[str]]) -> str:
    return f"{sum(not faults for faults in found.values())} of {len(found)} scenarios agree"


def show(found: dict[str, list[str]]) -> None:
    for faults in found.values():
        for line in faults:
            print(line)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]).resolve()
    if not (folder / "oracle.py").is_file():
        print(f"skipped: no recorded answers in {arguments[0]}")
        return 0
    first = [f"@{folder}/first.txt"]
    with fresh_server() as url:
        found = check(folder, url, first)
    show(found)
    print(f"on the tutorial's road: {agreed(found)}")
    # Differs: a message of nothing but text is sent as one text, since chat models refuse lists of blocks here and
    # there. The record was made by a server that sends lists, and two of its scenarios quote what was sent.
    with fresh_server() as url:
        put_setting(url, ARRAY_CONTENT, True)
        as_lists = check(folder, url, first)
    show(as_lists)
    print(f"with {ARRAY_CONTENT}: {agreed(as_lists)}")
    for area in arguments[1:] or AREAS:
        secured = area == SECURED
        with fresh_server(secured=secured) as url:
            here = check(folder, url, [str(folder / area)], secured=secured)
        if secured:
            show(here)
        print(f"{area}: {agreed(here)}")
        found.update(here)
    cluster = os.environ.get("OPENSEARCH_URL")
    if cluster:
        compare_gateway(folder, cluster, found, list(arguments[1:] or AREAS))
    return int(any(as_lists.values()))


def compare_gateway(folder: Path, cluster: str, here: dict[str, list[str]], areas: list[str]) -> None:
    """What a gateway in front of the cluster answers otherwise than a server with an engine of its own."""
    plain = [area for area in areas if area != SECURED]
    groups = [(plain, "caller"), ([SECURED] if SECURED in areas else [], "service")]
    with tempfile.TemporaryDirectory() as keys:
        for group, rights in groups:
            secured = rights == "service"
            options = ["--engine", "opensearch", "--cluster", cluster, "--cluster-auth", rights]
            with fresh_server(*options, secured=secured, keys=keys) as url:
                for area in group:
                    there = check(folder, url, [str(folder / area)], secured=secured)
                    print(f"{area}, in front of a cluster: {agreed(there)}")
                    show({name: faults for name, faults in there.items() if faults and not here.get(name)})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
