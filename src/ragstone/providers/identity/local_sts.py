"""A small Security Token Service: sessions of roles and of users, with AWS's rules and texts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ragstone.core.clock import Clock
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import Principal, TemporaryCredentials, TokenRefused
from ragstone.providers.identity import iam_policy
from ragstone.providers.identity.access_keys import AccessKeys, conditions, role_principal
from ragstone.providers.identity.model import PARTITION, Directory
from ragstone.providers.identity.store import IdentityStore

_SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SHORTEST, _LONGEST_CHAINED, _LONGEST_OF_USER = 900, 3600, 129_600
_OF_SERVICE = 3600
"""Seconds; every role allows that."""
_ENVELOPE = frozenset({"Action", "Version"})
_ASSUME = _ENVELOPE | {"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"}
_SESSION_TOKEN = _ENVELOPE | {"DurationSeconds"}


def new_id(ids: IdGenerator, prefix: str) -> str:
    """`AIDA…` of a user, `AROA…` of a role: 21 characters; `AKIA…` and `ASIA…` of keys: 20."""
    return prefix + ids.text(_BASE32, 16 if prefix in ("AKIA", "ASIA") else 17)


def new_secret(ids: IdGenerator) -> str:
    return ids.text(_BASE64, 40)


class LocalSts:
    """A `SecurityTokens` over the identities kept here."""

    def __init__(
        self, store: IdentityStore, keys: AccessKeys, pools: ThreadPools, clock: Clock, ids: IdGenerator
    ) -> None:
        self._store = store
        self._keys = keys
        self._pools = pools
        self._clock = clock
        self._ids = ids

    async def assume_role(self, caller: Principal, parameters: Mapping[str, str]) -> TemporaryCredentials:
        # Sealing may write the master key.
        return await self._pools.run("write", self._assume_role, caller, parameters)

    async def for_service(self, service: str, role: str, session: str) -> TemporaryCredentials | None:
        """A session for an AWS service (`es.amazonaws.com`) that a role lets in; None when there is no such role here.

        Raises TokenRefused.
        """
        return await self._pools.run("write", self._for_service, service, role, session)

    async def session_token(self, caller: Principal, parameters: Mapping[str, str]) -> TemporaryCredentials:
        return await self._pools.run("write", self._session_token, caller, parameters)

    def _assume_role(self, caller: Principal, parameters: Mapping[str, str]) -> TemporaryCredentials:
        _refuse_unknown(parameters, _ASSUME)
        arn, session = _required(parameters, "RoleArn"), _required(parameters, "RoleSessionName")
        if _SESSION.fullmatch(session) is None:
            raise _invalid(session, "roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*")
        directory = self._store.read()
        denied = TokenRefused(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            status=403,
        )
        role = directory.role_by_arn(arn)
        # The same for a role that is not there: nobody learns which there are.
        if role is None:
            raise denied
        context = conditions(caller, {"sts:RoleSessionName": session})
        if "ExternalId" in parameters:
            context["sts:externalid"] = parameters["ExternalId"]
        if not self._may(directory, caller, role.trust, arn, context):
            raise denied
        longest = min(role.longest_session, _LONGEST_CHAINED) if caller.is_session else role.longest_session
        seconds = _duration(parameters, longest, default=3600)
        return self._session(role_principal(directory, role, session), role.id, seconds)

    def _for_service(self, service: str, arn: str, session: str) -> TemporaryCredentials | None:
        directory = self._store.read()
        role = directory.role_by_arn(arn)
        if role is None:
            return None
        context = {"sts:rolesessionname": session}
        if not iam_policy.decide_trust(role.trust, {"Service": [service]}, "sts:AssumeRole", context).allowed:
            raise TokenRefused(
                "AccessDenied",
                f"Service: {service} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                status=403,
            )
        return self._session(role_principal(directory, role, session), role.id, _OF_SERVICE)

    def _session_token(self, caller: Principal, parameters: Mapping[str, str]) -> TemporaryCredentials:
        _refuse_unknown(parameters, _SESSION_TOKEN)
        if caller.is_session:
            raise TokenRefused("AccessDenied", "Cannot call GetSessionToken with session credentials", status=403)
        return self._session(caller, caller.user_id, _duration(parameters, _LONGEST_OF_USER, default=43_200))

    def _may(
        self, directory: Directory, caller: Principal, trust: iam_policy.Policy, arn: str, context: Mapping[str, str]
    ) -> bool:
        """A trust policy that names the caller suffices; one that names the account leaves it to the caller's own."""
        own = self._keys.decide(caller, "sts:AssumeRole", (arn,), context)
        if own.explicit:
            return False
        named = iam_policy.decide_trust(trust, {"AWS": [caller.arn, caller.identity_arn]}, "sts:AssumeRole", context)
        if named.explicit:
            return False
        account = [directory.account, f"arn:{PARTITION}:iam::{directory.account}:root"]
        whole = iam_policy.decide_trust(trust, {"AWS": account}, "sts:AssumeRole", context)
        if whole.explicit:
            return False
        return named.allowed or (whole.allowed and own.allowed)

    def _session(self, principal: Principal, identity: str, seconds: int) -> TemporaryCredentials:
        credentials = TemporaryCredentials(
            new_id(self._ids, "ASIA"),
            new_secret(self._ids),
            "",
            float(int(self._clock.now()) + seconds),
            principal,
        )
        token = self._keys.seal_session(credentials, identity)
        return TemporaryCredentials(
            credentials.access_key_id, credentials.secret, token, credentials.expires, principal
        )


def _refuse_unknown(parameters: Mapping[str, str], known: frozenset[str]) -> None:
    # To leave out a session policy would give more than was asked for.
    unknown = sorted(parameters.keys() - known)
    if unknown:
        raise TokenRefused("ValidationError", f"The parameter {unknown[0]} is not supported here.")


def _required(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name)
    if not value:
        member = name[0].lower() + name[1:]
        raise TokenRefused(
            "ValidationError",
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
            "Member must not be null",
        )
    return value


def _duration(parameters: Mapping[str, str], longest: int, *, default: int) -> int:
    text = parameters.get("DurationSeconds")
    if text is None:
        return min(default, longest)
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None:
        raise _invalid(text, "durationSeconds", "Member must be a whole number")
    if int(text) < _SHORTEST:
        raise _invalid(text, "durationSeconds", f"Member must have value greater than or equal to {_SHORTEST}")
    if int(text) > longest:
        raise TokenRefused(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return int(text)


def _invalid(value: str, member: str, constraint: str) -> TokenRefused:
    return TokenRefused(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}",
    )
