"""What concerns the cluster as a whole, and the upkeep of an index."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragstone.core.clock import Clock, Deadline
from ragstone.core.errors import IllegalStateException, OpenSearchException
from ragstone.core.log import get_logger
from ragstone.engine.api import ClusterApi
from ragstone.engine.opensearch.errors import GatewaysAccountRefused
from ragstone.engine.opensearch.names import SYSTEM_PATTERNS, is_system, part
from ragstone.engine.values import IndexStats

LEAST_VERSION = (2, 19)
_REFRESH_AT_START = 10.0
"""Seconds that a start waits at most for our indices to be refreshed."""

_log = get_logger("opensearch")


async def check_cluster(api: ClusterApi) -> str:
    """The cluster's uuid. Raises IllegalStateException when it is not there, not for us, or not what we need."""
    try:
        answer = await api.call("GET", "/", as_service=True)
    except GatewaysAccountRefused as why:
        raise IllegalStateException(why.reason) from why
    except OpenSearchException as why:
        refused = " refuses the gateway's account" if why.status == 403 else " can not be used"
        raise IllegalStateException(f"the cluster{refused}: {why.reason}") from why
    version = answer.get("version", {}) if isinstance(answer, dict) else {}
    number = str(version.get("number", ""))
    if version.get("distribution") != "opensearch":
        raise IllegalStateException(
            "the cluster says that it is "
            + (f"[{version.get('distribution', 'Elasticsearch')}] {number}" if number else "no OpenSearch")
            + "; an OpenSearch is needed (with `compatibility.override_main_response_version` off)"
        )
    digits = re.match(r"(\d+)\.(\d+)", number)
    if digits is None or (int(digits[1]), int(digits[2])) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise IllegalStateException(f"the cluster is OpenSearch {number}; {least} or later is needed")
    uuid: str = answer["cluster_uuid"]
    return uuid


async def cluster_manager(api: ClusterApi) -> str:
    """The id of the node that manages the cluster."""
    answer = await api.call("GET", "/_cluster/state/cluster_manager_node", as_service=True)
    found: str = answer["cluster_manager_node"]
    return found


async def refresh_ours(api: ClusterApi, clock: Clock) -> None:
    """So that what gateways acknowledged before can be found. A cluster that is too busy for it finds it when its own
    refreshes come, as it does for indices that are not ours."""
    target = f"/{SYSTEM_PATTERNS}/_refresh?expand_wildcards=open,hidden&ignore_unavailable=true"
    try:
        await api.call("POST", target, as_service=True, deadline=Deadline.after(clock, _REFRESH_AT_START))
    except OpenSearchException as why:
        _log.warning("the gateways' indices were not refreshed at the start", why=why.reason)


async def refresh(api: ClusterApi, names: Sequence[str]) -> None:
    for name in names:
        await api.call("POST", f"/{part(name)}/_refresh", as_service=is_system(name))


async def flush(api: ClusterApi, names: Sequence[str]) -> None:
    for name in names:
        await api.call("POST", f"/{part(name)}/_flush", as_service=is_system(name))


async def stats(api: ClusterApi, name: str) -> IndexStats:
    """Of the primaries."""
    target = f"/{part(name)}/_stats/docs,store?level=shards&forbid_closed_indices=false"
    answer = await api.call("GET", target, as_service=is_system(name))
    primaries = answer["_all"]["primaries"]
    shards = [
        copy
        for index in answer["indices"].values()
        for copies in index["shards"].values()
        for copy in copies
        if copy["routing"]["primary"]
    ]
    return IndexStats(
        documents=primaries.get("docs", {}).get("count", 0),
        deleted=primaries.get("docs", {}).get("deleted", 0),
        size=primaries.get("store", {}).get("size_in_bytes", 0),
        max_seq_no=max((shard.get("seq_no", {}).get("max_seq_no", -1) for shard in shards), default=-1),
    )
