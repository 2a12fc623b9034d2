"""Where a connector's secret is: in the local vault if its ARN is one of ours, else at AWS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import SecretsProvider, SecretValue
from ragstone.providers.secrets.keystore import Keystore

RoleCheck = Callable[[str | None, str], Awaitable[None]]
"""Whether a role (its ARN; None for the node itself) may read a secret of the local vault (its ARN). Raises SecretError
with `AccessDeniedException`."""


async def every_role(role: str | None, arn: str) -> None:
    """Off AWS there are no roles yet: who may make connectors may use the vault's secrets in them."""


class SecretsByArn:
    """SecretsProvider over both. An ARN of the vault's own account is never asked for at AWS."""

    def __init__(
        self, keystore: Keystore, elsewhere: SecretsProvider, pools: ThreadPools, may_read: RoleCheck = every_role
    ) -> None:
        self._keystore = keystore
        self._elsewhere = elsewhere
        self._pools = pools
        self._may_read = may_read

    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        if not await self._pools.run("search", self._keystore.owns, arn):
            return await self._elsewhere.fetch(arn, role, session)
        await self._may_read(role, arn)
        return await self._pools.run("search", self._keystore.get, arn)
