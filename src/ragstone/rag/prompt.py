"""What a language model is told: prompts, numbered contexts, history and question. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ragstone.core import json
from ragstone.core.errors import JavaException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.rag.parameters import Block, Document, Image, Text

DEFAULT_PROMPT = (
    "Answer the question from the numbered search results below and from what was said before, in a few complete "
    "sentences. Name the number of each result you use in square brackets, like [2]. Say every thing once. If neither "
    "the results nor the conversation hold the answer, say that you do not know."
)
"""Used when neither pipeline nor request bring a prompt of their own."""

Role = Literal["system", "user", "assistant"]
ContentForm = Literal["text", "text_unless_json", "array"]
"""How the content of a message goes out when all of it is text.

`text`: one text, with a blank line between the blocks; there are providers that refuse arrays. `array`: OpenSearch's
own form, an array of blocks in any case. `text_unless_json`: text, but a prompt that is itself JSON stays in a block,
where nothing on the way can take it for structure.
"""


@dataclass(frozen=True)
class Turn:
    """A question of the user's and the answer it got, from a conversation's memory."""

    input: str
    response: str


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Everything that goes to the model for one search. `messages`, when there are any, stand for the question."""

    system_prompt: str | None = None
    user_instructions: str | None = None
    contexts: Sequence[str] = ()
    history: Sequence[Turn] = ()
    """Oldest first."""
    question: str | None = None
    messages: Sequence[Block] = ()

    def with_default(self, *, as_system: bool) -> Prompt:
        """With DEFAULT_PROMPT where neither prompt says anything: as the system prompt, or as instructions."""
        if self.system_prompt or self.user_instructions:
            return self
        if as_system:
            return replace(self, system_prompt=DEFAULT_PROMPT)
        return replace(self, user_instructions=DEFAULT_PROMPT)

    def asked(self) -> list[Block]:
        """The blocks that ask."""
        if self.messages:
            return list(self.messages)
        return [Text(f"QUESTION: {self.question}\n"), Text("ANSWER:")]


def conversation(prompt: Prompt, *, system: bool) -> list[tuple[Role, list[Block]]]:
    """Messages in order; after the system prompt (left out if not `system`) user and assistant strictly alternate.

    Contexts stand in the first user message, before the conversation's former questions, and the last message is the
    user's.
    """
    turns: list[tuple[Role, list[Block]]] = []
    if system and prompt.system_prompt:
        turns.append(("system", [Text(prompt.system_prompt)]))
    opening: list[Block] = [Text(prompt.user_instructions)] if prompt.user_instructions else []
    opening += [Text(line) for line in _numbered(prompt.contexts)]
    for turn in prompt.history:
        turns.append(("user", [*opening, Text(turn.input)]))
        turns.append(("assistant", [Text(turn.response)]))
        opening = []
    turns.append(("user", [*opening, *prompt.asked()]))
    return turns


def single_text(prompt: Prompt) -> str:
    """The same as one text, a line each, for models that take no messages.

    `Differs:` real line ends instead of a backslash and an n, the history in order and escaped nowhere, and the text of
    `llm_messages` where there is no question.
    """
    lines = [text for text in (prompt.system_prompt, prompt.user_instructions) if text]
    lines += _numbered(prompt.contexts)
    for turn in prompt.history:
        lines += f"user: {turn.input}", f"assistant: {turn.response}"
    question = prompt.question
    if not question:
        question = "\n".join(block.text for block in prompt.messages if isinstance(block, Text))
    lines.append(f"QUESTION: {question}")
    return "".join(f"{line}\n" for line in lines)


def _numbered(contexts: Iterable[str]) -> list[str]:
    return [f"SEARCH RESULT {number}: {context}" for number, context in enumerate(contexts, 1)]


def openai_message(role: Role, blocks: Sequence[Block], form: ContentForm = "text") -> JsonObject:
    """A message in the shape of OpenAI's chat API; see `ContentForm`. Files are left out."""
    if all(isinstance(block, Text) for block in blocks):
        text = "\n\n".join(block.text for block in blocks if isinstance(block, Text))
        if form == "text" or (form == "text_unless_json" and (role == "assistant" or not _is_json(text))):
            return {"role": role, "content": text}
    content: list[JsonObject] = []
    for block in blocks:
        if isinstance(block, Text):
            content.append({"type": "text", "text": block.text})
        elif isinstance(block, Image):
            url = block.url if block.data is None else f"data:image/{block.format};base64,{block.data}"
            content.append({"type": "image_url", "image_url": {"url": url}})
    return {"role": role, "content": content}


def _is_json(text: str) -> bool:
    """Whether a text is an object or list in JSON, and nothing else."""
    if text[:1] not in ("{", "["):
        return False
    try:
        json.decode(text)
    except JavaException:
        return False
    return True


def converse_message(role: Role, blocks: Sequence[Block]) -> JsonObject:
    """A message in the shape of Bedrock's Converse API, which knows no image by its address."""
    content: list[JsonObject] = []
    for block in blocks:
        if isinstance(block, Text):
            content.append({"text": block.text})
        elif isinstance(block, Document):
            source = {"bytes": block.data}
            content.append({"document": {"format": block.format, "name": block.name, "source": source}})
        elif block.data is not None:
            content.append({"image": {"format": block.format, "source": {"bytes": block.data}}})
    return {"role": role, "content": content}


# ── contexts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def context_text(source: JsonObject, field: str) -> str | None:
    """The text that a document's field gives to the prompt; None when the field is missing or null.

    The field's very name at the top of the document comes first, then a dotted path through objects and lists, whose
    finds are put together.
    """
    if source.get(field) is not None:
        return _text(source[field])
    found = [value for value in _walk(source, field) if value is not None]
    if not found:
        return None
    return _text(found[0] if len(found) == 1 else found)


def _walk(node: Any, path: str) -> list[Any]:
    if isinstance(node, list):
        return [found for member in node for found in _walk(member, path)]
    if not isinstance(node, dict):
        return []
    if path in node:
        return [node[path]]
    head, _, rest = path.partition(".")
    return _walk(node[head], rest) if rest and head in node else []


def _text(value: Any) -> str:
    """`Differs:` a list is its members line by line, an object is JSON; OpenSearch shows Java's forms of both."""
    if isinstance(value, list) and value:
        return "\n".join(_text(member) for member in value if member is not None)
    if isinstance(value, dict):
        return json.encode(value).decode()
    return java_text(value)
