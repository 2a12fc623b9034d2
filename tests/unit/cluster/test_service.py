"""Cluster settings: what is accepted, kept, in force, and told back."""

from typing import Any

import pytest

import ragstone.cluster.settings  # noqa: F401  (declares them)
from ragstone.cluster.service import ClusterService, SettingsUpdate
from ragstone.core.cluster_settings import find
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    OpenSearchException,
    SettingsException,
)
from ragstone.testing.records import MemoryRecords

MAX_BUCKETS = find("search.max_buckets") or pytest.fail("not declared")


async def start(engine: MemoryRecords, **configured: Any) -> ClusterService:
    service = ClusterService(engine, configured)
    await service.start()
    return service


def persistent(**settings: Any) -> SettingsUpdate:
    return SettingsUpdate.parse({"persistent": settings})


async def test_a_change_is_in_force_at_once_and_outlives_the_process() -> None:
    engine = MemoryRecords()
    service = await start(engine)
    assert service.get(MAX_BUCKETS) == 65535

    assert await service.update(persistent(**{"search.max_buckets": 60000})) == ({"search.max_buckets": "60000"}, {})

    assert service.get(MAX_BUCKETS) == 60000
    again = await start(engine)
    assert again.get(MAX_BUCKETS) == 60000
    assert again.persistent == {"search.max_buckets": "60000"}


async def test_transient_beats_persistent_beats_configured_beats_default() -> None:
    service = await start(MemoryRecords(), **{"search.max_buckets": 1})
    assert service.get(MAX_BUCKETS) == 1
    await service.update(SettingsUpdate({"search.max_buckets": "2"}, {"search.max_buckets": "3"}))
    assert service.get(MAX_BUCKETS) == 3
    await service.update(SettingsUpdate({}, {"search.max_buckets": None}))
    assert service.get(MAX_BUCKETS) == 2
    await service.update(SettingsUpdate({"search.max_buckets": None}, {}))
    assert service.get(MAX_BUCKETS) == 1


async def test_nested_and_dotted_keys_mean_the_same_and_values_become_texts() -> None:
    update = SettingsUpdate.parse(
        {
            "persistent": {
                "cluster": {"routing.allocation": {"enable": "all", "awareness": {"attributes": ["a", 1, True]}}},
                "cluster.routing.allocation.balance.index": 0.5,
            },
            "transient": {"action": {"destructive_requires_name": True}, "search": {"max_buckets": None}},
            "else": {"ignored": 1},
        }
    )
    assert update.persistent == {
        "cluster.routing.allocation.enable": "all",
        "cluster.routing.allocation.awareness.attributes": ["a", "1", "true"],
        "cluster.routing.allocation.balance.index": "0.5",
    }
    assert update.transient == {"action.destructive_requires_name": "true", "search.max_buckets": None}


async def test_a_pattern_resets_all_that_it_means() -> None:
    service = await start(MemoryRecords())
    await service.update(persistent(**{"search.max_buckets": 5, "search.max_keep_alive": "1h", "logger.x": "debug"}))
    assert await service.update(persistent(**{"search.*": None})) == ({}, {})
    assert service.persistent == {"logger.x": "debug"}


@pytest.mark.parametrize(
    ("settings", "kind", "reason"),
    [
        ({"core.nothing": 1}, SettingsException, "persistent setting [core.nothing], not recognized"),
        ({"core.nothing": None}, SettingsException, "persistent setting [core.nothing], not recognized"),
        ({"node.name": "x"}, SettingsException, "persistent setting [node.name], not dynamically updateable"),
        (
            {"search.max_buckets": "many"},
            IllegalArgumentException,
            "Failed to parse value [many] for setting [search.max_buckets]",
        ),
        (
            {"search.max_buckets": -1},
            IllegalArgumentException,
            "Failed to parse value [-1] for setting [search.max_buckets] must be >= 0",
        ),
        (
            {"search.default_keep_alive": "5"},
            IllegalArgumentException,
            "failed to parse setting [search.default_keep_alive] with value [5] as a time value: unit is missing or "
            "unrecognized",
        ),
        (
            {"action.destructive_requires_name": "yes"},
            IllegalArgumentException,
            "Failed to parse value [yes] as only [true] or [false] are allowed.",
        ),
    ],
)
async def test_one_wrong_setting_changes_nothing(
    settings: dict[str, Any], kind: type[OpenSearchException], reason: str
) -> None:
    service = await start(MemoryRecords())
    with pytest.raises(kind) as error:
        await service.update(SettingsUpdate.parse({"persistent": {"knn.algo_param.index_thread_qty": 1, **settings}}))
    assert error.value.reason == reason
    assert service.persistent == {}


@pytest.mark.parametrize("body", [{}, {"persistent": {}}, {"lasting": {"a": 1}}, {"persistent": None}])
def test_nothing_to_change_is_a_fault(body: dict[str, Any]) -> None:
    with pytest.raises(ActionRequestValidationException) as error:
        SettingsUpdate.parse(body)
    assert error.value.reason == "Validation Failed: 1: no settings to update;"


@pytest.mark.parametrize("section", ["x", [], 1, {"a": [{"b": 1}]}, {"a": [[1]]}])
def test_settings_that_are_no_settings_are_refused(section: Any) -> None:
    with pytest.raises(OpenSearchException) as error:
        SettingsUpdate.parse({"persistent": section})
    assert error.value.status == 400


async def test_changes_of_another_process_are_kept() -> None:
    engine = MemoryRecords()
    one, other = await start(engine), await start(engine)
    await one.update(persistent(**{"search.max_buckets": 1}))
    await other.update(persistent(**{"knn.algo_param.index_thread_qty": 2}))
    assert other.persistent == {"search.max_buckets": "1", "knn.algo_param.index_thread_qty": "2"}


async def test_an_unknown_setting_in_the_configuration_stops_the_start() -> None:
    with pytest.raises(IllegalArgumentException, match=r"unknown cluster setting \[a.b\]"):
        await start(MemoryRecords(), **{"a.b": 1})


async def test_defaults_are_what_nobody_has_set() -> None:
    service = await start(MemoryRecords(), **{"knn.algo_param.index_thread_qty": 7})
    await service.update(persistent(**{"search.max_buckets": 1}))
    defaults = service.defaults()
    assert defaults["search.max_query_string_length"] == "32000"
    assert defaults["knn.algo_param.index_thread_qty"] == "7"
    assert "search.max_buckets" not in defaults
    assert "node.name" not in defaults
