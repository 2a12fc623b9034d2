"""Compare a fresh server with recorded answers of a real OpenSearch: `python tools/oracle.py FOLDER [AREA ...]`.

FOLDER holds `oracle.py` (the checker), `first.txt` (the scenarios that must agree) and a folder per area. Without it
there is nothing to compare with, which is said and is no failure.
"""

from __future__ import annotations

import json
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

AREAS = ("rag", "ml", "vectors")
ARRAY_CONTENT = "plugins.ragstone.rag.array_content"


@contextmanager
def fresh_server() -> Iterator[str]:
    """A server of this checkout on a free port and a new folder; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log").open("wb")  # noqa: SIM115 - it outlives this statement
        command = [sys.executable, "-m", "ragstone", "serve", "--port", str(port), "--data", f"{folder}/data"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
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


def check(folder: Path, url: str, paths: list[str]) -> tuple[int, int, list[str]]:
    """(passed, failed, lines of what failed)."""
    command = [sys.executable, str(folder / "oracle.py"), "check", "--url", url, *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    summary = re.search(r"(\d+) passed, (\d+) failed", done.stdout)
    if summary is None:
        raise SystemExit(f"the checker did not finish:\n{done.stdout}{done.stderr}")
    lines, failing = [], False
    for line in done.stdout.splitlines():
        failing = line.startswith("FAILED") or (failing and line.startswith(" "))
        if failing:
            lines.append(line[:300])
    return int(summary[1]), int(summary[2]), lines


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]).resolve()
    if not (folder / "oracle.py").is_file():
        print(f"skipped: no recorded answers in {arguments[0]}")
        return 0
    with fresh_server() as url:
        passed, failed, lines = check(folder, url, [f"@{folder}/first.txt"])
    print(*lines, sep="\n")
    print(f"on the tutorial's road: {passed} of {passed + failed} scenarios agree")
    # Differs: a message of nothing but text is sent as one text, since chat models refuse lists of blocks here and
    # there. The record was made by a server that sends lists, and two of its scenarios quote what was sent.
    with fresh_server() as url:
        put_setting(url, ARRAY_CONTENT, True)
        passed, failed, lines = check(folder, url, [f"@{folder}/first.txt"])
    print(*lines, sep="\n")
    print(f"with {ARRAY_CONTENT}: {passed} of {passed + failed} scenarios agree")
    for area in arguments[1:] or AREAS:
        with fresh_server() as url:
            more, less, _ = check(folder, url, [str(folder / area)])
        print(f"{area}: {more} of {more + less} scenarios agree")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
