"""The OpenSearch that is there already: given by the user, or started before."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit


def given() -> str | None:
    """The one that the user has; its name and password, if any, are in the URL."""
    return os.environ.get("OPENSEARCH_URL") or None


def remember(folder: Path, url: str) -> None:
    (folder / "url").write_text(url + "\n", encoding="utf-8")


def forget(folder: Path) -> None:
    (folder / "url").unlink(missing_ok=True)


def remembered(folder: Path) -> str | None:
    try:
        return (folder / "url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def greet(url: str) -> str:
    """Where it is and what it says it is. Raises SystemExit when it does not answer as an OpenSearch does."""
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    request = urllib.request.Request(bare)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            version = json.load(reply)["version"]
    except (OSError, urllib.error.URLError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{bare} does not answer as an OpenSearch does: {error}") from None
    return f"{bare} is {version.get('distribution', 'opensearch')} {version['number']}"
