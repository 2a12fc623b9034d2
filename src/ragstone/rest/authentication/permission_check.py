"""The answer to `?perform_permission_check=true`."""

from __future__ import annotations

from collections.abc import Awaitable

from ragstone.core import caller
from ragstone.rest.response import Response
from ragstone.security.permission_check import PermissionCheck, PermissionChecked
from ragstone.security.permissions import UserSubject

PARAMETER = "perform_permission_check"


async def checked(handled: Awaitable[Response]) -> Response:
    """Whether the caller is allowed what a request asks first, and what is missing; the request comes no further.

    One that asks nothing is served as ever.
    """
    who = caller.subject.get()
    if isinstance(who, UserSubject):
        caller.subject.set(PermissionCheck.of(who))
    try:
        return await handled
    except PermissionChecked as answer:
        return Response({"accessAllowed": answer.allowed, "missingPrivileges": list(answer.missing)})
