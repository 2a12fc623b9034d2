"""The guarantees of MetadataEngine, but for its records."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ragstone.core.errors import (
    IllegalArgumentException,
    IndexClosedException,
    IndexNotFoundException,
    InvalidAliasNameException,
    InvalidIndexNameException,
    MapperParsingException,
    OpenSearchException,
    ResourceAlreadyExistsException,
    SettingsException,
)
from ragstone.engine.api import Engine
from ragstone.engine.values import QueryRequest
from ragstone.testing.engine_contract.words import (
    EVERYTHING,
    Opened,
    OpenEngine,
    ids,
    index,
    kinds,
    made,
    query,
)


class MetadataContract(Opened):
    async def test_metadata_is_a_picture_of_one_moment(self, engine: Engine) -> None:
        before = await engine.metadata()
        await made(engine)
        assert "books" not in before.indices
        after = await engine.metadata()
        assert after.indices["books"].name == "books"
        assert after.cluster_uuid == before.cluster_uuid

    async def test_a_created_index_outlives_a_restart(self, open_engine: OpenEngine) -> None:
        mappings = {"properties": {"title": {"type": "text"}}}
        async with open_engine() as engine:
            made_index = await engine.create_index("books", {"number_of_replicas": 0}, mappings, {"shelf": {}})
        async with open_engine() as engine:
            metadata = await engine.metadata()
        found = metadata.indices["books"]
        assert found.uuid == made_index.uuid
        assert found.mappings == mappings
        assert found.aliases == {"shelf": {}}
        assert found.number_of_replicas == 0

    @pytest.mark.parametrize(
        "settings",
        [
            {"index": {"max_result_window": 7}},
            {"index.max_result_window": 7},
            {"max_result_window": "7"},
            {"index": {"max_result_window": 7}, "number_of_shards": 1},
        ],
    )
    async def test_settings_may_be_nested_flat_or_mixed(self, engine: Engine, settings: dict[str, Any]) -> None:
        found = await engine.create_index("books", settings, {}, {})
        assert found.settings["index.max_result_window"] == "7"
        assert found.settings["index.number_of_shards"] == "1"

    async def test_an_index_made_for_a_write_is_there_and_empty(self, engine: Engine) -> None:
        await engine.create_index_for_write("books")
        assert (await engine.metadata()).indices["books"].open
        await engine.refresh(["books"])
        assert (await engine.stats("books")).documents == 0

    async def test_an_index_name_is_taken_only_once(self, engine: Engine) -> None:
        await made(engine, aliases={"shelf": {}})
        with pytest.raises(ResourceAlreadyExistsException, match=r"index \[books/.+\] already exists"):
            await made(engine)
        with pytest.raises(InvalidIndexNameException, match="already exists as alias"):
            await made(engine, "shelf")

    @pytest.mark.parametrize(
        ("parts", "error"),
        [
            ({"settings": {"index.colour": 1}}, SettingsException),
            ({"settings": {"number_of_shards": 0}}, IllegalArgumentException),
            ({"mappings": {"properties": {"a": {"type": "stringy"}}}}, MapperParsingException),
        ],
    )
    async def test_an_index_that_is_refused_leaves_nothing(
        self, engine: Engine, parts: dict[str, Any], error: type[OpenSearchException]
    ) -> None:
        with pytest.raises(error):
            await made(engine, **parts)
        assert "books" not in (await engine.metadata()).indices
        await made(engine)

    async def test_a_bad_index_name_is_refused(self, engine: Engine) -> None:
        with pytest.raises(InvalidIndexNameException, match=r"Invalid index name \[Books\], must be lowercase"):
            await made(engine, "Books")

    async def test_of_many_creations_at_once_one_wins(self, engine: Engine) -> None:
        outcomes = await asyncio.gather(*(made(engine) for _ in range(5)), return_exceptions=True)
        assert kinds(outcomes) == ["NoneType", *["ResourceAlreadyExistsException"] * 4]

    async def test_a_deleted_index_takes_its_documents_along(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1")], refresh="true")
            await engine.delete_index("books")
            with pytest.raises(IndexNotFoundException):
                await engine.get("books", "1")
            await made(engine)
            assert await ids(engine) == []
            await engine.delete_index("books")
        async with open_engine() as engine:
            assert "books" not in (await engine.metadata()).indices

    async def test_a_missing_index_is_told_by_every_call(self, engine: Engine) -> None:
        calls = [
            engine.delete_index("none"),
            engine.open_index("none"),
            engine.close_index("none"),
            engine.put_mapping("none", {}),
            engine.put_settings("none", {"index.max_result_window": 5}),
            engine.update_aliases([("none", "a", {})]),
            engine.bulk("none", [index("1")]),
            engine.get("none", "1"),
            engine.query(QueryRequest(["none"], [query(EVERYTHING)])),
            engine.count(["none"], query(EVERYTHING)),
            engine.refresh(["none"]),
            engine.flush(["none"]),
            engine.stats("none"),
        ]
        for call in calls:
            with pytest.raises(IndexNotFoundException, match=r"no such index \[none\]"):
                await call

    async def test_a_closed_index_keeps_documents_and_searches_out_until_it_is_opened(
        self, open_engine: OpenEngine
    ) -> None:
        async with open_engine() as engine:
            await made(engine)
            await engine.bulk("books", [index("1")], refresh="true")
            await engine.close_index("books")
        async with open_engine() as engine:
            assert (await engine.metadata()).indices["books"].open is False
            for call in (
                engine.bulk("books", [index("2")]),
                engine.get("books", "1"),
                engine.query(QueryRequest(["books"], [query(EVERYTHING)])),
                engine.count(["books"], query(EVERYTHING)),
            ):
                with pytest.raises(IndexClosedException, match="closed"):
                    await call
            await engine.open_index("books")
            await engine.bulk("books", [index("2")], refresh="true")
            assert await ids(engine) == ["1", "2"]

    async def test_a_closed_index_takes_static_settings(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"t": {"type": "text"}}})
        await engine.bulk("books", [index("1", {"t": "One"})], refresh="true")
        with pytest.raises(IllegalArgumentException, match="Can't update non dynamic settings"):
            await engine.put_settings("books", {"codec": "best_compression"})
        await engine.close_index("books")
        await engine.put_settings("books", {"codec": "best_compression"})
        await engine.open_index("books")
        assert (await engine.metadata()).indices["books"].settings["index.codec"] == "best_compression"
        await engine.bulk("books", [index("2", {"t": "Two"})], refresh="true")
        assert await ids(engine) == ["1", "2"]

    async def test_a_mapping_grows_and_is_not_changed_by_a_refused_one(self, engine: Engine) -> None:
        await made(engine, mappings={"properties": {"a": {"type": "keyword"}}})
        await engine.put_mapping("books", {"properties": {"b": {"type": "long"}}})
        with pytest.raises(IllegalArgumentException, match=r"mapper \[a\] cannot be changed from type \[keyword\]"):
            await engine.put_mapping("books", {"properties": {"c": {"type": "long"}, "a": {"type": "text"}}})
        mappings = (await engine.metadata()).indices["books"].mappings
        assert mappings == {"properties": {"a": {"type": "keyword"}, "b": {"type": "long"}}}

    async def test_dynamic_settings_change_and_null_removes_them(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine)
            version = (await engine.metadata()).indices["books"].version
            await engine.put_settings("books", {"index": {"max_result_window": 20, "refresh_interval": "30s"}})
            await engine.put_settings(
                "books", {"refresh_interval": "1s", "max_rescore_window": 5}, preserve_existing=True
            )
            await engine.put_settings("books", {"index.max_result_window": None})
        async with open_engine() as engine:
            found = (await engine.metadata()).indices["books"]
        assert found.settings["index.refresh_interval"] == "30s"
        assert found.settings["index.max_rescore_window"] == "5"
        assert "index.max_result_window" not in found.settings
        assert found.version > version

    async def test_a_refused_setting_changes_nothing(self, engine: Engine) -> None:
        await made(engine)
        before = (await engine.metadata()).indices["books"]
        for settings, error in (
            ({"index.colour": 1, "index.max_result_window": 5}, SettingsException),
            ({"index.number_of_shards": 2, "index.max_result_window": 5}, IllegalArgumentException),
            ({"index.max_result_window": 0}, IllegalArgumentException),
        ):
            with pytest.raises(error):
                await engine.put_settings("books", settings)
        assert (await engine.metadata()).indices["books"] == before

    async def test_aliases_change_together_or_not_at_all(self, open_engine: OpenEngine) -> None:
        async with open_engine() as engine:
            await made(engine, "a")
            await made(engine, "b")
            routed = {"index_routing": "1", "search_routing": "1"}
            await engine.update_aliases([("a", "x", routed), ("b", "x", {}), ("b", "y", {})])
            with pytest.raises(IndexNotFoundException):
                await engine.update_aliases([("a", "x", None), ("none", "x", {})])
            with pytest.raises(InvalidAliasNameException, match="an index exists with the same name as the alias"):
                await engine.update_aliases([("a", "x", None), ("a", "b", {})])
            await engine.update_aliases([("b", "y", None)])
        async with open_engine() as engine:
            indices = (await engine.metadata()).indices
        assert indices["a"].aliases == {"x": routed}
        assert indices["b"].aliases == {"x": {}}
