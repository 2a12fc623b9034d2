"""Whether a role that a connector names may read a secret of the local vault."""

from __future__ import annotations

from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import Identities, SecretError

SERVICE = "es.amazonaws.com"
"""What this server is called in trust policies."""


class ServiceRoles:
    """As AWS does it: the role must let the service in, and be allowed to read the secret. While there are no roles at
    all, nobody has asked for any of this, and every secret may be read."""

    def __init__(self, identities: Identities, pools: ThreadPools) -> None:
        self._identities = identities
        self._pools = pools

    async def may_read(self, role: str | None, secret: str) -> None:
        """Raises SecretError."""
        await self._pools.run("search", self._check, role, secret)

    def _check(self, role: str | None, secret: str) -> None:
        if role is None or not self._identities.has_roles:
            return
        action = "secretsmanager:GetSecretValue"
        if not self._identities.service_may(SERVICE, role, action, secret).allowed:
            raise SecretError(
                "AccessDeniedException",
                f"The role {role} does not let in {SERVICE}, or is not authorized to perform: {action} on resource: "
                f"{secret}",
            )
