"""Who may use what the cluster does not know of: connectors, models, memories and pipelines of ours.

The cluster says who the caller is, and which roles they have; the built-in roles of ML Commons decide. Whatever touches
the caller's own data is decided by the cluster itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragstone.core import caller, json
from ragstone.core.clock import Clock
from ragstone.core.errors import OpenSearchSecurityException
from ragstone.engine.api import ClusterApi

Right = Literal["read", "write"]

_WHO = "/_plugins/_security/authinfo"
_FRESH = 10.0
"""Seconds that an answer is good for."""
_MOST = 1000
_ROLES: dict[Right, frozenset[str]] = {
    "read": frozenset({"all_access", "ml_full_access", "ml_read_access"}),
    "write": frozenset({"all_access", "ml_full_access"}),
}


@dataclass(frozen=True)
class _Caller:
    name: str
    roles: frozenset[str] | None
    """None: the cluster has no security, so everybody may everything."""


class Admission:
    """`callers_rights` False admits everybody: the gateway's account stands for all."""

    def __init__(self, api: ClusterApi, clock: Clock, *, callers_rights: bool) -> None:
        self._api = api
        self._clock = clock
        self._callers_rights = callers_rights
        self._known: dict[str | None, tuple[float, _Caller]] = {}

    async def check_known(self) -> None:
        """Raises OpenSearchSecurityException (401) where the cluster does not know the caller: before their request
        costs a model's time, and not only when the cluster is asked for data."""
        if self._callers_rights:
            await self._caller()

    async def check(self, right: Right) -> None:
        """Raises OpenSearchSecurityException: 401 where the cluster does not know the caller, 403 where no role of
        theirs suffices."""
        if not self._callers_rights:
            return
        found = await self._caller()
        if found.roles is not None and not found.roles & _ROLES[right]:
            action = "cluster:admin/opensearch/ml"
            raise OpenSearchSecurityException(
                f"no permissions for [{action}] and User [name={found.name}, backend_roles=[], requestedTenant=null]"
            )

    async def _caller(self) -> _Caller:
        who = caller.authorization.get()
        now = self._clock.monotonic()
        known = self._known.get(who)
        if known is not None and now - known[0] < _FRESH:
            return known[1]
        found = await self._asked()
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[who] = now, found
        return found

    async def _asked(self) -> _Caller:
        answer = await self._api.ask("GET", _WHO)
        if answer.status in (400, 404, 405):
            return _Caller("", None)
        if answer.status != 200:
            error = OpenSearchSecurityException(
                "Unauthorized" if answer.status == 401 else f"the cluster answered {answer.status} to who is calling",
                headers={"www-authenticate": answer.headers.get("www-authenticate", "Basic")},
            )
            error.status = answer.status
            raise error
        told = json.decode(answer.body)
        return _Caller(str(told.get("user_name", "")), frozenset(told.get("roles", [])))
