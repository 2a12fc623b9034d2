"""`ragstone secrets`: the local vault, whose secrets connectors name by ARN.

Works on the vault's file itself, whether a server runs on the data folder or not: SQLite's lock keeps the two apart.
A running server sees a change at once, its connectors when a provider refuses the old value, or some minutes later.
Run it as the user that the server runs as.

A value is typed at a prompt or comes in on standard input, never as an argument: those are seen by everybody on the
machine, and kept by shells.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ragstone.core import json, log
from ragstone.core.clock import SystemClock, iso_instant
from ragstone.core.errors import OpenSearchException
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import default_config, load

if TYPE_CHECKING:
    from ragstone.providers.secrets.keystore import Keystore

app = typer.Typer(no_args_is_help=True, help="Secrets that connectors name by ARN, in a vault of this machine.")

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder. [default: ./data]")]
Name = Annotated[str, typer.Argument(help="Name or ARN.")]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="The value is that of this key of the secret, a JSON object."),
]


@app.command("put")
def put(
    name: Annotated[str, typer.Argument(help="Letters, digits and /_+=.@-")],
    key: Key = None,
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="Not secret.")] = "",
    data: Data = None,
) -> None:
    """Store a new secret, and print its ARN. The value is asked for, or read from standard input.

    `ragstone secrets put my_test_deepseek_secret --key my_deepseek_key` makes the secret of the tutorial's step 1.
    """
    with _vault(data) as vault:
        value = _value()
        made = vault.create(name, _object({}, key, value) if key else value, description=description)
        typer.echo(made.arn)


@app.command("rotate")
def rotate(name: Name, key: Key = None, data: Data = None) -> None:
    """Give a secret a new value; the old one stays its previous version. Other keys than --key keep theirs."""
    with _vault(data) as vault:
        vault.describe(name)  # before anybody types
        value = _value()
        if key:
            members = _members(vault.get(name).text)
            if members is None:
                _fail(f"the secret [{name}] is no JSON object, so it has no keys")
            value = _object(members, key, value)
        typer.echo(vault.put(name, value).arn)


@app.command("list")
def list_secrets(data: Data = None) -> None:
    """Show names, ARNs and dates; never a value."""
    with _vault(data) as vault:
        for secret in vault.list_secrets(with_deleted=True):
            state = f"gone on {iso_instant(secret.gone)[:10]}" if secret.gone is not None else ""
            typer.echo(f"{secret.name:<40} {iso_instant(secret.changed)[:19]}Z  {secret.arn}  {state}".rstrip())


@app.command("delete")
def delete(
    name: Name,
    now: Annotated[bool, typer.Option("--now", help="At once and for good, instead of in 30 days.")] = False,
    data: Data = None,
) -> None:
    """Mark a secret for deletion. Nothing can read it any more; `restore` takes it back."""
    with _vault(data) as vault:
        found = vault.delete(name, recovery_days=None) if now else vault.delete(name)
        typer.echo(f"{found.arn} {'is gone' if now else f'will be gone on {iso_instant(found.gone or 0)[:10]}'}")


@app.command("restore")
def restore(name: Name, data: Data = None) -> None:
    """Take back a secret that is marked for deletion."""
    with _vault(data) as vault:
        typer.echo(vault.restore(name).arn)


@contextmanager
def _vault(data: Path | None) -> Iterator[Keystore]:
    """The vault of a data folder; what goes wrong with it ends the command."""
    from ragstone.providers.api import SecretError
    from ragstone.providers.encryption import MasterKeyEncryptor, MasterKeyError
    from ragstone.providers.secrets.keystore import Keystore

    try:
        settings = load({"data": data}, os.environ, default_config())
        log.configure("error")
    except OpenSearchException as error:
        _fail(str(error.reason), 2)
    try:
        yield Keystore(settings.data, MasterKeyEncryptor(settings.keys_folder), SystemClock(), IdGenerator())
    except SecretError as error:
        _fail(error.message)
    except (MasterKeyError, OSError) as error:
        _fail(str(error))


def _value() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=True, confirmation_prompt=True))
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        _fail("the value on standard input is no text in UTF-8")
    return text.removesuffix("\n").removesuffix("\r")


def _members(text: str | None) -> dict[str, object] | None:
    try:
        value = json.decode(text or "")
    except OpenSearchException:
        return None
    return value if isinstance(value, dict) else None


def _object(members: dict[str, object], key: str, value: str) -> str:
    return json.encode({**members, key: value}).decode()


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(f"ragstone: {message}", err=True)
    raise typer.Exit(code)
