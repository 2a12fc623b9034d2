"""Asking what one would be allowed, without doing it: `?perform_permission_check=true`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn, Self

from ragstone.core.caller import NamedIndex
from ragstone.security.permissions import UserSubject


class PermissionChecked(Exception):
    """The answer, which ends the request. No error of a request: whatever handles those lets it through."""

    def __init__(self, *, allowed: bool, missing: tuple[str, ...]) -> None:
        super().__init__(missing)
        self.allowed = allowed
        self.missing = missing


class PermissionCheck(UserSubject):
    """Answers at the first question that a request asks. Raises PermissionChecked, always.

    As in OpenSearch, of a request that asks several times (`_bulk`, `_msearch`) that is the cluster's half.
    """

    @classmethod
    def of(cls, subject: UserSubject) -> Self:
        return cls(subject.user, subject.roles, subject.grants, None)

    def require(self, *actions: str) -> NoReturn:
        missing = tuple(action for action in actions if not self.allowed(action))
        raise PermissionChecked(allowed=not missing, missing=missing)

    def require_on(self, actions: Sequence[str], indices: Iterable[NamedIndex]) -> NoReturn:
        lacking = self.lacking_on(actions, indices)
        raise PermissionChecked(allowed=lacking is None, missing=() if lacking is None else lacking.actions)
