"""Roles that cannot be changed: the product's own, as OpenSearch ships them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ragstone.security.model import Guard, IndexPermission, Names, Role, TenantPermission

_GUARD: Final = Guard(static=True, reserved=True)


def _role(
    cluster_permissions: Names = (),
    index_permissions: tuple[IndexPermission, ...] = (),
    tenant_permissions: tuple[TenantPermission, ...] = (),
    description: str | None = None,
) -> Role:
    return Role(cluster_permissions, index_permissions, tenant_permissions, description, guard=_GUARD)


def _on(patterns: Names, *actions: str) -> IndexPermission:
    return IndexPermission(patterns, actions)


STATIC_ROLES: Final[Mapping[str, Role]] = {
    "all_access": _role(
        cluster_permissions=("*",),
        index_permissions=(_on(("*",), "*"),),
        tenant_permissions=(TenantPermission(("*",), ("kibana_all_write",)),),
        description="Allow full access to all indices and all cluster APIs",
    ),
    "kibana_user": _role(
        cluster_permissions=("cluster_composite_ops",),
        index_permissions=(
            _on(
                (
                    ".kibana",
                    ".kibana-6",
                    ".kibana_*",
                    ".opensearch_dashboards",
                    ".opensearch_dashboards-6",
                    ".opensearch_dashboards_*",
                ),
                "delete",
                "index",
                "manage",
                "read",
            ),
            _on((".tasks", ".management-beats", "*:.tasks", "*:.management-beats"), "indices_all"),
        ),
        description="Provide the minimum permissions for a kibana user",
    ),
    "own_index": _role(
        cluster_permissions=("cluster_composite_ops",),
        index_permissions=(_on(("${user_name}",), "indices_all"),),
        description="Allow all for indices named like the current user",
    ),
    "manage_snapshots": _role(
        cluster_permissions=("manage_snapshots",),
        index_permissions=(_on(("*",), "indices:admin/create", "indices:data/write/index"),),
        description="Provide the minimum permissions for managing snapshots",
    ),
    "kibana_server": _role(
        cluster_permissions=(
            "cluster_composite_ops",
            "cluster_monitor",
            "indices:admin/index_template*",
            "indices:admin/template*",
            "indices:data/read/scroll*",
            "manage_point_in_time",
        ),
        index_permissions=(
            _on((".kibana", ".opensearch_dashboards"), "indices_all"),
            _on((".kibana-6", ".opensearch_dashboards-6"), "indices_all"),
            _on((".kibana_*", ".opensearch_dashboards_*"), "indices_all"),
            _on((".tasks",), "indices_all"),
            _on((".management-beats*",), "indices_all"),
            _on(("*",), "indices:admin/aliases*"),
        ),
        description="Provide the minimum permissions for the Kibana server",
    ),
    "logstash": _role(
        cluster_permissions=(
            "cluster:admin/ingest/pipeline/get",
            "cluster:admin/ingest/pipeline/put",
            "cluster_composite_ops",
            "cluster_monitor",
            "indices:admin/template/get",
            "indices:admin/template/put",
        ),
        index_permissions=(
            _on(("logstash-*", "ecs-logstash-*"), "create_index", "crud"),
            _on(("*beat*",), "crud", "create_index"),
        ),
        description="Provide the minimum permissions for logstash and beats",
    ),
    "readall_and_monitor": _role(
        cluster_permissions=("cluster_composite_ops_ro", "cluster_monitor"),
        index_permissions=(_on(("*",), "read"),),
        description="Provide the minimum permissions for to readall indices and monitor the cluster",
    ),
    "readall": _role(
        cluster_permissions=("cluster_composite_ops_ro",),
        index_permissions=(_on(("*",), "read"),),
        description="Provide the minimum permissions for to readall indices",
    ),
}
