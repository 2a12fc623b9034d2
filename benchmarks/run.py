"""Every benchmark beside its raw library: `python benchmarks/run.py [NAME...]`.

Each case is a file in `cases/` with a function `run`, and runs in a fresh process; its rows are shown when it ends. The
graphs that several k-NN cases search are built once in a run. Data are made from fixed seeds. Ours and the baseline
take turns, so that a busy machine slows both; what is shown is the median of the turns.

ratio   ours to baseline, above 1 where ours is better (faster, smaller)
spread  how far the ratios of single turns lie apart: (largest - smallest) / median
wanted  what we are out for, and whether it was reached
quality what the numbers are worth, e.g. the recall of ours and of the baseline

Load over HTTP comes from one more process on the same machine, which takes its share of the processors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent))

from benchmarks.measure import SHARED, Row  # noqa: E402  (needs the path above)

_HEADS = ("case", "ours", "baseline", "ratio", "spread", "wanted", "quality", "baseline is")


def case_names() -> list[str]:
    return sorted(path.stem for path in (_HERE / "cases").glob("*.py") if not path.stem.startswith("_"))


def run_in_new_process(name: str, shared: str) -> list[Row] | None:
    """The rows of one case, none where it lacks something. One that fails says so on standard error, and is None."""
    command = [sys.executable, str(Path(__file__).resolve()), "--inside", name]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=False, env={**os.environ, SHARED: shared})
    if result.returncode:
        print(f"case {name} failed", file=sys.stderr)
        return None
    return [Row(**row) for row in json.loads(result.stdout.splitlines()[-1])]


def table(rows: list[Row]) -> str:
    cells = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def orientation(rows: list[Row]) -> str:
    """What a real OpenSearch did; measured once, elsewhere, and no part of this run."""
    known = [f"  {row.case}: {row.opensearch}" for row in rows if row.opensearch]
    head = "For orientation, a real OpenSearch 3.4.0 on 2 cores with 1 GB of heap, over HTTP (not in this run):"
    return "\n".join([head, *known]) if known else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="cases; all of them by default")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        rows = import_module(f"benchmarks.cases.{arguments.inside}").run()
        print(json.dumps([row.to_json() for row in rows]))
        return 0
    known = case_names()
    if arguments.list:
        print("\n".join(known))
        return 0
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(known)}")
    rows, failed = [], False
    with tempfile.TemporaryDirectory(prefix="ragstone-bench-") as shared:
        for name in arguments.names or known:
            began = time.monotonic()
            found = run_in_new_process(name, shared)
            failed |= found is None
            rows += found or []
            shown = [table(found), orientation(found)] if found else []
            print("\n".join([f"{name}, {time.monotonic() - began:.0f} s", *filter(None, shown), ""]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([row.to_json() for row in rows], indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
