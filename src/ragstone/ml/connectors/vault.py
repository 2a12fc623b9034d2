"""Credentials of connectors, sealed and opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import Encryptor

# The stored form names the cipher, so that another one can be told apart from it later.
_SEAL = "AES-256-GCM:"


class Vault:
    """`owner` is the id of the document a credential lives in; it is part of every seal, as is the credential's key.

    `agree` is called before anything is sealed, where others must be able to open it.
    """

    def __init__(
        self, encryptor: Encryptor, pools: ThreadPools, agree: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._encryptor = encryptor
        self._pools = pools
        self._agree = agree

    async def seal(self, owner: str, credential: Mapping[str, str]) -> dict[str, str]:
        """Raises what `agree` raises."""
        if self._agree is not None:
            await self._agree()
        return {
            key: _SEAL + await self._pools.run("write", self._encryptor.seal, value, f"{owner}/{key}")
            for key, value in credential.items()
        }

    def open(self, owner: str, credential: Mapping[str, str]) -> dict[str, str]:
        """The values in the clear. Raises SealBroken."""
        return {
            key: self._encryptor.open(value.removeprefix(_SEAL), f"{owner}/{key}") for key, value in credential.items()
        }
