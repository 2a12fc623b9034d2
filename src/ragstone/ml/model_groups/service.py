"""What one can do with model groups. Names are unique; versions only grow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    StatusException,
    VersionConflictEngineException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import Engine
from ragstone.ml.connectors.model import has_access_parameters
from ragstone.ml.fields import Fields, check_custom_id, check_safe_texts
from ragstone.ml.ports import SearchPort
from ragstone.ml.rights import require
from ragstone.ml.system_indices import MODEL, MODEL_GROUP, SystemDocuments


@dataclass(frozen=True)
class ModelGroupRequest:
    name: str | None
    description: str | None
    model_group_id: str | None
    access_parameters: bool

    @classmethod
    def parse(cls, body: Any, *, update: bool) -> Self:
        """Raises ParsingException, IllegalArgumentException, ActionRequestValidationException."""
        fields = Fields(body)
        request = cls(
            fields.text("name"),
            fields.text("description"),
            fields.text("model_group_id"),
            has_access_parameters(fields),
        )
        name, description = ("Model group name", request.name), ("Model group description", request.description)
        if update:
            check_safe_texts([description, name], [])
        elif request.name is None:
            # Differs: a 400, where OpenSearch answers 500 with a null_pointer_exception.
            raise IllegalArgumentException("model group name must not be null")
        else:
            check_safe_texts([description], [name])
        return request


class ModelGroupService:
    def __init__(self, engine: Engine, search: SearchPort, clock: Clock, ids: IdGenerator) -> None:
        self._documents = SystemDocuments(engine, MODEL_GROUP)
        self._models = SystemDocuments(engine, MODEL)
        self._search = search
        self._clock = clock
        self._ids = ids
        self._naming = asyncio.Lock()  # a name is looked up and taken in one go

    async def register(self, body: Any) -> str:
        """Store a group and answer its id.

        Raises IllegalArgumentException (name taken), ActionRequestValidationException, StatusException (409: id taken).
        """
        request = ModelGroupRequest.parse(body, update=False)
        require("register_model_group")
        _refuse_access_parameters(request)
        if request.model_group_id is not None:
            check_custom_id("model group id", request.model_group_id)
        name = request.name or ""
        async with self._naming:
            taken = await self._named(name)
            if taken is not None:
                raise IllegalArgumentException(
                    f"The name you provided is already being used by a model group with ID: {taken}."
                )
            return await self._store(request.model_group_id or self._ids.auto_id(), name, request.description)

    async def named(self, name: str) -> str:
        """The group of exactly that name, made if there is none."""
        async with self._naming:
            return await self._named(name) or await self._store(self._ids.auto_id(), name, None)

    async def next_version(self, id: str) -> int | None:
        """Take the next version number of a group; None when there is no such group.

        Raises IndexNotFoundException while no group was ever stored.
        """
        now = epoch_millis(self._clock)
        changed = await self._documents.change(
            id, lambda group: {**group, "latest_version": group["latest_version"] + 1, "last_updated_time": now}
        )
        return int(changed[0]["latest_version"]) if changed is not None else None

    async def get(self, id: str) -> JsonObject:
        """Raises StatusException 404."""
        require("model_groups/get")
        try:
            group = await self._documents.get(id)
        except IndexNotFoundException:
            raise StatusException(404, "Failed to find model group index") from None
        if group is None:
            raise _unknown(id)
        return group

    async def update(self, id: str, body: Any) -> None:
        """Change what the body names. Raises StatusException 404, and as `register`."""
        request = ModelGroupRequest.parse(body, update=True)
        require("model_groups/update")
        given = {"name": request.name, "description": request.description}
        changes = {key: value for key, value in given.items() if value is not None}
        now = epoch_millis(self._clock)
        async with self._naming:
            try:
                if await self._documents.get(id) is None:
                    raise _unknown(id)
            except IndexNotFoundException:
                raise StatusException(404, "Failed to find model group") from None
            _refuse_access_parameters(request)
            taken = await self._named(request.name) if request.name is not None else None
            if taken not in (None, id):
                raise IllegalArgumentException(
                    f"The name you provided is already being used by another model with ID: {taken}. "
                    "Please provide a different name"
                )
            await self._documents.change(id, lambda group: {**group, **changes, "last_updated_time": now})

    async def delete(self, id: str) -> JsonObject:
        """Raises StatusException 409 while it has models. An unknown id is answered with `not_found`."""
        require("model_groups/delete")
        if await self._models.find({"term": {"model_group_id": {"value": id}}}, size=1):
            raise StatusException(409, "Cannot delete the model group when it has associated model versions")
        try:
            return self._documents.write_response(await self._documents.delete(id))
        except IndexNotFoundException:
            raise StatusException(404, "Failed to find model group") from None

    async def search(self, body: bytes, excludes: Sequence[str]) -> JsonObject:
        require("model_groups/search")
        return await self._search.search_index(MODEL_GROUP.name, body, source_excludes=excludes)

    async def _named(self, name: str) -> str | None:
        found = await self._documents.find({"term": {"name.keyword": {"value": name}}}, size=1)
        return found[0].id if found else None

    async def _store(self, id: str, name: str, description: str | None) -> str:
        now = epoch_millis(self._clock)
        group: JsonObject = {
            "name": name,
            "latest_version": 0,
            **({"description": description} if description is not None else {}),
            "access": "public",
            "created_time": now,
            "last_updated_time": now,
        }
        try:
            await self._documents.put(id, group, create=True)
        except VersionConflictEngineException:
            raise StatusException(409, f"model group id '{id}' already exists") from None
        return id


def _refuse_access_parameters(request: ModelGroupRequest) -> None:
    if request.access_parameters:
        raise IllegalArgumentException(
            "You cannot specify model access control parameters because the Security plugin or model access control is "
            "disabled on your cluster."
        )


def _unknown(id: str) -> StatusException:
    return StatusException(404, f"Failed to find model group with the provided model group id: {id}")
