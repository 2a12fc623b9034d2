"""Who this node is."""

from __future__ import annotations

from dataclasses import dataclass

OPENSEARCH_VERSION = "3.4.0"
"""The version we report and imitate."""
LUCENE_VERSION = "10.3.2"


@dataclass(frozen=True)
class NodeInfo:
    """`node_id` is 22 characters and stays the same over restarts, as does `cluster_uuid`."""

    node_id: str
    node_name: str
    cluster_name: str
    cluster_uuid: str
    http_address: str
    """`127.0.0.1:9200`."""
    started: float = 0.0
    """`Clock.monotonic()` at the start."""

    @property
    def host(self) -> str:
        """The address without its port."""
        return self.http_address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.http_address.rpartition(":")[2])


ROLES = ("cluster_manager", "data", "ingest", "remote_cluster_client")
"""What a node by itself is. Sniffing clients pass over nodes that only manage."""

PLUGINS = {
    "opensearch-knn": "Vector search: knn_vector fields and knn queries",
    "opensearch-ml": "ML Commons: connectors, models, conversation memory",
    "opensearch-neural-search": "Neural queries and their processors",
}
"""The OpenSearch plugins whose API is served here, each with what it does."""
PLUGIN_VERSION = f"{OPENSEARCH_VERSION}.0"
