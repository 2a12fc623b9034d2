"""Headers of connectors: what may stand in them, and how they are filled.

`Differs:` from 3.4, as later versions: secret-bearing headers take no request parameters, what nothing fills is refused
instead of sent as it stands, and sizes and control characters are checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.connectors.template import CREDENTIAL, PARAMETERS, fill_credentials, substitute, unfilled

_SECRET_BEARING = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-auth-token",
        "x-auth-header",
        "x-forwarded-for",
        "x-real-ip",
        "x-client-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "x-originating-ip",
        "host",
        "x-forwarded-host",
        "x-forwarded-server",
        "forwarded",
    }
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_HEADER = 8 * 1024
_MAX_HEADERS = 64 * 1024


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse `${parameters.x}` in headers that carry secrets or identities. Raises IllegalArgumentException."""
    for name, value in headers.items():
        if name.lower() in _SECRET_BEARING and PARAMETERS in value:
            raise IllegalArgumentException(
                f"Header '{name}' cannot use ${{parameters.*}} placeholders for security reasons. "
                "Use ${credential.*} instead."
            )


def fill_headers(
    headers: Mapping[str, str], credential: Mapping[str, str], own: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Headers with credentials and parameters put in; the connector's own parameters win over the request's.

    Credentials go in first, so a parameter's value can not name one. Raises IllegalArgumentException.
    """
    check_headers(headers)
    filled, total = {}, 0
    for name, template in headers.items():
        value = fill_credentials(template, credential)
        if unfilled(value, CREDENTIAL):
            raise _unresolved(name)
        value = substitute(value, lambda key: own.get(key, given.get(key)))
        if unfilled(value, PARAMETERS):
            raise _unresolved(name)
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise IllegalArgumentException("Header value contains invalid control character")
        size = len(name.encode()) + len(value.encode())
        if size > _MAX_HEADER:
            raise IllegalArgumentException("Header size (key + value) exceeds 8KB limit")
        total += size
        filled[name] = value
    if total > _MAX_HEADERS:
        raise IllegalArgumentException("Total headers size (key + value) exceeds 64KB limit")
    return filled


def _unresolved(name: str) -> IllegalArgumentException:
    return IllegalArgumentException(f"Header '{name}' contains unresolved placeholder. Required parameter is missing.")
