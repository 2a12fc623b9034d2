"""Indices come, go and change: in the cluster state first, then where they are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.errors import (
    InvalidAliasNameException,
    InvalidIndexNameException,
    ResourceAlreadyExistsException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.data_folder import DataFolder
from ragstone.engine.embedded.index import Index
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.names import validate_index_name
from ragstone.engine.embedded.open_indices import OpenIndices
from ragstone.engine.values import IndexMetadata, JsonObject


class Indices:
    """See `MetadataEngine` and `IndexRehearsal`."""

    def __init__(
        self, data: DataFolder, opened: OpenIndices, pools: ThreadPools, clock: Clock, ids: IdGenerator
    ) -> None:
        self._data = data
        self._state = data.state
        self._open = opened
        self._pools = pools
        self._clock = clock
        self._ids = ids

    # ── come and go ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def create(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        async with self._open.changing:
            index = await self._pools.run("write", self._create, name, settings, mappings, aliases)
            self._open.add(index)
            return index.metadata

    def _create(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> Index:
        validate_index_name(name)
        # Differs: a wrong body is refused as such even where the name is taken; OpenSearch looks at the name first.
        uuid = self._ids.uuid22()
        created = epoch_millis(self._clock)
        flat = IndexSettings.of_new_index(settings, name=name, uuid=uuid, creation_date=created)
        mapper = Mapper.create(mappings, flat)
        known = self._state.metadata.indices
        if name in known:
            taken = known[name].uuid
            raise ResourceAlreadyExistsException(
                f"index [{name}/{taken}] already exists", metadata={"index": name, "index_uuid": taken}
            )
        if any(name in index.aliases for index in known.values()):
            raise InvalidIndexNameException(name, "already exists as alias")
        for alias in aliases:
            self._check_alias(alias, {**known, name: None})
        metadata = IndexMetadata(
            name=name,
            uuid=uuid,
            settings=dict(flat.flat),
            mappings=mapper.to_json(),
            aliases={alias: dict(body) for alias, body in aliases.items()},
            creation_date=created,
        )
        # The folder first: a folder without metadata is swept at the next start, metadata without a folder is damage.
        folder = self._data.indices.create(uuid)
        self._state.add_index(metadata)
        try:
            return Index(folder, name, self._state, self._clock)
        except BaseException:
            self._state.remove_index(name)
            self._data.indices.remove(uuid)
            raise

    async def delete(self, name: str) -> None:
        async with self._open.changing:
            metadata = self._open.metadata(name)
            index = await self._open.take(name)
            try:
                await self._pools.run("write", self._state.remove_index, name)
            except BaseException:
                if index is not None:
                    self._open.add(index)
                raise
            self._open.damaged.pop(name, None)
            await self._pools.run("write", self._remove, metadata.uuid, index)

    def _remove(self, uuid: str, index: Index | None) -> None:
        if index is not None:
            index.abandon()
        self._data.indices.remove(uuid)

    async def open(self, name: str) -> None:
        async with self._open.changing:
            if not self._open.metadata(name).open:
                await self._open.reopen(name)
                await self._change({name: lambda index: replace(index, open=True)})

    async def shut(self, name: str) -> None:
        async with self._open.changing:
            if self._open.metadata(name).open:
                entry = self._open.by_name.get(name)
                if entry is not None:
                    await self._pools.run("write", entry.index.flush)
                await self._change({name: lambda index: replace(index, open=False)})

    # ── change ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def put_mapping(self, name: str, mappings: JsonObject) -> None:
        entry = await self._open.get(name)
        await self._open.on(entry, "write", entry.index.put_mapping, mappings)

    async def put_settings(self, name: str, settings: JsonObject, preserve_existing: bool) -> None:
        async with self._open.changing:
            before = self._open.metadata(name)
            after = IndexSettings(before.settings).updated(settings, index=before, preserve_existing=preserve_existing)
            await self._change({name: lambda index: replace(index, settings=dict(after.flat))})
            entry = self._open.by_name.get(name)
            if entry is not None:
                await entry.settings_changed()
                if any(key.startswith("index.analysis.") for key in _differing(before.settings, after.flat)):
                    await self._open.on(entry, "write", entry.index.forget_text)

    async def update_aliases(self, actions: Sequence[tuple[str, str, JsonObject | None]]) -> None:
        async with self._open.changing:
            aliases: dict[str, dict[str, JsonObject]] = {}
            for name, alias, body in actions:
                known = aliases.setdefault(name, dict(self._open.metadata(name).aliases))
                if body is None:
                    known.pop(alias, None)
                else:
                    self._check_alias(alias, self._state.metadata.indices)
                    known[alias] = dict(body)
            await self._change({name: _with_aliases(after) for name, after in aliases.items()})

    def _check_alias(self, alias: str, indices: Mapping[str, object]) -> None:
        if alias in indices:
            found = self._state.metadata.indices.get(alias)
            raise InvalidAliasNameException(
                f"Invalid alias name [{alias}], an index exists with the same name as the alias",
                metadata={"index": alias, "index_uuid": found.uuid if found else "_na_"},
            )

    async def _change(self, changes: Mapping[str, Callable[[IndexMetadata], IndexMetadata]]) -> None:
        await self._pools.run("write", self._state.change_indices, changes)
        self._open.metadata_changed(changes)

    # ── rehearse ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def check_settings(self, settings: JsonObject) -> None:
        _rehearsed(settings)

    async def rehearse(self, settings: JsonObject, mappings: JsonObject) -> JsonObject:
        """The mapping that an index would have."""
        return (await self._pools.run("write", Mapper.create, mappings, _rehearsed(settings))).to_json()


def _rehearsed(settings: JsonObject) -> IndexSettings:
    return IndexSettings.of_new_index(settings, name="", uuid="", creation_date=0)


def _with_aliases(aliases: Mapping[str, JsonObject]) -> Callable[[IndexMetadata], IndexMetadata]:
    return lambda index: replace(index, aliases=aliases)


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


__all__ = ["Indices"]
