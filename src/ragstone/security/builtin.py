"""What is configured before anybody has configured anything, with OpenSearch's own names and permissions.

Static and reserved roles, action groups and the global tenant belong to the product and are not kept with the rest, so
a newer Ragstone brings newer ones. Users, mappings and the admin's tenant are written once, at the first start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ragstone.security.entities import Entities, Kind
from ragstone.security.model import ActionGroup, Guard, InternalUser, Names, RoleMapping, Tenant
from ragstone.security.reserved_roles import RESERVED_ROLES
from ragstone.security.static_roles import STATIC_ROLES

ADMIN: Final = "admin"
_STATIC: Final = Guard(static=True, reserved=True)


def _group(type: str, description: str, *actions: str) -> ActionGroup:
    return ActionGroup(actions, type, description, _STATIC)


_ACTION_GROUPS: Final[Mapping[str, ActionGroup]] = {
    "unlimited": _group("all", "Allow all", "*"),
    "kibana_all_read": _group(
        "kibana", "Allow reading in all OpenSearch Dashboards apps", "kibana:saved_objects/*/read"
    ),
    "kibana_all_write": _group(
        "kibana", "Allow writing in all OpenSearch Dashboards apps", "kibana:saved_objects/*/write"
    ),
    "cluster_all": _group("cluster", "Allow everything on cluster level", "cluster:*"),
    "cluster_monitor": _group("cluster", "Allow monitoring the cluster", "cluster:monitor/*"),
    "cluster_composite_ops_ro": _group(
        "cluster",
        "Allow readonly bulk and m* operations",
        "indices:data/read/mget",
        "indices:data/read/msearch",
        "indices:data/read/mtv",
        "indices:admin/aliases/exists*",
        "indices:admin/aliases/get*",
        "indices:data/read/scroll",
        "indices:admin/resolve/index",
    ),
    "cluster_composite_ops": _group(
        "cluster",
        "Allow read/write bulk and m* operations",
        "indices:data/write/bulk",
        "indices:admin/aliases*",
        "indices:data/write/reindex",
        "cluster_composite_ops_ro",
    ),
    "manage_snapshots": _group("cluster", "Allow snapshots", "cluster:admin/snapshot/*", "cluster:admin/repository/*"),
    "cluster_manage_pipelines": _group("cluster", "Manage pipelines", "cluster:admin/ingest/pipeline/*"),
    "cluster_manage_index_templates": _group(
        "cluster",
        "Manage index templates",
        "indices:admin/template/*",
        "indices:admin/index_template/*",
        "cluster:admin/component_template/*",
    ),
    "indices_all": _group("index", "Allow readonly everything with indices and data", "indices:*"),
    "indices_monitor": _group("index", "Allow monitoring indices", "indices:monitor/*"),
    "manage": _group("index", "Allow indices management", "indices:monitor/*", "indices:admin/*"),
    "manage_aliases": _group("index", "Allow managing index aliases", "indices:admin/aliases*"),
    "manage_data_streams": _group(
        "index", "Manage data streams", "indices:admin/data_stream/*", "indices:monitor/data_stream/stats"
    ),
    "manage_point_in_time": _group(
        "index",
        "Manage point in time actions",
        "indices:data/read/point_in_time/create",
        "indices:data/read/point_in_time/delete",
        "indices:data/read/point_in_time/readall",
        "indices:data/read/search",
        "indices:monitor/point_in_time/segments",
    ),
    "create_index": _group("index", "Allow creating new indices", "indices:admin/create", "indices:admin/mapping/put"),
    "data_access": _group("index", "Allow all read/write operations on data", "indices:data/*", "crud"),
    "crud": _group("index", "Allow all read/write operations on data", "read", "write"),
    "read": _group(
        "index",
        "Allow all read operations",
        "indices:data/read*",
        "indices:admin/mappings/fields/get*",
        "indices:admin/resolve/index",
    ),
    "write": _group("index", "Allow writing data", "indices:data/write*", "indices:admin/mapping/put"),
    "search": _group(
        "index",
        "Allow searching",
        "indices:data/read/search*",
        "indices:data/read/msearch*",
        "indices:admin/resolve/index",
        "suggest",
    ),
    "suggest": _group("index", "Allow suggestions", "indices:data/read/suggest*"),
    "get": _group("index", "Allow get", "indices:data/read/get*", "indices:data/read/mget*"),
    "index": _group(
        "index",
        "Allow indexing",
        "indices:data/write/index*",
        "indices:data/write/update*",
        "indices:admin/mapping/put",
        "indices:data/write/bulk*",
    ),
    "delete": _group("index", "Allow deleting documents", "indices:data/write/delete*"),
}

BUILTIN: Final[Mapping[Kind, Entities]] = {
    Kind.USERS: {},
    Kind.ROLES: {**STATIC_ROLES, **RESERVED_ROLES},
    Kind.MAPPINGS: {},
    Kind.ACTION_GROUPS: _ACTION_GROUPS,
    Kind.TENANTS: {"global_tenant": Tenant("Global tenant", _STATIC)},
}
"""What belongs to the product."""


def _mapped(
    description: str | None = None, *, backend_roles: Names = (), users: Names = (), reserved: bool = False
) -> RoleMapping:
    return RoleMapping(
        users=users, backend_roles=backend_roles, description=description, guard=Guard(reserved=reserved)
    )


def first_configuration(admin_hash: str | None) -> Mapping[Kind, Entities]:
    """What is written at the first start. `admin_hash` is that of the admin's password; None makes no such user."""
    users = {}
    if admin_hash is not None:
        users[ADMIN] = InternalUser(
            admin_hash, backend_roles=("admin",), description="test admin", guard=Guard(reserved=True)
        )
    return {
        Kind.USERS: users,
        Kind.ROLES: {},
        Kind.MAPPINGS: {
            "all_access": _mapped("Maps admin to all_access", backend_roles=("admin",)),
            "own_index": _mapped("Allow full access to an index named like the username", users=("*",)),
            "logstash": _mapped(backend_roles=("logstash",)),
            "kibana_user": _mapped("Maps kibanauser to kibana_user", backend_roles=("kibanauser",)),
            "readall": _mapped(backend_roles=("readall",)),
            "manage_snapshots": _mapped(backend_roles=("snapshotrestore",)),
            "kibana_server": _mapped(users=("kibanaserver",), reserved=True),
        },
        Kind.ACTION_GROUPS: {},
        Kind.TENANTS: {"admin_tenant": Tenant("Demo tenant for admin user")},
    }
