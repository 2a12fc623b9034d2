"""The commands that typer reads, and a place for `serve` in their help."""

from __future__ import annotations

from typing import Annotated

import typer

from ragstone._version import __version__
from ragstone.cli import demo, iam, migrate, models, secrets
from ragstone.cli.serve import HELP, serve

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("demo")(demo.demo)
app.command("migrate")(migrate.migrate)
app.add_typer(models.app, name="models")
app.add_typer(iam.app, name="iam")
app.add_typer(secrets.app, name="secrets")


@app.command("serve", help=HELP, add_help_option=False, context_settings={"ignore_unknown_options": True})
def serve_command(arguments: Annotated[list[str] | None, typer.Argument(metavar="[OPTIONS]")] = None) -> None:
    raise typer.Exit(serve(arguments or []))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def ragstone(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """The OpenSearch RAG stack in one Python process."""
