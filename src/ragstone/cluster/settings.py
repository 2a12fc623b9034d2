"""OpenSearch's own cluster settings that are accepted here, and k-NN's, each with its default.

Settings with an influence name it in `effect`, or are declared next to the code that obeys them. All others are
accepted, kept and returned, so that scripts written for a cluster run unchanged: on one process they mean nothing.
"""

from __future__ import annotations

import re

from ragstone.core.cluster_settings import (
    SettingValue,
    boolean,
    cluster_setting,
    integer,
    number,
    one_of,
    text,
    text_list,
)
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.units import parse_size, parse_time

_PERCENT = re.compile(r"\d+(?:\.\d+)?%$")
_INT_MAX = 2**31 - 1


def duration(key: str, value: SettingValue) -> str:
    """A time with its unit, kept as it was written."""
    written = text(key, value)
    parse_time(written, key)
    return written


def size(key: str, value: SettingValue) -> str:
    """A size in bytes with its unit, or a percentage, kept as it was written."""
    written = text(key, value)
    if not _PERCENT.match(written):
        parse_size(written, key)
    return written


def disk_bound(key: str, value: SettingValue) -> str:
    """A watermark: size, percentage or ratio."""
    written = text(key, value)
    try:
        if 0 <= float(written) <= 1:
            return written
    except ValueError:
        return size(key, value)
    raise IllegalArgumentException(f"unable to parse [{written}] for setting [{key}]")


