"""Tokenizers: where a text is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragstone.engine.embedded.analysis.analyzer import Token

MAX_TOKEN_LENGTH = 255
"""Longer tokens are cut, as Lucene cuts them (UTF-16 units there, characters here)."""

_ASCII_WORD = re.compile(r"[A-Za-z0-9_]+(?:(?:(?<=[0-9])[.,';](?=[0-9])|(?<=[A-Za-z])[.':](?=[A-Za-z]))[A-Za-z0-9_]+)*")


def standard(text: str) -> Iterator[Token]:
    for position, match in enumerate(_ASCII_WORD.finditer(text)):
        term = match[0]
        yield Token(term, match.start(), match.end(), position, "<NUM>" if term.isdigit() else "<ALPHANUM>")


def keyword(text: str) -> Iterator[Token]:
    """The whole text as one token."""
    if text:
        yield Token(text, 0, len(text), 0)
