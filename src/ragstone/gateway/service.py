"""What the HTTP layer needs of a gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ragstone.engine.api import ClusterApi
from ragstone.gateway.admission import Admission
from ragstone.gateway.guard import Guard
from ragstone.gateway.ownership import Ownership
from ragstone.gateway.search import GatewaySearch


@dataclass(frozen=True)
class Gateway:
    """Built once by `node/cluster.py`; only a node in front of a cluster has one."""

    api: ClusterApi
    ownership: Ownership
    search: GatewaySearch
    admission: Admission
    guard: Guard
    forget: Callable[[], None]
    """The picture of the indices may be wrong: something was changed past the engine."""
