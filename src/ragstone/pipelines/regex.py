"""Java's regular expressions as options of processors."""

from __future__ import annotations

import re

from ragstone.core.regex import java_pattern, may_explode
from ragstone.pipelines.config import ProcessorConfig

_MESSAGES = {"missing ), unterminated subpattern": "Unclosed group", "nothing to repeat": "Dangling meta character"}


def compile_option(config: ProcessorConfig, name: str) -> re.Pattern[str]:
    """A required option as a pattern. Raises ParseException for what is none.

    `Differs:` a pattern that may take exponential time is refused: it would stop the whole node, not one thread.
    """
    text = config.string(name)
    if may_explode(text):
        raise config.fault(f"Regex pattern contains nested quantifiers or backreferences: {text}", name)
    try:
        return java_pattern(text)
    except re.error as error:
        what = _MESSAGES.get(error.msg, error.msg)
        place = len(text) if what == "Unclosed group" else error.pos or 0
        raise config.fault(f"Invalid regex pattern. {what} near index {place}\n{text}", name) from None


def split(separator: re.Pattern[str], text: str, *, preserve_trailing: bool) -> list[str]:
    """Java's `String.split`: no empty part before a match of nothing at the start, none at the end unless wanted."""
    parts, at = [], 0
    for found in separator.finditer(text):
        if found.end() == 0 or (found.start() == found.end() == len(text)):
            continue
        parts.append(text[at : found.start()])
        at = found.end()
    parts.append(text[at:])
    while not preserve_trailing and len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts
