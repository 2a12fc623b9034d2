"""Flow agents: tools run in their order, each may use what the ones before it found."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ragstone.core.errors import IllegalArgumentException, UnsupportedOperationException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.agents.model import ToolSpec
from ragstone.ml.connectors.template import fill_payload
from ragstone.ml.tools.tool import ToolResult, ToolServices, make_tool
from ragstone.ml.values import is_json_tree, text_of

_PLACEHOLDER = re.compile(r"\$\{parameters\.([^}]+)\}")


async def run_flow(agent: JsonObject, given: Mapping[str, str], services: ToolServices) -> list[JsonObject]:
    """The output of the last tool, and of those before it that show theirs.

    Raises IllegalArgumentException (no tools), UnsupportedOperationException (no flow), and what tools raise.
    """
    kind, remembers = str(agent["type"]).lower(), agent.get("app_type") is not None
    if kind not in ("flow", "conversational_flow") or (kind == "conversational_flow" and remembers):
        raise UnsupportedOperationException(
            f"Agents of the type [{agent['type']}] that a model leads, or that keep a memory, can not be run here yet"
        )
    tools = [ToolSpec.parse(tool) for tool in agent.get("tools") or ()]
    if not tools:
        raise IllegalArgumentException("no tool configured")
    named = kind == "conversational_flow" or len(tools) > 1
    known, shown = dict(given), []
    for tool in tools:
        output = await run_tool(tool, tool.called if named else "response", known, services)
        known[f"{tool.called}.output"] = text_of(output.get("result", output.get("dataAsMap")))
        if tool.shows_output or tool is tools[-1]:
            shown.append(output)
    return shown


async def run_tool(tool: ToolSpec, name: str, given: Mapping[str, str], services: ToolServices) -> JsonObject:
    """One tool's output under that name."""
    result: ToolResult = await make_tool(tool.type, _parameters(tool, given), services).run()
    return {"name": name, "result": result} if isinstance(result, str) else {"name": name, "dataAsMap": result}


def texts(given: JsonObject) -> dict[str, str]:
    """Parameters of a run as texts; null is left out."""
    return {name: text_of(value) for name, value in given.items() if value is not None}


def _parameters(tool: ToolSpec, given: Mapping[str, str]) -> dict[str, str]:
    """The tool's own, under those of the run, under those meant for this tool (`name.parameter`), under its config."""
    prefix = f"{tool.called}."
    meant = {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}
    meant.pop("output", None)
    parameters = {**(tool.parameters or {}), **given, **meant, **(tool.config or {})}
    return {
        name: _filled(value, parameters) if name in (tool.config or {}) or name not in given else value
        for name, value in parameters.items()
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    """`${parameters.x}` by value, once: what is put in is never read as a template.

    In JSON a value goes where a text or a value stands, and can not change what is around it. Raises
    IllegalArgumentException where that is not possible.
    """
    if "${parameters." not in text:
        return text
    if is_json_tree(_PLACEHOLDER.sub("0", text)):
        return fill_payload(text, {}, {**values, "skip_validating_missing_parameters": "true"}, literal=True)
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
