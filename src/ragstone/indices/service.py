"""Creating, reading, changing and removing indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ragstone.core import caller
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    IndexNotFoundException,
    MapperParsingException,
    ParseException,
)
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.index_settings import flatten_settings, nest
from ragstone.engine.api import Engine
from ragstone.engine.values import IndexMetadata, IndexStats, Metadata
from ragstone.indices.access import permitted, require_joining, require_on
from ragstone.indices.aliases import WRITABLE, AliasAction, alias_body, check_alias_name, plan
from ragstone.indices.blocks import Access, check_blocks, touches_a_block
from ragstone.indices.names import resolved_names
from ragstone.indices.resolver import IndicesOptions, Resolved, resolve
from ragstone.indices.templates.model import HIDDEN
from ragstone.indices.templates.service import TemplateService
from ragstone.indices.views import shown

ADMIN = IndicesOptions(expand_closed=True, forbid_closed=False)
"""How reads of metadata take expressions."""
DELETE = IndicesOptions(expand_closed=True, forbid_closed=False, allow_aliases=False)


@dataclass(frozen=True)
class Shards:
    """What a broadcast answers under `_shards`. One process holds one copy of everything."""

    total: int
    successful: int

    def to_json(self) -> JsonObject:
        return {"total": self.total, "successful": self.successful, "failed": 0}


class IndexService:
    """What one can do with indices. The caller must be allowed the action of what they ask for (`indices.access`).

    `templates` is None where the engine has templates of its own.
    """

    def __init__(self, engine: Engine, templates: TemplateService | None = None) -> None:
        self._engine = engine
        self._templates = templates

    async def create(self, name: str, body: Any) -> IndexMetadata:
        """Create an index from `{"settings", "mappings", "aliases"}`, all optional, and the templates that are for it.

        Raises ParseException for unknown keys, and what the engine raises.
        """
        if not isinstance(body, dict):
            raise ParseException("Failed to parse content to map")
        parts: dict[str, JsonObject] = {"settings": {}, "mappings": {}, "aliases": {}}
        for key, value in body.items():
            if key not in parts:
                raise ParseException(f"unknown key [{key}] for create index")
            if value is not None and not isinstance(value, dict):
                raise ParseException(f"key [{key}] must be an object")
            parts[key] = value or {}
        metadata = await self._engine.metadata()
        actions = ("indices:admin/create", "indices:admin/aliases") if parts["aliases"] else ("indices:admin/create",)
        require_on([metadata.indices.get(name, name)], *actions)
        require_joining(metadata, parts["aliases"])
        requested = {alias: alias_body(given) for alias, given in parts["aliases"].items()}
        return await self._create(name, flatten_settings(parts["settings"]), parts["mappings"], requested)

    async def create_for_write(self, name: str) -> None:
        """Make an index that is missing and written to. Raises what the engine raises."""
        if self._templates is None:
            await self._engine.create_index_for_write(name)
        else:
            await self._create(name, {}, {}, {})

    async def settings_to_come(self, name: str) -> Mapping[str, Any]:
        """Settings that an index of that name would get from templates; none where the engine has templates of its
        own."""
        return {} if self._templates is None else (await self._templates.for_index(name)).settings

    async def _create(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        if self._templates is not None:
            found = await self._templates.for_index(name, hidden=settings.get(HIDDEN) == "true")
            settings = {**found.settings, **settings}
            if found.mappings:
                mappings = found.with_mappings(mappings)
            aliases = {**found.aliases_for(name), **aliases}
        metadata = await self._engine.metadata()
        for alias in aliases:
            if alias != name:
                check_alias_name(metadata, alias)
        return await self._engine.create_index(name, settings, mappings, aliases)

    async def delete(self, expression: str, options: IndicesOptions = DELETE) -> None:
        """Remove all indices of an expression. Raises IndexNotFoundException, ClusterBlockException before anything is
        removed."""
        for index in await self._unblocked(expression, options, "delete", "indices:admin/delete"):
            await self._engine.delete_index(index.name)

    async def exists(self, expression: str, options: IndicesOptions = ADMIN) -> bool:
        """Whether every name of the expression is there; a wildcard without a match counts as there."""
        try:
            permitted(await self._engine.metadata(), expression, options, "indices:admin/get")
        except IndexNotFoundException:
            return False
        return True

    async def get(
        self, expression: str | None, options: IndicesOptions = ADMIN, *, action: str | None = None
    ) -> list[IndexMetadata]:
        """The indices of an expression, whatever blocks them, for a caller who is allowed the action on all of them.

        Without one nothing is asked: what is made of the indices must be allowed otherwise.
        """
        return [found.index for found in await self._resolve(expression, options, action)]

    async def show(
        self, expression: str | None, options: IndicesOptions = ADMIN, *, action: str
    ) -> list[IndexMetadata]:
        """As `get`, for a client that asks for mappings, settings or aliases: with those fields that the caller sees.
        Raises ClusterBlockException."""
        return [shown(index) for index in await self._unblocked(expression, options, "metadata_read", action)]

    async def _unblocked(
        self, expression: str | None, options: IndicesOptions, access: Access, action: str
    ) -> list[IndexMetadata]:
        indices = await self.get(expression, options, action=action)
        check_blocks(indices, access)
        return indices

    async def _resolve(
        self, expression: str | None, options: IndicesOptions | None, action: str | None
    ) -> list[Resolved]:
        metadata = await self._engine.metadata()
        if action is None:
            return resolve(metadata, expression, options)
        return permitted(metadata, expression, options, action)

    async def resolve_index(self, expression: str, options: IndicesOptions) -> JsonObject:
        """Which indices and aliases an expression names; see `names.resolved_names`."""
        metadata = await self._engine.metadata()
        lenient = replace(options, ignore_unavailable=True, forbid_closed=False)
        permitted(metadata, expression, lenient, "indices:admin/resolve/index")
        return resolved_names(metadata, expression, options)

    async def put_mapping(self, expression: str, mappings: Any, options: IndicesOptions = ADMIN) -> None:
        """Merge a mapping into every index of the expression. Raises what the engine raises."""
        if not isinstance(mappings, dict):
            raise MapperParsingException("mapping must be an object")
        for index in await self._unblocked(expression, options, "metadata_write", "indices:admin/mapping/put"):
            await self._engine.put_mapping(index.name, mappings)

    async def put_settings(
        self,
        expression: str | None,
        body: Any,
        *,
        preserve_existing: bool = False,
        options: IndicesOptions = ADMIN,
    ) -> None:
        """Change settings of every index of the expression; the body may wrap them in `settings`."""
        if not isinstance(body, dict):
            raise ParseException("Failed to parse content to map")
        settings = body["settings"] if set(body) == {"settings"} and isinstance(body["settings"], dict) else body
        if not settings:
            raise ActionRequestValidationException.of(["no settings to update"])
        indices = await self.get(expression, options, action="indices:admin/settings/update")
        if not touches_a_block(settings):
            check_blocks(indices, "metadata_write")
        for index in indices:
            await self._engine.put_settings(index.name, settings, preserve_existing=preserve_existing)

    async def block(self, expression: str, block: str, options: IndicesOptions = ADMIN) -> list[str]:
        """Set `index.blocks.<block>`; the names of what is blocked now. Raises IllegalArgumentException."""
        if block not in ("read", "write", "read_only", "metadata"):
            raise IllegalArgumentException(f"No block found with name {block}")
        indices = await self._unblocked(expression, options, "metadata_write", "indices:admin/block/add")
        for index in indices:
            await self._engine.put_settings(index.name, {f"index.blocks.{block}": True})
        return [index.name for index in indices]

    async def open(self, expression: str, options: IndicesOptions = ADMIN) -> None:
        """Let documents and searches into closed indices again."""
        for index in await self._unblocked(expression, options, "metadata_write", "indices:admin/open"):
            await self._engine.open_index(index.name)

    async def close(self, expression: str, options: IndicesOptions = ADMIN) -> list[str]:
        """Keep documents and searches out; the names of what is closed now."""
        indices = await self._unblocked(expression, options, "metadata_write", "indices:admin/close")
        for index in indices:
            await self._engine.close_index(index.name)
        return [index.name for index in indices]

    async def update_aliases(self, actions: Sequence[AliasAction]) -> None:
        """Apply alias actions together. Raises before anything is changed."""
        metadata = await self._engine.metadata()
        if caller.subject.get() is not None:
            _check_alias_rights(metadata, actions)
        removed, changes = plan(metadata, actions)
        check_blocks((metadata.indices[name] for name in removed), "delete")
        check_blocks(
            (metadata.indices[name] for name in dict.fromkeys(name for name, _, _ in changes)), "metadata_write"
        )
        for name in removed:
            await self._engine.delete_index(name)
        if changes:
            await self._engine.update_aliases(changes)

    async def refresh(self, expression: str | None, options: IndicesOptions | None = None) -> Shards:
        found = await self._resolve(expression, options, "indices:admin/refresh")
        await self._engine.refresh([one.index.name for one in found])
        return shards_of([one.index for one in found])

    async def flush(self, expression: str | None, options: IndicesOptions | None = None) -> Shards:
        found = await self._resolve(expression, options, "indices:admin/flush")
        await self._engine.flush([one.index.name for one in found])
        return shards_of([one.index for one in found])

    async def force_merge(self, expression: str | None, options: IndicesOptions | None = None) -> Shards:
        """Persist what there is. The text index merges by itself, and vector graphs grow in the background."""
        found = await self._resolve(expression, options, "indices:admin/forcemerge")
        await self._engine.flush([one.index.name for one in found])
        return shards_of([one.index for one in found])

    async def clear_cache(self, expression: str | None, options: IndicesOptions | None = None) -> Shards:
        """What is remembered belongs to one moment of an index, and goes with it: there is nothing to clear."""
        found = await self._resolve(expression, options, "indices:admin/cache/clear")
        return shards_of([one.index for one in found])

    async def stats(self, index: IndexMetadata) -> IndexStats:
        return await self._engine.stats(index.name)

    async def usable_stats(self, indices: Iterable[IndexMetadata]) -> dict[str, IndexStats]:
        """Stats by name of those that are open and can be used."""
        lost = self._engine.unavailable()
        found = {}
        for index in indices:
            if index.open and index.name not in lost:
                with suppress(IndexNotFoundException):  # deleted since `indices` was looked up
                    found[index.name] = await self._engine.stats(index.name)
        return found

    def unavailable(self) -> Mapping[str, str]:
        """See `MaintenanceEngine.unavailable`."""
        return self._engine.unavailable()


def _check_alias_rights(metadata: Metadata, actions: Sequence[AliasAction]) -> None:
    """Raises OpenSearchSecurityException. What else is wrong with the names is for others to say."""
    wanted = ["indices:admin/aliases"]
    if any(action.kind == "remove_index" for action in actions):
        wanted.append("indices:admin/delete")
    with suppress(IndexNotFoundException, IllegalArgumentException):
        permitted(metadata, ",".join(name for action in actions for name in action.indices), WRITABLE, *wanted)
    require_joining(metadata, (alias for action in actions if action.kind == "add" for alias in action.aliases))


def shards_of(indices: Sequence[IndexMetadata]) -> Shards:
    """All copies that the indices ask for, and the one of each that is here."""
    primaries = sum(index.number_of_shards for index in indices)
    copies = sum(index.number_of_shards * (1 + index.number_of_replicas) for index in indices)
    return Shards(copies, primaries)


def show_settings(index: IndexMetadata, *, flat: bool = False, names: Sequence[str] = ()) -> JsonObject:
    """`settings` of an index as the API shows them: nested unless `flat`; `names` are patterns of full keys."""
    shown = {
        key: value for key, value in index.settings.items() if not names or any(matches(name, key) for name in names)
    }
    return shown if flat else nest(shown)
