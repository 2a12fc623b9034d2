"""Which URLs connectors may call. Checked when a connector is stored, and with the resolved URL at every call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import IllegalArgumentException
from ragstone.ml.settings import TRUSTED_ENDPOINTS, TRUSTED_PRIVATE_ENDPOINTS, compiled

# What java.net.URI takes: ASCII but blanks, controls and these; beyond ASCII everything that is no blank or control.
_ILLEGAL = re.compile(r"[\s\x00-\x20\x7f\"<>\\^`{|}]")
_MAX_PORT = 65_536


def check_trusted(url: str, settings: ClusterSettings) -> None:
    """The whole URL must match one of the trusted patterns. Raises IllegalArgumentException."""
    patterns = settings.get(TRUSTED_ENDPOINTS)
    if not _matches(url, patterns):
        raise IllegalArgumentException("Connector URL is not matching the trusted connector endpoint regex")


def check_callable(url: str) -> None:
    """The rules for a URL that is about to be called: http or https, a host, and nothing that leads elsewhere.

    `Differs:` dot segments and user information are refused: they would let a request parameter lead a URL that
    matches a trusted pattern to another path or host. Raises IllegalArgumentException.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        raise IllegalArgumentException(f"Protocol is not http or https: {scheme}")
    illegal = _ILLEGAL.search(url)
    if illegal is not None:
        raise _no_uri(f"Illegal character at index {illegal.start()}: {url}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise IllegalArgumentException(f"Port out of range: {url}") from None
    if not parts.hostname:
        raise _no_uri(f"There is no host in {url}")
    if "@" in parts.netloc:
        raise _no_uri("User information is not allowed in the URL")
    if port is not None and port > _MAX_PORT:
        raise IllegalArgumentException(f"Port out of range: {port}")
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        raise _no_uri(f"Dot segments are not allowed in the path of {url}")


def private_allowed(url: str, settings: ClusterSettings) -> bool:
    """Whether the list of private endpoints, where there is one, names this URL."""
    patterns = settings.get(TRUSTED_PRIVATE_ENDPOINTS)
    return not patterns or _matches(url, patterns)


def _matches(url: str, patterns: Sequence[str]) -> bool:
    return any(compiled(pattern).fullmatch(url) for pattern in patterns)


def _no_uri(why: str) -> IllegalArgumentException:
    return IllegalArgumentException(
        "Encountered error when trying to create uri from endpoint in ml connector. "
        "Please update the endpoint in connection configuration: ",
        cause=IllegalArgumentException(why),
    )
