"""What searches over ML resources leave out of `_source`."""

from __future__ import annotations

from ragstone.rest.request import Request


def search_excludes(request: Request) -> tuple[str, ...]:
    """`ui_metadata` is for OpenSearch Dashboards only."""
    return () if "OpenSearch Dashboards" in request.headers.get("user-agent", "") else ("ui_metadata",)
