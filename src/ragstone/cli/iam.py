"""`ragstone iam`: users, access keys and roles of servers that are not AWS. A running server sees changes at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragstone.core import log
from ragstone.core.errors import OpenSearchException
from ragstone.core.settings import Settings, default_config, load

if TYPE_CHECKING:
    from ragstone.providers.identity.administration import Administration

app = typer.Typer(no_args_is_help=True, help="Users, access keys and roles, for signed requests off AWS.")

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the server's data. [default: ./data]")]
Document = Annotated[
    Path, typer.Argument(help="A JSON policy document, as AWS's console takes it; - reads it from the input.")
]
TrustFile = Annotated[Path, typer.Option("--trust", help="Trust policy: who may assume the role.")]
PolicyName = Annotated[str, typer.Option("--name", help="Name of the policy; one of that name is replaced.")]


@contextmanager
def _told() -> Iterator[None]:
    """Errors in plain words."""
    from ragstone.providers.encryption import MasterKeyError
    from ragstone.providers.identity.administration import IdentityError
    from ragstone.providers.identity.iam_policy import MalformedPolicy
    from ragstone.providers.identity.store import IdentityFileError

    try:
        yield
    except OpenSearchException as error:
        _fail(error.reason, 2)
    except MalformedPolicy as error:
        _fail(f"malformed policy document: {error}", 2)
    except (IdentityError, IdentityFileError, MasterKeyError, OSError) as error:
        _fail(str(error), 1)


def _fail(message: str | None, code: int) -> None:
    typer.echo(f"ragstone: {message}", err=True)
    raise typer.Exit(code)


def _settings(data: Path | None) -> Settings:
    return load({"data": data}, os.environ, default_config())


def _administration(data: Path | None) -> Administration:
    from ragstone.core.clock import SystemClock
    from ragstone.core.ids import IdGenerator
    from ragstone.providers.encryption import MasterKeyEncryptor
    from ragstone.providers.identity.administration import Administration
    from ragstone.providers.identity.store import IdentityStore

    settings = _settings(data)
    log.configure("error")
    return Administration(
        IdentityStore(settings.data), MasterKeyEncryptor(settings.keys_folder), SystemClock(), IdGenerator()
    )


def _read(file: Path) -> Any:
    from ragstone.core import json

    return json.decode_strict(typer.get_binary_stream("stdin").read() if str(file) == "-" else file.read_bytes())


@app.command("list")
def list_identities(data: Data = None) -> None:
    """Show the ARNs of this server, its users and roles, and the ids of access keys."""
    from ragstone.core.arns import domain_arn

    with _told():
        directory = _administration(data).directory()
        typer.echo(f"domain  {domain_arn(directory.account, _settings(data).cluster_name)}")
    for user in directory.users.values():
        typer.echo(f"user    {directory.user_arn(user)}")
        for name in user.policies:
            typer.echo(f"        policy {name}")
        for key in user.keys:
            typer.echo(f"        access key {key.id}")
    for role in directory.roles.values():
        typer.echo(f"role    {directory.role_arn(role)}")
        for name in role.policies:
            typer.echo(f"        policy {name}")


@app.command("create-user")
def create_user(name: str, data: Data = None) -> None:
    """Add a user and show its ARN."""
    with _told():
        typer.echo(_administration(data).create_user(name))


@app.command("delete-user")
def delete_user(name: str, data: Data = None) -> None:
    """Remove a user, its keys and policies."""
    with _told():
        _administration(data).delete_user(name)


@app.command("create-access-key")
def create_access_key(user: str, data: Data = None) -> None:
    """Make an access key, and show it as a credentials file has it. Its secret is shown this once."""
    with _told():
        key = _administration(data).create_access_key(user)
        typer.echo(f"AWS_ACCESS_KEY_ID={key.id}\nAWS_SECRET_ACCESS_KEY={key.secret}")


@app.command("delete-access-key")
def delete_access_key(user: str, key: str, data: Data = None) -> None:
    """Remove an access key: what is signed with it is refused from then on."""
    with _told():
        _administration(data).delete_access_key(user, key)


@app.command("put-user-policy")
def put_user_policy(user: str, policy: Document, name: PolicyName = "inline", data: Data = None) -> None:
    """Say what a user may."""
    with _told():
        _administration(data).put_user_policy(user, name, _read(policy))


@app.command("delete-user-policy")
def delete_user_policy(user: str, name: PolicyName = "inline", data: Data = None) -> None:
    """Take a policy from a user."""
    with _told():
        _administration(data).delete_user_policy(user, name)


@app.command("create-role")
def create_role(
    name: str,
    trust: TrustFile,
    policy: Annotated[Path | None, typer.Option("--policy", help="Permissions of the role.")] = None,
    path: Annotated[str, typer.Option("--path", help="Part of the ARN before the name.")] = "/",
    longest_session: Annotated[int, typer.Option("--max-session-duration", help="Seconds.")] = 3600,
    data: Data = None,
) -> None:
    """Add a role and show its ARN."""
    with _told():
        administration = _administration(data)
        permissions = _read(policy) if policy is not None else None
        arn = administration.create_role(name, _read(trust), permissions, path=path, longest_session=longest_session)
        typer.echo(arn)


@app.command("update-trust")
def update_trust(role: str, trust: Document, data: Data = None) -> None:
    """Say anew who may assume a role."""
    with _told():
        _administration(data).update_trust(role, _read(trust))


@app.command("put-role-policy")
def put_role_policy(role: str, policy: Document, name: PolicyName = "inline", data: Data = None) -> None:
    """Say what a role may."""
    with _told():
        _administration(data).put_role_policy(role, name, _read(policy))


@app.command("delete-role-policy")
def delete_role_policy(role: str, name: PolicyName = "inline", data: Data = None) -> None:
    """Take a policy from a role."""
    with _told():
        _administration(data).delete_role_policy(role, name)


@app.command("delete-role")
def delete_role(name: str, data: Data = None) -> None:
    """Remove a role; its sessions end."""
    with _told():
        _administration(data).delete_role(name)
