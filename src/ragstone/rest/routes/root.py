"""`GET /`: who answers."""

from __future__ import annotations

from ragstone.cluster.model import LUCENE_VERSION, OPENSEARCH_VERSION
from ragstone.core import caller
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /")
async def root(services: Services, request: Request) -> Response:
    caller.require("cluster:monitor/main")
    version = {
        "distribution": "opensearch",
        "number": OPENSEARCH_VERSION,
        "build_type": "unknown",
        "build_hash": "unknown",
        "build_date": "unknown",
        "build_snapshot": False,
        "lucene_version": LUCENE_VERSION,
        "minimum_wire_compatibility_version": "2.19.0",
        "minimum_index_compatibility_version": "2.0.0",
    }
    node = services.node
    body = {
        "name": node.node_name,
        "cluster_name": node.cluster_name,
        "cluster_uuid": node.cluster_uuid,
        "version": version,
        "tagline": "The OpenSearch Project: https://opensearch.org/",
    }
    return Response(body, pretty=True)
