"""What one can do with agents and tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragstone.core.clock import Clock, epoch_millis
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import IllegalArgumentException, IndexNotFoundException, StatusException
from ragstone.core.ids import IdGenerator
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import parse_query
from ragstone.engine.api import Engine
from ragstone.ml.activity import Activity
from ragstone.ml.agents.flow import run_flow, run_tool, texts
from ragstone.ml.agents.model import AgentRequest, ToolSpec
from ragstone.ml.features import check_agents, check_tool_execution
from ragstone.ml.fields import Fields
from ragstone.ml.ports import SearchPort
from ragstone.ml.rights import require
from ragstone.ml.system_indices import AGENT, SystemDocuments
from ragstone.ml.tools.tool import ToolServices, tools

_VISIBLE = parse_query({"bool": {"must_not": [{"term": {"is_hidden": {"value": True}}}]}})


class AgentService:
    """`Differs:` flow agents are run; agents that a model leads, and those that keep a memory, are kept and refused."""

    def __init__(
        self,
        engine: Engine,
        settings: ClusterSettings,
        search: SearchPort,
        services: ToolServices,
        activity: Activity,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._documents = SystemDocuments(engine, AGENT)
        self._settings = settings
        self._search = search
        self._services = services
        self._activity = activity
        self._clock = clock
        self._ids = ids

    # ── kept ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def register(self, body: Any) -> str:
        """Store an agent and answer its id. Raises IllegalArgumentException, ParsingException, StatusException."""
        check_agents(self._settings)
        request = AgentRequest.parse(body)
        request.check_complete()
        require("agents/register")
        now = epoch_millis(self._clock)
        id = self._ids.auto_id()
        known: JsonObject = {"name": request.name, "type": request.type, **request.members}
        times = {"created_time": now, "last_updated_time": now}
        await self._documents.put(id, {**known, **times, "is_hidden": False}, create=True)
        return id

    async def get(self, id: str) -> JsonObject:
        """Raises StatusException 404."""
        check_agents(self._settings)
        require("agents/get")
        try:
            return await self._get(id)
        except IndexNotFoundException:
            raise StatusException(404, "Failed to get agent index") from None

    async def _get(self, id: str) -> JsonObject:
        """Raises StatusException 404, IndexNotFoundException."""
        agent = await self._documents.get(id)
        if agent is None:
            raise _unknown(id)
        return agent

    async def update(self, id: str, body: Any) -> JsonObject:
        """Change what the body names. Raises StatusException 404, IllegalArgumentException."""
        check_agents(self._settings)
        request = AgentRequest.parse(body)
        request.check_name()
        require("agents/update")
        now = epoch_millis(self._clock)

        def change(agent: JsonObject) -> JsonObject:
            if request.type is not None and request.type.lower() != str(agent["type"]).lower():
                raise IllegalArgumentException("Agent type cannot be updated")
            name = {} if request.name is None else {"name": request.name}
            return {**agent, **name, **request.members, "last_updated_time": now}

        try:
            changed = await self._documents.change(id, change)
        except IndexNotFoundException:
            changed = None
        if changed is None:
            raise StatusException(404, f"Failed to get agent with ID {id}")
        return self._documents.write_response(changed[1])

    async def delete(self, id: str) -> JsonObject:
        """Raises StatusException 404."""
        check_agents(self._settings)
        require("agents/delete")
        try:
            found = await self._documents.get(id) is not None
        except IndexNotFoundException:
            found = False
        if not found:
            raise StatusException(404, "Fail to find ml agent")
        return self._documents.write_response(await self._documents.delete(id))

    async def search(self, body: bytes, excludes: Sequence[str]) -> JsonObject:
        """An ordinary search over agents that are not hidden."""
        check_agents(self._settings)
        require("agents/search")
        return await self._search.search_index(AGENT.name, body, source_excludes=excludes, only=_VISIBLE)

    # ── run ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def execute(self, id: str, body: Any) -> list[JsonObject]:
        """The outputs of an agent's tools. Raises StatusException 404, IllegalArgumentException, what tools raise."""
        check_agents(self._settings)
        require("execute")
        given = Fields(body).object("parameters")
        try:
            agent = await self._get(id)
        except IndexNotFoundException:
            raise _unknown(id) from None
        if given is None:
            raise IllegalArgumentException("Agent input data can not be empty.")
        with self._activity.request("execute", "agent"):
            return await run_flow(agent, texts(given), self._services)

    async def execute_tool(self, name: str, body: Any) -> list[JsonObject]:
        """One tool by itself. Raises IllegalArgumentException, StatusException, and what the tool raises."""
        check_tool_execution(self._settings)
        require("execute")
        given = Fields(body).object("parameters")
        if not given:
            raise IllegalArgumentException("Tool input data can not be empty.")
        with self._activity.request("execute", "tool"):
            return [await run_tool(ToolSpec(name), "response", texts(given), self._services)]

    # ── the catalogue ────────────────────────────────────────────────────────────────────────────────────────────────

    async def list_tools(self) -> list[JsonObject]:
        require("tools/list")
        return [{**_tool(name), "attributes": tool.attributes} for name, tool in sorted(tools)]

    async def get_tool(self, name: str) -> JsonObject:
        """Raises StatusException 404."""
        require("tools/get")
        if name not in tools:
            raise StatusException(404, f"Failed to find tool information with the provided tool name: {name}")
        return _tool(name)


def _unknown(id: str) -> StatusException:
    return StatusException(404, f"Failed to find agent with the provided agent id: {id}")


def _tool(name: str) -> JsonObject:
    found = tools.get(name)
    assert found is not None
    return {"name": name, "description": found.description, "type": name, "version": "undefined"}
