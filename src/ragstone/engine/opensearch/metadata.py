"""Indices, as the cluster's state has them: a picture of all, and changes of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ragstone.core.clock import Clock
from ragstone.core.errors import IndexClosedException, IndexNotFoundException
from ragstone.engine.api import ClusterApi
from ragstone.engine.opensearch.cached import Cached
from ragstone.engine.opensearch.names import RECORDS, UNTOUCHED, is_system, part
from ragstone.engine.values import IndexMetadata, JsonObject, Metadata

_PICTURE = (
    "/_cluster/state/metadata,version?flat_settings=true&filter_path=cluster_uuid,state_uuid,"
    + ",".join(f"metadata.indices.*.{member}" for member in ("version", "state", "settings", "mappings", "aliases"))
    + ",metadata.data_stream.data_stream.*.indices"
)
_TRIES = 5
"""How often aliases are read again because they changed between two answers."""


class _Picture(NamedTuple):
    state_uuid: str
    """Of the cluster state it was taken from; another one may look the same."""
    metadata: Metadata


class Indices:
    """See `MetadataEngine`. The picture is read with the gateway's rights, because all callers share it; changes are
    made with the caller's."""

    def __init__(self, api: ClusterApi, clock: Clock) -> None:
        self._api = api
        self._picture = Cached(self._read, clock)

    async def metadata(self) -> Metadata:
        return (await self._picture.get()).metadata

    def changed(self) -> None:
        """Something of an index has been changed: the next look is a new one."""
        self._picture.forget()

    async def close(self) -> None:
        await self._picture.close()

    async def get(self, name: str) -> IndexMetadata:
        """One index. Raises IndexNotFoundException."""
        found = (await self.metadata()).indices.get(name)
        if found is None:
            self.changed()  # another gateway may have made it within the last second
            found = (await self.metadata()).indices.get(name)
        if found is None:
            raise IndexNotFoundException(name)
        return found

    async def usable(self, name: str) -> IndexMetadata:
        """One index for documents. Raises IndexNotFoundException, IndexClosedException."""
        found = await self.get(name)
        if not found.open:
            raise IndexClosedException("closed", metadata={"index": name, "index_uuid": found.uuid})
        return found

    # ── the picture ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, before: _Picture | None) -> _Picture:
        if before is not None:
            state = await self._ask("/_cluster/state/version?filter_path=state_uuid")
            if state["state_uuid"] == before.state_uuid:
                return before
        for _ in range(_TRIES):
            state = await self._ask(_PICTURE)
            indices = state.get("metadata", {}).get("indices", {})
            bodies: JsonObject = {}
            if any(index.get("aliases") for index in indices.values()):
                # The state has only their names.
                bodies = await self._ask("/_alias?expand_wildcards=all")
            aliases = {name: bodies.get(name, {}).get("aliases", {}) for name in indices}
            if all(set(index.get("aliases", ())) <= set(aliases[name]) for name, index in indices.items()):
                break
        for name, stream, writes in _streams(state.get("metadata", {})):
            if name in aliases:
                aliases[name] = {**aliases[name], stream: {"is_write_index": writes}}
        found = {name: _index(name, index, aliases[name]) for name, index in sorted(indices.items()) if name != RECORDS}
        return _Picture(state["state_uuid"], Metadata(state["cluster_uuid"], found))

    async def _ask(self, target: str) -> Any:
        return await self._api.call("GET", target, as_service=True)

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def create(
        self, name: str, settings: JsonObject, mappings: JsonObject, aliases: Mapping[str, JsonObject]
    ) -> IndexMetadata:
        if is_system(name):
            settings = {**settings, "index.hidden": "true", "index.auto_expand_replicas": "0-1", **UNTOUCHED}
        body: JsonObject = {"settings": settings, "mappings": mappings, "aliases": dict(aliases)}
        await self._change("PUT", name, "", body)
        return await self.get(name)

    async def create_for_write(self, name: str) -> None:
        """By an update of a document that can't be there: the cluster makes the index first, where its settings,
        templates and the caller's rights let it, and nothing is written."""
        update = [{"update": {"_id": "-"}}, {"doc": {}}]
        try:
            answer = await self._api.call("POST", f"/{part(name)}/_bulk", update, as_service=is_system(name))
        finally:
            self.changed()
        error = answer["items"][0]["update"]["error"]
        if name not in (await self.metadata()).indices:
            raise self._api.error(error, answer["items"][0]["update"]["status"])

    async def delete(self, name: str) -> None:
        await self._change("DELETE", name)

    async def open(self, name: str) -> None:
        await self._change("POST", name, "/_open")

    async def shut(self, name: str) -> None:
        await self._change("POST", name, "/_close")

    async def put_mapping(self, name: str, mappings: JsonObject) -> None:
        await self._change("PUT", name, "/_mapping", mappings)

    async def put_settings(self, name: str, settings: JsonObject, preserve_existing: bool) -> None:
        await self._change("PUT", name, f"/_settings?preserve_existing={str(preserve_existing).lower()}", settings)

    async def update_aliases(self, actions: Sequence[tuple[str, str, JsonObject | None]]) -> None:
        listed = [
            {"remove": {"index": name, "alias": alias, "must_exist": False}}
            if body is None
            else {"add": {**body, "index": name, "alias": alias}}
            for name, alias, body in actions
        ]
        system = bool(actions) and all(is_system(name) for name, _, _ in actions)
        try:
            await self._api.call("POST", "/_aliases", {"actions": listed}, as_service=system)
        finally:
            self.changed()

    async def _change(self, method: str, name: str, what: str = "", body: JsonObject | None = None) -> None:
        try:
            await self._api.call(method, f"/{part(name)}{what}", body, as_service=is_system(name))
        finally:
            self.changed()  # a change whose answer was lost may have happened


def _streams(metadata: JsonObject) -> Iterator[tuple[str, str, bool]]:
    """Indices behind data streams, the streams' names, and whether those are written to: to us they are aliases."""
    for stream, body in metadata.get("data_stream", {}).get("data_stream", {}).items():
        behind = [index["index_name"] for index in body["indices"]]
        for name in behind:
            yield name, stream, name == behind[-1]


def _index(name: str, state: JsonObject, aliases: Mapping[str, JsonObject]) -> IndexMetadata:
    settings = state["settings"]
    mappings = state.get("mappings", {})
    return IndexMetadata(
        name=name,
        uuid=settings["index.uuid"],
        settings=settings,
        mappings=mappings.get("_doc", mappings),
        aliases={alias: aliases[alias] for alias in sorted(aliases)},
        creation_date=int(settings["index.creation_date"]),
        open=state["state"] == "open",
        version=state["version"],
    )