_TRUE = (
    "cluster.routing.allocation.disk.threshold_enabled",
    "knn.memory.circuit_breaker.enabled",
    "search.default_allow_partial_results",
    "search.low_level_cancellation",
)
_FALSE = (
    "action.destructive_requires_name",
    "cluster.auto_shrink_voting_configuration",
    "cluster.blocks.read_only",
    "cluster.blocks.read_only_allow_delete",
    "cluster.routing.allocation.same_shard.host",
    "indices.id_field_data.enabled",
    "knn.cache.item.expiry.enabled",
    "knn.circuit_breaker.triggered",
    "knn.remote_index_build.enabled",
    "search.keyword_index_or_doc_values_enabled",
)
_DURATIONS = {
    "cluster.info.update.interval": "30s",
    "cluster.routing.allocation.disk.reroute_interval": "60s",
    "cluster.search.request.slowlog.threshold.debug": "-1",
    "cluster.search.request.slowlog.threshold.info": "-1",
    "cluster.search.request.slowlog.threshold.trace": "-1",
    "cluster.search.request.slowlog.threshold.warn": "-1",
    "indices.recovery.internal_action_long_timeout": "1800000ms",
    "indices.recovery.internal_action_timeout": "15m",
    "indices.recovery.recovery_activity_timeout": "1800000ms",
    "indices.recovery.retry_delay_network": "5s",
    "indices.recovery.retry_delay_state_sync": "500ms",
    "knn.cache.item.expiry.minutes": "3h",
    "knn.quantization.cache.expiry.minutes": "60m",
    "knn.remote_index_build.client.poll_interval": "5s",
    "knn.remote_index_build.client.timeout": "60m",
    "search.cancel_after_time_interval": "-1",
    "search.default_keep_alive": "5m",
    "search.default_search_timeout": "-1",
}
_SIZES = {
    "indices.breaker.fielddata.limit": "40%",
    "indices.breaker.request.limit": "60%",
    "indices.breaker.total.limit": "95%",
    "indices.recovery.max_bytes_per_sec": "40mb",
    "knn.memory.circuit_breaker.limit": "50%",
    "knn.model.cache.size.limit": "10%",
    "knn.quantization.cache.size.limit": "5%",
    "knn.remote_index_build.size.max": "0",
    "knn.remote_index_build.size.min": "50mb",
    "knn.vector_streaming_memory.limit": "1%",
    "network.breaker.inflight_requests.limit": "100%",
}
_WATERMARKS = {
    "cluster.routing.allocation.disk.watermark.flood_stage": "95%",
    "cluster.routing.allocation.disk.watermark.high": "90%",
    "cluster.routing.allocation.disk.watermark.low": "85%",
}
_INTEGERS = {
    # key: default, least, most
    "cluster.max_shards_per_node": (1000, 1, _INT_MAX),
    "cluster.routing.allocation.cluster_concurrent_rebalance": (2, -1, _INT_MAX),
    "cluster.routing.allocation.node_concurrent_incoming_recoveries": (2, 0, _INT_MAX),
    "cluster.routing.allocation.node_concurrent_outgoing_recoveries": (2, 0, _INT_MAX),
    "cluster.routing.allocation.node_concurrent_recoveries": (2, 0, _INT_MAX),
    "cluster.routing.allocation.node_initial_primaries_recoveries": (4, 0, _INT_MAX),
    "cluster.routing.allocation.total_shards_per_node": (-1, -1, _INT_MAX),
    "indices.query.bool.max_clause_count": (1024, 1, _INT_MAX),
    "indices.recovery.max_concurrent_file_chunks": (2, 1, 5),
    "indices.recovery.max_concurrent_operations": (1, 1, 4),
    "knn.algo_param.index_thread_qty": (1, 1, 32),
    "knn.model.index.number_of_replicas": (1, 0, _INT_MAX),
    "knn.model.index.number_of_shards": (1, 1, _INT_MAX),
    "search.max_buckets": (65535, 0, _INT_MAX),
    "search.max_query_string_length": (32000, 1, _INT_MAX),
}
_NUMBERS = {
    "cluster.routing.allocation.balance.index": (0.55, 0.0, 1e9),
    "cluster.routing.allocation.balance.shard": (0.45, 0.0, 1e9),
    "cluster.routing.allocation.balance.threshold": (1.0, 0.0, 1e9),
    "indices.breaker.fielddata.overhead": (1.03, 0.0, 1e9),
    "indices.breaker.request.overhead": (1.0, 0.0, 1e9),
    "knn.circuit_breaker.unset.percentage": (75.0, 0.0, 100.0),
    "network.breaker.inflight_requests.overhead": (2.0, 0.0, 1e9),
}
_WORDS = {
    "cluster.indices.close.enable": ("true", ("true", "false")),
    "cluster.routing.allocation.allow_rebalance": (
        "indices_all_active",
        ("always", "indices_primaries_active", "indices_all_active"),
    ),
    "cluster.routing.allocation.enable": ("all", ("all", "primaries", "new_primaries", "none")),
    "cluster.routing.rebalance.enable": ("all", ("all", "primaries", "replicas", "none")),
    "cluster.no_cluster_manager_block": ("metadata_write", ("all", "write", "metadata_write")),
    "cluster.no_master_block": ("metadata_write", ("all", "write", "metadata_write")),
}
_TEXTS = {
    "knn.remote_index_build.repository": "",
    "knn.remote_index_build.service.endpoint": "",
    "script.max_compilations_rate": "use-context",
}
_LISTS = (
    "cluster.routing.allocation.awareness.attributes",
    "cluster.search.enabled_system_generated_factories",
)
_GROUPS = (
    "cluster.metadata.*",
    "cluster.routing.allocation.awareness.force.*",
    "cluster.routing.allocation.exclude.*",
    "cluster.routing.allocation.include.*",
    "cluster.routing.allocation.require.*",
    "logger.*",
    "script.context.*",
)
_STATIC = (
    "bootstrap.memory_lock",
    "cluster.initial_cluster_manager_nodes",
    "cluster.name",
    "discovery.seed_hosts",
    "discovery.type",
    "http.compression",
    "http.max_content_length",
    "http.port",
    "network.host",
    "node.name",
    "node.roles",
    "path.data",
    "path.logs",
    "path.repo",
    "transport.port",
)

for _key in _TRUE:
    cluster_setting(_key, True, boolean)
for _key in _FALSE:
    cluster_setting(_key, False, boolean)
for _key, _text in _DURATIONS.items():
    cluster_setting(_key, _text, duration)
for _key, _text in _SIZES.items():
    cluster_setting(_key, _text, size)
for _key, _text in _WATERMARKS.items():
    cluster_setting(_key, _text, disk_bound)
for _key, (_whole, _least, _most) in _INTEGERS.items():
    cluster_setting(_key, _whole, integer(_least, _most))
for _key, (_fraction, _low, _high) in _NUMBERS.items():
    cluster_setting(_key, _fraction, number(_low, _high))
for _key, (_word, _words) in _WORDS.items():
    cluster_setting(_key, _word, one_of(*_words))
for _key, _text in _TEXTS.items():
    cluster_setting(_key, _text, text)
for _key in _LISTS:
    cluster_setting(_key, list[str](), text_list)
for _key in _GROUPS:
    cluster_setting(_key, "", text)
for _key in _STATIC:
    cluster_setting(_key, "", text, dynamic=False)
