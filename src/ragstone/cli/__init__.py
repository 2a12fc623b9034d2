"""The command line, one file per command."""

from __future__ import annotations

import typer

from ragstone._version import __version__
from ragstone.cli import serve

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("serve")(serve.serve)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def ragstone(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """The OpenSearch RAG stack in one Python process."""


def main() -> None:
    app()
