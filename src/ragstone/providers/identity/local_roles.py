"""Keys of the roles that are kept here; those of others from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.providers.api import AwsKeys, AwsRoles, SecretError, TemporaryCredentials, TokenRefused
from ragstone.providers.identity.local_sts import LocalSts
from ragstone.providers.identity.service_roles import SERVICE


class LocalRoles:
    """AwsRoles: as AWS does it, the first role must let the service in, each other the one before it. A chain whose
    first role is not here is somebody else's."""

    def __init__(self, sts: LocalSts, elsewhere: AwsRoles) -> None:
        self._sts = sts
        self._elsewhere = elsewhere

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        try:
            made = await self._sts.for_service(SERVICE, roles[0], session) if roles else None
            if made is None:
                return await self._elsewhere.assume(roles, session, region, refused=refused)
            for role in roles[1:]:
                made = await self._next(made, role, session)
        except TokenRefused as error:
            raise SecretError(error.code, str(error)) from None
        return AwsKeys(made.access_key_id, made.secret, made.token, made.expires)

    async def _next(self, made: TemporaryCredentials, role: str, session: str) -> TemporaryCredentials:
        return await self._sts.assume_role(made.principal, {"RoleArn": role, "RoleSessionName": session})
