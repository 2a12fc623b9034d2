"""What a chat request asks for: passages and a question, found in its messages.

The RAG processor writes `SEARCH RESULT <n>: <passage>` and `QUESTION: <question>`, each as a message, as a block of
one, or joined with others by blank lines. All these forms are read. In joined text a passage ends where the next
numbered one begins, so a passage cannot pass itself off as another; the last `QUESTION:` is the one that counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RESULT = re.compile(r"(?:^|(?<=\n))SEARCH RESULT (\d+): ?")
_QUESTION = re.compile(r"(?:^|(?<=\n))[ \t]*QUESTION:[ \t]*", re.IGNORECASE)
_ANSWER = re.compile(r"\s*\bANSWER:\s*$", re.IGNORECASE)
_CONTEXT = re.compile(r"^\s*(?:context|passages?|documents?)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Message:
    """One chat message: its texts in order (a message of plain text has one)."""

    role: str
    texts: Sequence[str]


@dataclass(frozen=True)
class Task:
    question: str
    passages: Sequence[str]


def read_task(messages: Sequence[Message]) -> Task:
    """The last question and all passages before it. Without any mark, the last user message is the question."""
    asked = [message for message in messages if message.role == "user"]
    numbered = [message for message in asked if any(_RESULT.search(text) for text in message.texts)]
    passages: list[str] = []
    for message in numbered:
        after = messages[messages.index(message) + 1 :]
        passages += _passages(message.texts, answered=any(other.role == "assistant" for other in after[:1]))
    marked = [(message, text) for message in asked for text in message.texts if _QUESTION.search(text)]
    if marked:
        message, text = marked[-1]
        start = list(_QUESTION.finditer(text))[-1]
        if not numbered:
            before = [*message.texts[: list(message.texts).index(text)], text[: start.start()]]
            passages = [_CONTEXT.sub("", passage).strip() for passage in before if passage.strip()]
        return Task(_ANSWER.sub("", text[start.end() :]).strip(), passages)
    question = "\n".join(asked[-1].texts) if asked else ""
    if numbered and asked[-1] is numbered[-1]:
        question = ""
    return Task(_ANSWER.sub("", question).strip(), passages)


def _passages(texts: Sequence[str], *, answered: bool) -> list[str]:
    """`answered` says that an answer follows: then joined text ends with a former question of the conversation."""
    found = []
    for position, text in enumerate(texts):
        marks = _in_order(text)
        for number, mark in enumerate(marks, 1):
            after = marks[number].start() if number < len(marks) else None
            passage = text[mark.end() : after]
            if after is None and position == len(texts) - 1:
                asks = list(_QUESTION.finditer(passage))
                if asks:
                    passage = passage[: asks[-1].start()]
                elif answered and "\n\n" in passage:
                    passage = passage.rpartition("\n\n")[0]
            found.append(passage.strip())
    return found


def _in_order(text: str) -> list[re.Match[str]]:
    """The marks that count on from the first: others are the passages' own words."""
    marks: list[re.Match[str]] = []
    for mark in _RESULT.finditer(text):
        if not marks or int(mark[1]) == int(marks[-1][1]) + 1:
            marks.append(mark)
    return marks
