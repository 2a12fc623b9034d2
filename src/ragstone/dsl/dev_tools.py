'''Requests as people write them in Dev Tools, the console of OpenSearch Dashboards: `PUT /path`, then a JSON body that
may hold raw texts between triple quotes, comments, and several requests in a row.

    # trust the provider
    PUT /_cluster/settings
    {"persistent": {"plugins.ml_commons.trusted_connector_endpoints_regex": ["""^https://api\\.deepseek\\.com/.*$"""]}}

    POST _bulk
    {"index": {"_index": "a", "_id": "1"}}
    {"text": "one document a line"}
'''

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragstone.dsl.triple_quotes import TRIPLE, without_triple_quotes

_METHODS = "GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS"
_REQUEST = re.compile(rf"[ \t]*({_METHODS})[ \t]+(\S.*?)[ \t]*$", re.IGNORECASE)
_RAW_END = re.compile(TRIPLE)
_MARK = re.compile(r'"""|\\.|"|/\*|\*/|//|#')


@dataclass(frozen=True)
class DevToolsRequest:
    method: str
    """In capitals."""
    path: str
    """With a leading slash and its query."""
    body: str | None
    """JSON with raw texts turned into JSON strings; None without a body. Several values stand one on each line, each
    ended by a line break."""
    several: bool
    """Whether the body is a list of lines (NDJSON)."""
    line: int
    """Where the request stands in the text, from 1."""


class DevToolsError(ValueError):
    """What stands at `line` (from 1) is no request and no body of one."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


@dataclass(frozen=True)
class _Part:
    """A piece of the text that means one thing; comments and blanks outside of bodies are no parts."""

    line: int
    request: tuple[str, str] | None
    body: str


def parse(text: str) -> list[DevToolsRequest]:
    """The requests in order. Raises DevToolsError."""
    found: list[DevToolsRequest] = []
    for part in _parts(text):
        if part.request is None:
            raise DevToolsError(
                part.line, f"expected a request such as `GET /_search`, found [{part.body.strip()[:40]}]"
            )
        method, path = part.request
        values = list(_values(part.body, part.line + 1))
        several = len(values) > 1 or path.partition("?")[0].rstrip("/").endswith(("_bulk", "_msearch"))
        body = "".join(f"{value}\n" for value in map(_one_line, values)) if several else "".join(values)
        full = path if path.startswith("/") else f"/{path}"
        found.append(DevToolsRequest(method.upper(), full, body or None, several and bool(values), part.line))
    return found


def _parts(text: str) -> Iterator[_Part]:
    """Requests with their bodies, comments blanked out. A raw text may hold lines that look like requests."""
    request: tuple[str, str] | None = None
    start, body = 1, ""
    inside = False  # of a raw text
    comment = False  # a block of comment
    for number, line in enumerate(text.splitlines(), 1):
        found = None if inside or comment else _REQUEST.match(line)
        if found:
            if request is not None or body.strip():
                yield _Part(start, request, body)
            request, start, body = (found[1], _path(found[2])), number, ""
            continue
        kept, inside, comment = _without_comments(line, inside, comment)
        if request is None and kept.strip() and not body.strip():
            start = number
        body += kept + "\n"
    if inside:
        raise DevToolsError(start, 'a text that begins with """ has no end')
    if request is not None or body.strip():
        yield _Part(start, request, body)


def _path(text: str) -> str:
    """The path alone: a comment may follow it."""
    return re.split(r"[ \t]+(?:#|//)", text)[0]


def _without_comments(line: str, raw: bool, comment: bool) -> tuple[str, bool, bool]:
    """The line without its comments, and whether it ends inside a raw text or a block of comment."""
    kept: list[str] = []
    start, at, quoted = 0, 0, False
    while mark := (_RAW_END if raw else _MARK).search(line, at):
        token, at = mark[0], mark.end()
        if comment:
            if token == "*/":
                start, comment = at, False
        elif token == TRIPLE and not quoted:
            raw = not raw
        elif token in ('"', TRIPLE):
            quoted = not quoted
        elif not quoted and token in ("#", "//", "/*"):
            kept.append(line[start : mark.start()])
            if token != "/*":
                return "".join(kept), raw, False
            comment = True
    if not comment:
        kept.append(line[start:])
    return "".join(kept), raw, comment


def _values(body: str, line: int) -> Iterator[str]:
    """The JSON values of a body, as texts."""
    collapsed = without_triple_quotes(body.encode()).decode()
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(collapsed) and collapsed[at].isspace():
            at += 1
        if at == len(collapsed):
            return
        try:
            _, end = decoder.raw_decode(collapsed, at)
        except (json.JSONDecodeError, RecursionError) as error:
            position = error.pos if isinstance(error, json.JSONDecodeError) else at
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
            raise DevToolsError(line + collapsed.count("\n", 0, position), f"the body is no JSON: {reason}") from None
        yield collapsed[at:end]
        at = end


def _one_line(value: str) -> str:
    """JSON holds no line breaks but between its tokens."""
    return value.replace("\r", "").replace("\n", "")
