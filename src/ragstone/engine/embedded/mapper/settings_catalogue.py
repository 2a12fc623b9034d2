"""Every index setting there is: its default, its values, and when it may change.

The names, defaults and limits are those that a recorded OpenSearch 3.4.0 knows. Left out are its settings for remote
stores, searchable snapshots, pull-based ingestion, star trees and segment replication, which do not exist here.
Settings of merging, translog, store and allocation are accepted and shown, and change nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ragstone.core.did_you_mean import hint, similar
from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.units import parse_size, parse_time

Scope = Literal["dynamic", "static", "final", "private"]
"""Changeable at any time; while the index is closed; never; only by the engine."""
Check = Callable[[str, str], None]
"""(full key, text) → nothing, or the error that OpenSearch raises."""


@dataclass(frozen=True)
class Setting:
    """One setting. `default` is its text; the empty one where there is none."""

    key: str
    default: str
    check: Check
    scope: Scope


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _flag(key: str, text: str) -> None:
    if text not in ("true", "false"):
        raise IllegalArgumentException(f"Failed to parse value [{text}] as only [true] or [false] are allowed.")


def _anything(key: str, text: str) -> None:
    """Any text or list."""


def _whole(low: int = -(2**31), high: int = 2**31 - 1) -> Check:
    def check(key: str, text: str) -> None:
        if not re.fullmatch(r"[+-]?\d+", text) or not -(2**31) <= int(text) < 2**31:
            raise _unparsed(key, text)
        if int(text) < low:
            raise IllegalArgumentException(f"Failed to parse value [{text}] for setting [{key}] must be >= {low}")
        if int(text) > high:
            raise IllegalArgumentException(f"Failed to parse value [{text}] for setting [{key}] must be <= {high}")

    return check


def _fraction(low: float) -> Check:
    def check(key: str, text: str) -> None:
        try:
            number = float(text)
        except ValueError:
            raise _unparsed(key, text) from None
        if math.isnan(number) or number < low:
            raise IllegalArgumentException(f"Failed to parse value [{text}] for setting [{key}] must be >= {low}")

    return check


def _unparsed(key: str, text: str) -> IllegalArgumentException:
    return IllegalArgumentException(
        f"Failed to parse value [{text}] for setting [{key}]", cause=NumberFormatException.of(text)
    )


def _time(key: str, text: str) -> None:
    normal = text.strip().lower()
    if re.fullmatch(r"\d+\.\d+[a-z]+", normal):
        number = normal.rstrip("abcdefghijklmnopqrstuvwxyz")
        raise IllegalArgumentException(
            f"failed to parse [{text}], fractional time values are not supported",
            cause=NumberFormatException.of(number),
        )
    if parse_time(text, key) < 0 and normal != "-1":
        raise IllegalArgumentException(
            f"failed to parse setting [{key}] with value [{text}] as a time value: negative durations are not supported"
        )


def _size(key: str, text: str) -> None:
    parse_size(text, key)


def _word(*words: str, refusal: str, fold_case: bool = False) -> Check:
    """One of a few words; `refusal` may name `{key}`, `{text}` and, in capitals, `{TEXT}`."""

    def check(key: str, text: str) -> None:
        if (text.lower() if fold_case else text) not in words:
            raise IllegalArgumentException(refusal.format(key=key, text=text, TEXT=text.upper()))

    return check


def _expansion(key: str, text: str) -> None:
    """`false`, `0-all`, `0-5`."""
    found = re.fullmatch(r"(\d+)-(all|\d+)", text)
    if text == "false":
        return
    if found is None:
        dash = text.find("-")
        raise IllegalArgumentException(f"failed to parse [{key}] from value: [{text}] at index {dash}")
    if found[2] != "all" and int(found[1]) > int(found[2]):
        raise IllegalArgumentException(f"[{key}] minReplicas must be =< maxReplicas but wasn't {found[1]} > {found[2]}")


def _active_shards(key: str, text: str) -> None:
    if text == "all":
        return
    if not re.fullmatch(r"-?\d+", text):
        raise IllegalArgumentException(f"cannot parse ActiveShardCount[{text}]", cause=NumberFormatException.of(text))
    if int(text) < 0:
        raise IllegalArgumentException("shard count cannot be a negative value")


def _soft_deletes(key: str, text: str) -> None:
    _flag(key, text)
    if text == "false":
        raise IllegalArgumentException(
            "Creating indices with soft-deletes disabled is no longer supported. "
            f"Please do not specify a value for setting [{key}]."
        )


# ── the settings ─────────────────────────────────────────────────────────────────────────────────────────────────────

_LEVEL = _word(
    *("trace", "debug", "info", "warn"),
    refusal="No enum constant org.opensearch.common.logging.SlowLogLevel.{TEXT}",
    fold_case=True,
)
_CODEC = _word(
    *("default", "lz4", "best_compression", "zlib"),
    refusal="unknown value for [{key}] must be one of [default, lz4, best_compression, zlib] but was: {text}",
)
_STORE = _word("", "fs", "niofs", "mmapfs", "hybridfs", refusal="Unknown store type [{text}]")
_REPLICATION = _word("document", "segment", refusal="Could not parse ReplicationStrategy for [{text}]", fold_case=True)
_DURABILITY = _word(
    *("request", "async"),
    refusal="No enum constant org.opensearch.index.translog.Translog.Durability.{TEXT}",
    fold_case=True,
)
_MERGE_POLICY = _word(
    *("tiered", "log_byte_size", "default"),
    refusal=("The setting has unsupported policy specified: {text}. Please use one of: tiered, log_byte_size, default"),
)
_REBALANCE = _word(
    *("none", "replicas", "primaries", "all"), refusal="Illegal rebalance.enable value [{TEXT}]", fold_case=True
)
_ALLOCATION = _word(
    *("none", "new_primaries", "primaries", "all"), refusal="Illegal allocation.enable value [{TEXT}]", fold_case=True
)
_MODE = _word("all", "none", "auto", refusal="Setting value must be one of [all, none, auto]")

_TABLE: Mapping[Scope, Mapping[str, tuple[str, Check]]] = {
    "dynamic": {
        # read by the engine
        "number_of_replicas": ("1", _whole(0)),
        "refresh_interval": ("1s", _time),
        "hidden": ("false", _flag),
        "blocks.metadata": ("false", _flag),
        "blocks.read": ("false", _flag),
        "blocks.read_only": ("false", _flag),
        "blocks.read_only_allow_delete": ("false", _flag),
        "blocks.search_only": ("false", _flag),
        "blocks.write": ("false", _flag),
        "default_pipeline": ("_none", _anything),
        "final_pipeline": ("_none", _anything),
        "search.default_pipeline": ("_none", _anything),
        "query.default_field": ("*", _anything),
        "query.max_nested_depth": ("20", _whole(1)),
        "max_result_window": ("10000", _whole(1)),
        "max_inner_result_window": ("100", _whole(1)),
        "max_rescore_window": ("10000", _whole(1)),
        "max_docvalue_fields_search": ("100", _whole(0)),
        "max_script_fields": ("32", _whole(0)),
        "max_terms_count": ("65536", _whole(1)),
        "max_regex_length": ("1000", _whole(1)),
        "max_ngram_diff": ("1", _whole(0)),
        "max_shingle_diff": ("3", _whole(0)),
        "max_slices_per_pit": ("1024", _whole(1)),
        "max_slices_per_scroll": ("1024", _whole(1)),
        "max_adjacency_matrix_filters": ("100", _whole(2)),
        "max_refresh_listeners": ("1000", _whole(0)),
        "analyze.max_token_count": ("10000", _whole(1)),
        "highlight.max_analyzed_offset": ("1000000", _whole(1)),
        "mapping.total_fields.limit": ("1000", _whole(0)),
        "mapping.depth.limit": ("20", _whole(1)),
        "mapping.field_name_length.limit": ("50000", _whole(1)),
        "mapping.nested_fields.limit": ("50", _whole(0)),
        "mapping.nested_objects.limit": ("10000", _whole(0)),
        "translog.durability": ("REQUEST", _DURABILITY),
        "knn.algo_param.ef_search": ("100", _whole(2)),
        "knn.advanced.approximate_threshold": ("0", _whole(-1)),
        "knn.advanced.filtered_exact_search_threshold": ("-1", _whole()),
        "knn.faiss.efficient_filter.disable_exact_search": ("false", _flag),
        "knn.disk.vector.shard_level_rescoring_disabled": ("false", _flag),
        "knn.remote_index_build.enabled": ("true", _flag),
        "knn.remote_index_build.size.min": ("50mb", _size),
        # accepted and shown
        "number_of_search_replicas": ("0", _whole(0)),
        "auto_expand_replicas": ("false", _expansion),
        "priority": ("1", _whole(0)),
        "gc_deletes": ("60s", _time),
        "periodic_flush_interval": ("-1", _time),
        "requests.cache.enable": ("true", _flag),
        "write.wait_for_active_shards": ("1", _active_shards),
        "search.idle.after": ("30s", _time),
        "search.concurrent_segment_search.enabled": ("false", _flag),
        "search.concurrent_segment_search.mode": ("none", _MODE),
        "search.concurrent.max_slice_count": ("1", _whole(0)),
        "unassigned.node_left.delayed_timeout": ("1m", _time),
        "allocation.max_retries": ("5", _whole(0)),
        "routing.allocation.enable": ("all", _ALLOCATION),
        "routing.rebalance.enable": ("all", _REBALANCE),
        "routing.allocation.total_shards_per_node": ("-1", _whole(-1)),
        "routing.allocation.total_primary_shards_per_node": ("-1", _whole(-1)),
        "soft_deletes.retention.operations": ("0", _whole(0)),
        "soft_deletes.retention_lease.period": ("12h", _time),
        "translog.flush_threshold_size": ("512mb", _size),
        "translog.generation_threshold_size": ("64mb", _size),
        "translog.retention.age": ("-1", _time),
        "translog.retention.size": ("-1", _size),
        "translog.sync_interval": ("5s", _time),
        "flush_after_merge": ("512mb", _size),
        "auto_force_merge.enabled": ("true", _flag),
        "merge_on_flush.enabled": ("true", _flag),
        "merge_on_flush.max_full_flush_merge_wait_time": ("10s", _time),
        "merge.policy.deletes_pct_allowed": ("20.0", _fraction(5.0)),
        "merge.policy.expunge_deletes_allowed": ("10.0", _fraction(0.0)),
        "merge.policy.floor_segment": ("16mb", _size),
        "merge.policy.max_merge_at_once": ("30", _whole(2)),
        "merge.policy.max_merged_segment": ("5gb", _size),
        "merge.policy.reclaim_deletes_weight": ("2.0", _fraction(0.0)),
        "merge.policy.segments_per_tier": ("10.0", _fraction(2.0)),
        "merge.log_byte_size_policy.merge_factor": ("10", _whole(2)),
        "merge.log_byte_size_policy.max_merged_docs": ("2147483647", _whole()),
        "merge.log_byte_size_policy.min_merge": ("16mb", _size),
        "merge.log_byte_size_policy.max_merge_segment": ("5gb", _size),
        "merge.scheduler.auto_throttle": ("true", _flag),
        "merge.scheduler.max_force_merge_mb_per_sec": ("Infinity", _fraction(0.0)),
        "merge.scheduler.max_merge_count": ("6", _whole(1)),
        "merge.scheduler.max_thread_count": ("1", _whole(1)),
        "indexing.slowlog.level": ("TRACE", _LEVEL),
        "indexing.slowlog.reformat": ("true", _flag),
        "indexing.slowlog.source": ("1000", _anything),
        "search.slowlog.level": ("TRACE", _LEVEL),
        **{
            f"{log}.{level}": ("-1", _time)
            for log in (
                "indexing.slowlog.threshold.index",
                "search.slowlog.threshold.fetch",
                "search.slowlog.threshold.query",
            )
            for level in ("trace", "debug", "info", "warn")
        },
    },
    "static": {
        "mapping.coerce": ("true", _flag),
        "mapping.ignore_malformed": ("false", _flag),
        "number_of_routing_shards": ("1", _whole(1)),
        "routing_partition_size": ("1", _whole(1)),
        "codec": ("default", _CODEC),
        "codec.compression_level": ("3", _whole(1, 6)),
        "store.type": ("", _STORE),
        "store.preload": ("", _anything),
        "store.stats_refresh_interval": ("10s", _time),
        "queries.cache.enabled": ("true", _flag),
        "query.parse.allow_unmapped_fields": ("true", _flag),
        "query_string.lenient": ("false", _flag),
        "load_fixed_bitset_filters_eagerly": ("true", _flag),
        "use_compound_file": ("true", _flag),
        "check_pending_flush.enabled": ("true", _flag),
        "merge.policy": ("default", _MERGE_POLICY),
        "knn.memory_optimized_search": ("false", _flag),
        "creation_date": ("-1", _anything),
    },
    "final": {
        "number_of_shards": ("1", _whole(1, 1024)),
        "replication.type": ("DOCUMENT", _REPLICATION),
        "soft_deletes.enabled": ("true", _soft_deletes),
        "sort.field": ("", _anything),
        "sort.order": ("", _anything),
        "sort.mode": ("", _anything),
        "sort.missing": ("", _anything),
        "knn": ("false", _flag),
        "knn.derived_source.enabled": ("false", _flag),
    },
    "private": {
        "uuid": ("", _anything),
        "version.created": ("", _anything),
        "history.uuid": ("", _anything),
        "verified_before_close": ("false", _flag),
    },
}

SETTINGS: Mapping[str, Setting] = {
    f"index.{key}": Setting(f"index.{key}", default, check, scope)
    for scope, rows in _TABLE.items()
    for key, (default, check) in rows.items()
}

_GROUPS: Mapping[str, Scope] = {
    "index.analysis.": "static",
    "index.similarity.": "static",
    "index.routing.allocation.include.": "dynamic",
    "index.routing.allocation.exclude.": "dynamic",
    "index.routing.allocation.require.": "dynamic",
}
"""Prefixes below which every key is a setting."""

DEPENDENCIES: Mapping[str, str] = {
    "index.knn.derived_source.enabled": "index.knn",
    "index.codec.compression_level": "index.codec",
}
"""Settings that make sense only beside another one that must be given, too."""


def find(key: str) -> Setting | None:
    """The setting with this full key; None when there is none."""
    found = SETTINGS.get(key)
    if found is not None:
        return found
    for prefix, scope in _GROUPS.items():
        if key.startswith(prefix) and len(key) > len(prefix):
            return Setting(key, "", _anything, scope)
    return None


def unknown_text(key: str) -> str:
    """`unknown setting [..] did you mean [..]?`, or the long advice when no name is near."""
    near = similar(key, SETTINGS, 0.7)
    if not near:
        return (
            f"unknown setting [{key}] please check that any required plugins are installed, or check the breaking "
            "changes documentation for removed settings"
        )
    return f"unknown setting [{key}]{hint(near)}"
