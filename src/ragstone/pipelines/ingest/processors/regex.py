"""Java's regular expressions, as far as Python's say the same."""

from __future__ import annotations

import re

from ragstone.pipelines.ingest.config import IngestConfig

_MESSAGES = {"missing ), unterminated subpattern": "Unclosed group", "nothing to repeat": "Dangling meta character"}


def compile_option(config: IngestConfig, name: str) -> re.Pattern[str]:
    """A required option as a pattern. Raises ParseException for what is none."""
    text = config.string(name)
    try:
        return re.compile(text.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"))
    except re.error as error:
        what = _MESSAGES.get(error.msg, error.msg)
        place = len(text) if what == "Unclosed group" else error.pos or 0
        raise config.fault(f"Invalid regex pattern. {what} near index {place}\n{text}", name) from None


def replacement(text: str) -> str:
    """Java's `$1` and `\\x` as Python's replacement syntax."""
    parts = re.split(r"\$(\d|\{\w+\})|\\(.)", text)
    out = []
    for position in range(0, len(parts), 3):
        out.append(parts[position].replace("\\", r"\\"))
        if position + 1 < len(parts):
            group, escaped = parts[position + 1], parts[position + 2]
            out.append(rf"\g<{group.strip('{}')}>" if group else escaped.replace("\\", r"\\"))
    return "".join(out)
