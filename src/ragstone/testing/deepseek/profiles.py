"""What changed between the DeepSeek of 2025 and today's, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Profile:
    models: Mapping[str, str]
    """Accepted model name → the name that the answer carries."""
    unknown_model: str
    """The refusal of any other name; `{model}` is filled in."""
    images: frozenset[str] = frozenset()
    """Models that take content of other kinds than text."""
    content_parts: bool
    """Whether content may be a list of parts, not only a text."""
    roles: tuple[str, ...]
    malformed_status: int
    """HTTP status of a body of the wrong shape."""
    thinking_switch: bool
    """Whether `thinking` and `reasoning_effort` exist, thinking being on by default."""
    thinking_models: frozenset[str] = frozenset()
    """Models that always think."""
    context: int
    """Tokens."""
    max_tokens: int
    default_max_tokens: int
    default_max_tokens_thinking: int
    json_word: bool
    """Whether `response_format` json_object is refused unless a message says "json"."""
    json_schema: str
    """The refusal of `response_format` json_schema."""
    refuses_reasoning: bool
    """Whether an assistant message may not carry `reasoning_content` back."""


PROFILES: dict[str, Profile] = {
    "v3-2025": Profile(
        models={"deepseek-chat": "deepseek-chat", "deepseek-reasoner": "deepseek-reasoner"},
        unknown_model="Model Not Exist",
        content_parts=False,
        roles=("system", "user", "assistant", "tool"),
        malformed_status=422,
        thinking_switch=False,
        thinking_models=frozenset({"deepseek-reasoner"}),
        context=65536,
        max_tokens=8192,
        default_max_tokens=4096,
        default_max_tokens_thinking=8192,
        json_word=True,
        json_schema="Failed to deserialize the JSON body into the target type: response_format: "
        "response_format.type `json_schema` is unavailable now",
        refuses_reasoning=True,
    ),
    "v4-2026-07": Profile(
        models={"deepseek-v4-flash": "deepseek-v4-flash", "deepseek-v4-pro": "deepseek-v4-pro"},
        unknown_model="The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed {model}.",
        content_parts=True,
        roles=("system", "user", "assistant", "tool", "latest_reminder"),
        malformed_status=400,
        thinking_switch=True,
        context=1_048_576,
        max_tokens=393_216,
        default_max_tokens=8192,
        default_max_tokens_thinking=65536,
        json_word=False,
        json_schema="This response_format type is unavailable now",
        refuses_reasoning=False,
    ),
    "v41-2026-09": Profile(
        models={
            "deepseek-flash": "deepseek-flash",
            "deepseek-v4-flash": "deepseek-flash",
            "deepseek-v4-pro": "deepseek-v4-pro",
        },
        unknown_model="The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed {model}",
        images=frozenset({"deepseek-flash", "deepseek-v4-flash"}),
        content_parts=True,
        roles=("system", "user", "assistant", "tool", "latest_reminder"),
        malformed_status=400,
        thinking_switch=True,
        context=1_048_576,
        max_tokens=393_216,
        default_max_tokens=8192,
        default_max_tokens_thinking=65536,
        json_word=False,
        json_schema="This response_format type is unavailable now",
        refuses_reasoning=False,
    ),
}
