"""Keys of roles from AWS's Security Token Service."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import AwsKeys, SecretError
from ragstone.providers.aws import client, own_keys

_SECONDS = 3600
"""What AWS gives every role at least as its longest session, and the most for a role that another one assumes."""


class AwsSts:
    """AwsRoles that asks anew each time.

    `ambient_credentials`: the identity of this machine takes the place of the first role. Otherwise a role is needed:
    else whoever may make a connector could use every right that this machine has. `external_id` goes with every
    request, for trust policies that ask for it.
    """

    def __init__(self, pools: ThreadPools, *, ambient_credentials: bool, external_id: str | None = None) -> None:
        self._pools = pools
        self._ambient = ambient_credentials
        self._external_id = {"ExternalId": external_id} if external_id is not None else {}

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        if not roles and not self._ambient:
            raise SecretError("AccessDeniedException", "no role is given to act as")
        return await self._pools.run("aws", self._assume, roles[1:] if self._ambient else roles, session, region)

    def _assume(self, roles: Sequence[str], session: str, region: str) -> AwsKeys:
        keys: AwsKeys | None = None
        for role in roles:
            with client("sts", region, keys) as sts:
                given = sts.assume_role(
                    RoleArn=role, RoleSessionName=session, DurationSeconds=_SECONDS, **self._external_id
                )["Credentials"]
            keys = AwsKeys(
                given["AccessKeyId"],
                given["SecretAccessKey"],
                given["SessionToken"],
                given["Expiration"].timestamp(),
            )
        return keys or own_keys()
