"""Who a key belongs to, and what they may: the `Identities` of a server that has its own.

Keys that stay are sealed in the file of identities. A session keeps nothing here: its token is a sealed text that
holds its secret, whose it is, and until when; the key that seals it is the node's own.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from ragstone.core import json
from ragstone.providers.api import Encryptor, Principal, SealBroken, SigningKey, TemporaryCredentials, Verdict
from ragstone.providers.identity import iam_policy
from ragstone.providers.identity.model import AccessKey, Directory, Role, User
from ragstone.providers.identity.store import IdentityStore

_TOKEN = "session token"
_REMEMBERED = 1000
"""Opened keys, to be bounded at all."""


class AccessKeys:
    """Safe from several threads."""

    def __init__(self, store: IdentityStore, encryptor: Encryptor) -> None:
        self._store = store
        self._encryptor = encryptor
        self._opened: tuple[Directory | None, dict[tuple[str, str | None], SigningKey]] = None, {}
        """Keys that have signed, and the directory that says that they may: another one has them looked up anew."""

    @property
    def account(self) -> str:
        return self._store.read().account

    @property
    def has_roles(self) -> bool:
        return bool(self._store.read().roles)

    def signing_key(self, access_key_id: str, token: str | None) -> SigningKey | None:
        directory = self._store.read()
        valid, opened = self._opened
        if valid is not directory:
            opened = {}
            self._opened = directory, opened
        known = opened.get((access_key_id, token))
        if known is None:
            known = self._looked_up(directory, access_key_id, token)
            if known is not None:
                if len(opened) >= _REMEMBERED:
                    opened.clear()
                opened[access_key_id, token] = known
        return known

    def _looked_up(self, directory: Directory, access_key_id: str, token: str | None) -> SigningKey | None:
        if token is not None:
            return self._session(directory, access_key_id, token)
        found = directory.by_key(access_key_id)
        if found is None or not found[1].active:
            return None
        user, key = found
        return SigningKey(user_principal(directory, user), open_secret(self._encryptor, key))

    def seal_session(self, credentials: TemporaryCredentials, identity: str) -> str:
        """The token of a session of a role or user with the id `identity`."""
        content = {
            "key": credentials.access_key_id,
            "secret": credentials.secret,
            "expires": credentials.expires,
            "identity": identity,
            "name": credentials.principal.arn.rpartition("/")[2],
        }
        return self._encryptor.seal(json.encode(content).decode(), _TOKEN)

    def _session(self, directory: Directory, access_key_id: str, token: str) -> SigningKey | None:
        try:
            content: dict[str, Any] = json.decode(self._encryptor.open(token, _TOKEN).encode())
        except SealBroken:
            return None
        if not hmac.compare_digest(content["key"].encode(), access_key_id.encode()):
            return None
        # By id: a role that was made again under its old name is another one.
        role = next((role for role in directory.roles.values() if role.id == content["identity"]), None)
        user = next((user for user in directory.users.values() if user.id == content["identity"]), None)
        if role is not None:
            principal = role_principal(directory, role, content["name"])
        elif user is not None:
            principal = user_principal(directory, user)
        else:
            return None
        return SigningKey(principal, content["secret"], content["expires"])

    def decide(
        self, principal: Principal, action: str, resources: Sequence[str], context: Mapping[str, str]
    ) -> Verdict:
        directory = self._store.read()
        owner: Role | User | None = directory.role_by_arn(principal.identity_arn)
        if owner is None:
            owner = next(
                (user for user in directory.users.values() if directory.user_arn(user) == principal.identity_arn), None
            )
        if owner is None:
            return Verdict(False)
        return iam_policy.decide(owner.permissions, action, resources, conditions(principal, context))

    def service_may(self, service: str, role_arn: str, action: str, resource: str) -> Verdict:
        role = self._store.read().role_by_arn(role_arn)
        if role is None:
            return Verdict(False)
        let_in = iam_policy.decide_trust(role.trust, {"Service": [service]}, "sts:AssumeRole", {})
        if not let_in.allowed:
            return let_in
        return iam_policy.decide(role.permissions, action, (resource,), {"aws:principalarn": role_arn})


def conditions(principal: Principal, context: Mapping[str, str]) -> dict[str, str]:
    """What conditions may ask about a request of this principal."""
    return {
        "aws:principalarn": principal.identity_arn,
        "aws:principalaccount": principal.account,
        "aws:userid": principal.user_id,
        **{name.lower(): value for name, value in context.items()},
    }


def user_principal(directory: Directory, user: User) -> Principal:
    arn = directory.user_arn(user)
    return Principal(arn, arn, user.id, directory.account)


def role_principal(directory: Directory, role: Role, session: str) -> Principal:
    return Principal(
        directory.session_arn(role, session), directory.role_arn(role), f"{role.id}:{session}", directory.account
    )


def seal_secret(encryptor: Encryptor, key_id: str, secret: str) -> str:
    return encryptor.seal(secret, f"access key {key_id}")


def open_secret(encryptor: Encryptor, key: AccessKey) -> str:
    """Raises SealBroken."""
    return encryptor.open(key.sealed_secret, f"access key {key.id}")
