"""What callers must be allowed to do with connectors, models and memories."""

from __future__ import annotations

from typing import Final

from ragstone.core import caller

_BEGINNING: Final = "cluster:admin/opensearch/ml/"


def require(action: str) -> None:
    """`action` is the name of an action of ML Commons, behind what all of them begin with. Raises
    OpenSearchSecurityException."""
    if caller.subject.get() is not None:
        caller.require(_BEGINNING + action)
