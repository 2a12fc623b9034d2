"""Who this node is."""

from __future__ import annotations

from dataclasses import dataclass

OPENSEARCH_VERSION = "3.4.0"
"""The version we report and imitate."""
LUCENE_VERSION = "10.3.2"
INDEX_VERSION_CREATED = "137257827"
"""`index.version.created` of indices made by 3.4.0."""


@dataclass(frozen=True)
class NodeInfo:
    """`node_id` is 22 characters and stays the same over restarts, as does `cluster_uuid`."""

    node_id: str
    node_name: str
    cluster_name: str
    cluster_uuid: str
    http_address: str
    """`127.0.0.1:9200`."""
