"""The command line, one file per command."""

from __future__ import annotations

import sys

from ragstone.cli.serve import serve


def main() -> None:
    """`ragstone serve` reads its own options; every other command is typer's."""
    if sys.argv[1:2] == ["serve"]:
        sys.exit(serve(sys.argv[2:]))
    from ragstone.cli.commands import app

    app()
