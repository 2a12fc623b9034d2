"""What a node has that knows its users."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from ragstone.cluster.model import NodeInfo
from ragstone.core.clock import Clock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.api import RecordStore
from ragstone.security import first_start
from ragstone.security.api_keys import ApiKeys
from ragstone.security.audit import AuditLog
from ragstone.security.service import SecurityService
from ragstone.security.store import SecurityStore


async def security_service(
    records: RecordStore,
    settings: Settings,
    pools: ThreadPools,
    node: NodeInfo,
    clock: Clock,
    ids: IdGenerator,
    announce_password: Callable[[str], None] | None,
    closing: AsyncExitStack,
) -> SecurityService:
    """Who may what, with the first users where there were none. Its audit log is written until `closing` closes."""
    audit = _audit(settings, node, clock, closing) if settings.security.audit.enabled else None
    store = SecurityStore(records, audit.configuration_changed if audit is not None else None)
    await first_start.start(store, settings, pools, ids, announce_password)
    shared = settings.engine == "opensearch"
    keys = None
    if settings.security.api_keys.enabled:
        keys = ApiKeys(records, settings.security.api_keys, clock, ids)
        await keys.refresh()
    return SecurityService(store, settings.security, pools, clock, ids, api_keys=keys, audit=audit, shared=shared)


def _audit(settings: Settings, node: NodeInfo, clock: Clock, closing: AsyncExitStack) -> AuditLog:
    origin = {
        "audit_cluster_name": node.cluster_name,
        "audit_node_id": node.node_id,
        "audit_node_name": node.node_name,
        "audit_node_host_address": settings.host,
    }
    jwt = settings.security.jwt
    secret = [name.lower() for name in (jwt.header, jwt.url_parameter) if name is not None]
    audit = AuditLog(settings.security.audit, settings.audit_file, clock, origin, secret_names=secret)
    audit.start()
    closing.callback(audit.close)
    return audit


__all__ = ["security_service"]
