"""What an agent is, and the body that registers or changes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields
from ragstone.ml.values import text_of

TYPES = ("flow", "conversational_flow", "conversational", "plan_execute_and_reflect", "AG_UI", "conversational_v2")
_ASKING_A_MODEL = ("conversational", "plan_execute_and_reflect")
_MEMORIES = ("conversation_index", "agentic_memory", "remote_agentic_memory")
_LLM_INTERFACES = (
    "openai/v1/chat/completions",
    "bedrock/converse",
    "bedrock/converse/claude",
    "bedrock/converse/deepseek_r1",
    "gemini/v1beta/generatecontent",
)
_LONGEST_NAME = 128


@dataclass(frozen=True)
class ToolSpec:
    """One step. `config` holds parameters that no run can override."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, str] | None = None
    config: dict[str, str] | None = None
    attributes: JsonObject | None = None
    shows_output: bool = False
    """Whether its output is in the agent's answer though it is not the last."""

    @property
    def called(self) -> str:
        return self.name or self.type

    @classmethod
    def parse(cls, body: Any) -> Self:
        fields = Fields(body)
        type = fields.text("type")
        if type is None:
            raise IllegalArgumentException("tool type is null")
        return cls(
            type,
            fields.text("name"),
            fields.text("description"),
            _texts(fields.object("parameters")),
            _texts(fields.object("config")),
            fields.object("attributes"),
            bool(fields.boolean("include_output_in_agent_response")),
        )

    def to_json(self) -> JsonObject:
        given = {
            "type": self.type,
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "attributes": self.attributes,
        }
        shown: JsonObject = {name: value for name, value in given.items() if value is not None}
        shown["include_output_in_agent_response"] = self.shows_output
        return shown if self.config is None else {**shown, "config": self.config}


@dataclass(frozen=True)
class AgentRequest:
    """What a body says of an agent. None is a member that was not given."""

    name: str | None
    type: str | None
    members: JsonObject = field(default_factory=dict)
    """Of the stored document, beside name and type."""
    tools: Sequence[ToolSpec] = ()

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises ParsingException, IllegalArgumentException."""
        fields = Fields(body)
        tools = [ToolSpec.parse(tool) for tool in fields.array("tools") or ()]
        llm = fields.object("llm")
        if llm is not None and Fields(llm).text("model_id") is None:
            raise IllegalArgumentException("model id is null")
        members: JsonObject = {
            "description": fields.text("description"),
            "llm": None if llm is None else _llm(Fields(llm)),
            "tools": [tool.to_json() for tool in tools] if fields.array("tools") is not None else None,
            "parameters": _texts(fields.object("parameters")),
            "memory": fields.object("memory"),
            "app_type": fields.text("app_type"),
        }
        members = {name: value for name, value in members.items() if value is not None}
        request = cls(fields.text("name"), fields.text("type"), members, tools)
        request._check_parts()
        return request

    def _check_parts(self) -> None:
        if self.type is not None and self.type.lower() not in map(str.lower, TYPES):
            raise IllegalArgumentException(f"{self.type} is not a valid Agent Type")
        seen: set[str] = set()
        for tool in self.tools:
            if tool.called in seen:
                raise IllegalArgumentException(f"Duplicate tool defined: {tool.called}")
            seen.add(tool.called)
        memory = self.members.get("memory")
        # Differs: OpenSearch 3.4 takes any type, and fails when the agent runs.
        if memory is not None and str(memory.get("type")).lower() not in _MEMORIES:
            raise IllegalArgumentException("Wrong Memory type")
        interface = (self.members.get("parameters") or {}).get("_llm_interface")
        if interface is not None and not interface.strip():
            raise IllegalArgumentException("_llm_interface cannot be blank or empty")
        if interface is not None and interface.lower() not in _LLM_INTERFACES:
            raise IllegalArgumentException(f"Invalid _llm_interface: {interface}")

    def check_complete(self) -> None:
        """Of a new agent. Raises IllegalArgumentException."""
        if self.name is None:
            raise IllegalArgumentException("Agent name can't be null")
        self.check_name()
        if self.type is None:
            raise IllegalArgumentException("Agent type can't be null")
        if self.type.lower() in _ASKING_A_MODEL and "llm" not in self.members:
            raise IllegalArgumentException("We need model information for the conversational agent type")

    def check_name(self) -> None:
        if self.name is not None and (not self.name.strip() or len(self.name) > _LONGEST_NAME):
            raise IllegalArgumentException(
                f"Agent name cannot be empty or exceed max length of {_LONGEST_NAME} characters"
            )


def _texts(members: JsonObject | None) -> dict[str, str] | None:
    """Values as texts; null is left out."""
    if members is None:
        return None
    return {name: text_of(value) for name, value in members.items() if value is not None}


def _llm(fields: Fields) -> JsonObject:
    shown: JsonObject = {"model_id": fields.text("model_id")}
    parameters = _texts(fields.object("parameters"))
    return shown if parameters is None else {**shown, "parameters": parameters}
