"""Index settings: made, changed, read. Texts are those of a recorded OpenSearch 3.4.0."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import OpenSearchException
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.values import IndexMetadata

PLEASE = "please check that any required plugins are installed, or check the breaking changes documentation for removed settings"
IDENTITY = {
    "index.creation_date": "5",
    "index.provided_name": "i",
    "index.uuid": "u",
    "index.version.created": "137257827",
    "index.replication.type": "DOCUMENT",
}


def new(body: dict[str, Any]) -> IndexSettings:
    return IndexSettings.of_new_index(body, name="i", uuid="u", creation_date=5)


def shown(settings: IndexSettings) -> dict[str, Any]:
    """Without what every index shows."""
    return {key: value for key, value in settings.flat.items() if key not in IDENTITY}


def metadata(settings: IndexSettings, *, open: bool = True) -> IndexMetadata:
    return IndexMetadata("i", "u", settings.flat, {}, {}, 5, open=open)


def test_every_index_shows_shards_replicas_and_who_it_is() -> None:
    assert dict(new({}).flat) == {"index.number_of_replicas": "1", "index.number_of_shards": "1", **IDENTITY}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"index": {"number_of_shards": 2}, "number_of_replicas": "0", "index.refresh_interval": "-1"}, {"index.number_of_replicas": "0", "index.number_of_shards": "2", "index.refresh_interval": "-1"}),
        ({"index.number_of_shards": "2", "number_of_shards": 3}, {"index.number_of_replicas": "1", "index.number_of_shards": "3"}),
        ({"number_of_shards": {}}, {"index.number_of_replicas": "1", "index.number_of_shards": "1"}),
        ({"hidden": True}, {"index.hidden": "true", "index.number_of_replicas": "1", "index.number_of_shards": "1"}),
        ({"query": {"default_field": ["a", "b"]}}, {"index.query.default_field": ["a", "b"], "index.number_of_replicas": "1", "index.number_of_shards": "1"}),
        ({"number_of_replicas": None}, {"index.number_of_replicas": "1", "index.number_of_shards": "1"}),
        ({"knn": True}, {"index.knn": "true", "index.knn.derived_source.enabled": "true", "index.number_of_replicas": "1", "index.number_of_shards": "1"}),
        ({"knn": True, "knn.derived_source.enabled": False}, {"index.knn": "true", "index.knn.derived_source.enabled": "false", "index.number_of_replicas": "1", "index.number_of_shards": "1"}),
        ({"analysis": {"analyzer": {"a": {"type": "standard", "stopwords": ["a", "b"], "max_token_length": 5}}}}, {"index.analysis.analyzer.a.max_token_length": "5", "index.analysis.analyzer.a.stopwords": ["a", "b"], "index.analysis.analyzer.a.type": "standard", "index.number_of_replicas": "1", "index.number_of_shards": "1"}),
    ],
)  # fmt: skip
def test_settings_come_nested_dotted_or_mixed_and_become_flat_texts(
    body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert shown(new(body)) == expected


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"index.colour": 1}, "settings_exception", f"unknown setting [index.colour] {PLEASE}"),
        ({"index.refresh_intervl": "1s"}, "settings_exception", "unknown setting [index.refresh_intervl] did you mean [index.refresh_interval]?"),
        ({"number_of_replica": 1}, "settings_exception", "unknown setting [index.number_of_replica] did you mean any of [index.number_of_replicas, index.number_of_search_replicas]?"),
        ({"nope": None}, "settings_exception", "unknown setting [index.nope] did you mean [index.codec]?"),
        ({"index": 5}, "settings_exception", "unknown setting [index.index] did you mean any of [index.hidden, index.codec]?"),
        ({"index.index.hidden": True}, "settings_exception", f"unknown setting [index.index.hidden] {PLEASE}"),
        ({"number_of_shards": {"x": 1}}, "settings_exception", "unknown setting [index.number_of_shards.x] did you mean [index.number_of_shards]?"),
        ({"index.knn.bogus": 1}, "settings_exception", f"unknown setting [index.knn.bogus] {PLEASE}"),
        ({"index.knn.algo_param.m": 16}, "settings_exception", f"unknown setting [index.knn.algo_param.m] {PLEASE}"),
        ({"index.knn.algo_param.ef_construction": 100}, "settings_exception", "unknown setting [index.knn.algo_param.ef_construction] did you mean [index.knn.algo_param.ef_search]?"),
        ({"index.knn.derived_source.enabled": True}, "settings_exception", "missing required setting [index.knn] for setting [index.knn.derived_source.enabled]"),
        ({"number_of_shards": "x"}, "illegal_argument_exception", "Failed to parse value [x] for setting [index.number_of_shards]"),
        ({"number_of_shards": 1.0}, "illegal_argument_exception", "Failed to parse value [1.0] for setting [index.number_of_shards]"),
        ({"number_of_shards": [1]}, "illegal_argument_exception", "Failed to parse value [[1]] for setting [index.number_of_shards]"),
        ({"number_of_shards": 0}, "illegal_argument_exception", "Failed to parse value [0] for setting [index.number_of_shards] must be >= 1"),
        ({"number_of_shards": 2000}, "illegal_argument_exception", "Failed to parse value [2000] for setting [index.number_of_shards] must be <= 1024"),
        ({"number_of_replicas": -1}, "illegal_argument_exception", "Failed to parse value [-1] for setting [index.number_of_replicas] must be >= 0"),
        ({"knn.algo_param.ef_search": 1}, "illegal_argument_exception", "Failed to parse value [1] for setting [index.knn.algo_param.ef_search] must be >= 2"),
        ({"refresh_interval": 5}, "illegal_argument_exception", "failed to parse setting [index.refresh_interval] with value [5] as a time value: unit is missing or unrecognized"),
        ({"refresh_interval": "-5s"}, "illegal_argument_exception", "failed to parse setting [index.refresh_interval] with value [-5s] as a time value: negative durations are not supported"),
        ({"refresh_interval": "1.5s"}, "illegal_argument_exception", "failed to parse [1.5s], fractional time values are not supported"),
        ({"knn": "maybe"}, "illegal_argument_exception", "Failed to parse value [maybe] as only [true] or [false] are allowed."),
        ({"codec": "zstd"}, "illegal_argument_exception", "unknown value for [index.codec] must be one of [default, lz4, best_compression, zlib] but was: zstd"),
        ({"replication.type": "x"}, "illegal_argument_exception", "Could not parse ReplicationStrategy for [x]"),
        ({"uuid": "x"}, "validation_exception", "Validation Failed: 1: private index setting [index.uuid] can not be set explicitly;"),
        ({"number_of_routing_shards": 4, "number_of_shards": 3}, "illegal_argument_exception", "the number of source shards [3] must be a factor of [4]"),
        ({"similarity": {"s": {"type": "nope"}}}, "illegal_argument_exception", "Unknown Similarity type [nope] for [s]"),
        ({"similarity": {"default": {"type": "BM25", "b": 0.5}}}, "illegal_argument_exception", "[similarity] other than [BM25] with k1 [1.2] and b [0.75] is not supported by Ragstone yet"),
        ({"similarity": {"s": {"type": "BM25", "b": 5}}}, "illegal_argument_exception", "illegal b value: 5.0, must be between 0 and 1"),
        ({"analysis": {"analyzer": {"a": {"filter": [{"type": "x"}]}}}}, "settings_exception", 'Failed to load settings from [{"analysis":{"analyzer":{"a":{"filter":[{"type":"x"}]}}}}]'),
        ({"search.concurrent_segment_search.mode": "x"}, "illegal_argument_exception", "Setting value must be one of [all, none, auto]"),
        ({"auto_expand_replicas": "zzz"}, "illegal_argument_exception", "failed to parse [index.auto_expand_replicas] from value: [zzz] at index -1"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused_in_opensearchs_words(body: dict[str, Any], kind: str, reason: str) -> None:
    with pytest.raises(OpenSearchException) as error:
        new(body)
    assert (error.value.type_name(), error.value.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"index.number_of_shards": 2}, "illegal_argument_exception", "Can't update non dynamic settings [[index.number_of_shards]] for open indices [[i/u]]"),
        ({"index.number_of_shards": 2, "codec": "default"}, "illegal_argument_exception", "Can't update non dynamic settings [[index.codec, index.number_of_shards]] for open indices [[i/u]]"),
        ({"index.number_of_shards": None}, "illegal_argument_exception", "Can't update non dynamic settings [[index.number_of_shards]] for open indices [[i/u]]"),
        ({"analysis": {"analyzer": {"a": {"type": "simple"}}}}, "illegal_argument_exception", "Can't update non dynamic settings [[index.analysis.analyzer.a.type]] for open indices [[i/u]]"),
        ({"number_of_replicas": 1, "nope": 2}, "settings_exception", "unknown setting [index.nope] did you mean [index.codec]?"),
        ({"index.uuid": "x"}, "settings_exception", "can not update private setting [index.uuid]; this setting is managed by OpenSearch"),
        ({"provided_name": "z"}, "settings_exception", f"unknown setting [index.provided_name] {PLEASE}"),
        ({"max_result_window": 0}, "illegal_argument_exception", "Failed to parse value [0] for setting [index.max_result_window] must be >= 1"),
    ],
)  # fmt: skip
def test_bad_changes_are_refused(body: dict[str, Any], kind: str, reason: str) -> None:
    settings = new({})
    with pytest.raises(OpenSearchException) as error:
        settings.updated(body, index=metadata(settings))
    assert (error.value.type_name(), error.value.reason) == (kind, reason)


def test_dynamic_settings_change_null_resets_and_preserve_existing_keeps() -> None:
    settings = new({"number_of_replicas": 0})
    settings = settings.updated(
        {"index": {"refresh_interval": "30s", "max_result_window": 20}}, index=metadata(settings)
    )
    settings = settings.updated(
        {"refresh_interval": "1s", "index.max_rescore_window": 5}, index=metadata(settings), preserve_existing=True
    )
    assert settings.text("index.refresh_interval") == "30s"
    settings = settings.updated({"index.max_result_window": None, "refresh_interval": None}, index=metadata(settings))
    assert shown(settings) == {
        "index.number_of_replicas": "0",
        "index.number_of_shards": "1",
        "index.max_rescore_window": "5",
    }
    settings = settings.updated({"settings": {"number_of_replicas": "2"}}, index=metadata(settings))
    assert settings.number("index.number_of_replicas") == 2
    assert (
        settings.updated({"number_of_replicas": None}, index=metadata(settings)).number("index.number_of_replicas") == 1
    )


def test_null_for_a_pattern_resets_all_it_means() -> None:
    settings = new({"blocks.write": True, "blocks.read": True, "priority": 3})
    settings = settings.updated({"index.blocks.*": None}, index=metadata(settings))
    assert shown(settings) == {"index.number_of_replicas": "1", "index.number_of_shards": "1", "index.priority": "3"}


def test_a_closed_index_takes_static_settings_but_no_final_ones() -> None:
    settings = new({})
    closed = settings.updated({"codec": "best_compression"}, index=metadata(settings, open=False))
    assert closed.text("index.codec") == "best_compression"
    with pytest.raises(OpenSearchException) as error:
        settings.updated({"number_of_shards": 2}, index=metadata(settings, open=False))
    assert (error.value.type_name(), error.value.reason) == (
        "settings_exception",
        "final i setting [index.number_of_shards], not updateable",
    )


def test_reading_falls_back_to_defaults() -> None:
    settings = new({"query.default_field": "a, b"})
    assert settings.number("index.max_result_window") == 10000
    assert settings.seconds("index.refresh_interval") == 1.0
    assert not settings.flag("index.knn")
    assert settings.texts("index.query.default_field") == ["a", "b"]
    assert new({}).texts("index.query.default_field") == ["*"]
