"""The first start with security on: somebody must be able to log in, and nobody must be able to guess how."""

from __future__ import annotations

import os
import string
from collections.abc import Callable
from pathlib import Path

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.ids import IdGenerator
from ragstone.core.log import get_logger
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.security.passwords import hash_password, strength_fault
from ragstone.security.store import SecurityStore

ADMIN = "admin"
VARIABLE = "RAGSTONE_INITIAL_ADMIN_PASSWORD"
_LENGTH = 24
"""Characters of a password that is made up: 142 bits."""

log = get_logger("security")


async def start(
    store: SecurityStore,
    settings: Settings,
    pools: ThreadPools,
    ids: IdGenerator,
    announce: Callable[[str], None] | None,
) -> None:
    """Read the configuration or, the first time, write the first one, with a password for the admin.

    `announce` is told a password that was made up; None writes it to a file beside the master key, which only this
    account can read. Raises IllegalArgumentException when the given password is too weak for a server that others can
    reach.
    """
    await store.refresh()
    if ADMIN in store.current.internal_users:
        await store.start(None)
        return
    given = settings.initial_admin_password
    password = ids.text(string.ascii_letters + string.digits, _LENGTH) if given is None else given
    if given is not None:
        await _check(given, settings, pools)
    began = await store.start(await pools.run("login", hash_password, password))
    if not began or given is not None:
        return
    if announce is not None:
        announce(password)
        return
    file = settings.keys_folder / "initial_admin_password"
    _write(file, password)
    log.warning("the password of the user admin is in a file: change it and delete the file", file=str(file))


async def _check(password: str, settings: Settings, pools: ThreadPools) -> None:
    fault = await pools.run("login", strength_fault, ADMIN, password)
    if fault is None:
        return
    if not settings.loopback_only:
        raise IllegalArgumentException(f"{VARIABLE} will not do for a server that listens on {settings.host}: {fault}")
    log.warning(f"{VARIABLE} would not do beyond loopback", fault=fault)


def _write(file: Path, password: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(password + "\n")
