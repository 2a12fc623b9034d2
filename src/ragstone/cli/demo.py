"""`ragstone demo`: the tutorial, from an empty folder to an answered question."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ragstone.cli.background import BackgroundServer, ServerFailed
from ragstone.cli.models import models_folder
from ragstone.cli.tutorial import EMBEDDING_MODEL, THINKING_OFF, Chat, Step, steps
from ragstone.cli.walkthrough import DemoFailed, Walkthrough
from ragstone.core import json
from ragstone.core.errors import OpenSearchException

_CURRENT_MODEL = "deepseek-flash"
_READER = "/_plugins/_ragstone/reader/v1/chat/completions"
_FIGURES = {"reader": ("114,000", "0.61", "98,000", "1.59", "Miami grew faster"), "deepseek": ("114", "98", "Miami")}


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the server running, and its data in place.")] = False,
) -> None:
    """Run the tutorial "RAG using the DeepSeek Chat API" on a fresh server, request by request.

    With DEEPSEEK_API_KEY set it asks DeepSeek (model DEEPSEEK_MODEL, by default deepseek-flash); without it, the
    local reader of this server.
    """
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    folder = Path(tempfile.mkdtemp(prefix="ragstone-demo-"))
    server = BackgroundServer(folder)
    kept = failed = False
    try:
        _weights(console)
        with console.status("starting a server"):
            url = server.start()
        console.print(f"[bold]A server runs at {url}[/], its data in {folder}\n")
        _tutorial(console, url, keep)
        kept = keep
    except (DemoFailed, ServerFailed) as error:
        failed = True
        console.print(f"\n[bold red]The demo failed.[/] {escape(str(error))}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("\nstopped")
        raise typer.Exit(130) from None
    finally:
        if kept:
            console.print(
                f"The server goes on as process {server.pid}: `kill {server.pid}` stops it, "
                f"`rm -r {folder}` removes what it leaves."
            )
        else:
            server.stop()
            shutil.rmtree(folder / "data", ignore_errors=True)
            if failed and server.log.exists():
                console.print(f"The server's log is kept in {server.log}")
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _weights(console: Console) -> None:
    from ragstone.providers.embeddings.pull import PullError, is_pulled, pull

    name = EMBEDDING_MODEL.rsplit("/", 1)[-1]
    try:
        models = models_folder(None)
    except OpenSearchException as error:
        raise DemoFailed(str(error.reason)) from None
    if is_pulled(name, models):
        return
    console.print(f"The embedding model {name} is fetched, once:")
    try:
        pull(name, models, say=lambda text: console.print(f"  {escape(text)}"))
    except PullError as error:
        raise DemoFailed(str(error)) from None


def _chat(url: str) -> tuple[str, Chat]:
    """Whom to ask: DeepSeek when there is a key, else this server's reader."""
    key = os.environ.get("DEEPSEEK_API_KEY", "").strip()
    if key:
        model = os.environ.get("DEEPSEEK_MODEL", "").strip() or _CURRENT_MODEL
        return "deepseek", Chat(key, model=model, request_body=THINKING_OFF)
    trusted = "^" + url.replace(".", r"\.") + "/.*$"
    return "reader", Chat("none-needed", url=url + _READER, trusted=trusted, private=True)


def _tutorial(console: Console, url: str, keep: bool) -> None:
    whom, chat = _chat(url)
    if whom == "deepseek":
        console.print(f"DEEPSEEK_API_KEY is set: the question goes to DeepSeek's [bold]{escape(chat.model)}[/].\n")
    else:
        console.print(
            "DEEPSEEK_API_KEY is not set: the question goes to [bold]ragstone-reader[/], which quotes the documents\n"
            "and computes from their figures. Two lines differ from the tutorial's and are marked with [yellow]≠[/]:\n"
            "the connector's url, and the settings that trust it.\n"
        )
    walk = Walkthrough(console, url, secrets=[chat.api_key])
    for step in steps(chat):
        reply = walk.step(step, _different(step, whom))
    walk.result(reply, _FIGURES[whom])
    _onwards(console, url, keep, walk.kept("embedding_model_id"), chat.model)


def _different(step: Step, whom: str) -> str | None:
    """The member of a step's body that is not the tutorial's."""
    if whom == "deepseek":
        return None
    if step.path == "/_cluster/settings" and "trusted_connector_endpoints_regex" in str(step.body):
        return "persistent"
    return "url" if step.path.endswith("/connectors/_create") else None


# ── how to go on ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _command() -> str:
    """How this program is called from here: `ragstone`, or by its path when it is not in PATH."""
    if shutil.which("ragstone"):
        return "ragstone"
    return os.path.relpath(Path(sys.executable).with_name("ragstone"))


def _onwards(console: Console, url: str, keep: bool, embedding_model: str, chat_model: str) -> None:
    if not keep:
        console.print("[bold]How to go on[/]")
        console.print(f"   {_command()} demo --keep    the same, and the server goes on")
        console.print(f"   {_command()} serve          a server of your own, on port 9200")
        return
    neural = {"query_text": "Chicago", "model_id": embedding_model, "k": 3}
    question = {"llm_model": chat_model, "llm_question": "What was the population of Chicago in 2021?"}
    body = {
        "query": {"neural": {"passage_embedding": neural}},
        "_source": ["text"],
        "ext": {"generative_qa_parameters": question},
    }
    target = f"{url}/my-nlp-index/_search?search_pipeline=my-conversation-search-pipeline-deepseek-chat&pretty"
    console.print("[bold]Ask something else[/]")
    console.print(
        f"   curl -s -H 'Content-Type: application/json' '{target}' -d '{escape(json.encode(body).decode())}'"
    )
