"""JSON patches (RFC 6902) as the security API takes them: `add`, `replace` and `remove`. Pure.

`Differs:` from the RFC, as OpenSearch does: to remove what is not there is no error.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.security.refusals import refused

Operations = Sequence[JsonObject]

_OPS: Final = ("replace", "add", "remove")
_END: Final = "-"


def parse(content: Any) -> Operations:
    """A list of known operations; what else they say is looked at when they are applied. Raises Refusal."""
    if not isinstance(content, list) or not content:
        raise refused(400, "Wrong request body")
    if not all(isinstance(each, dict) and "op" in each for each in content):
        raise refused(400, "Wrong request body")
    for each in content:
        if each["op"] not in _OPS:
            raise refused(400, f"Unsupported patch operation: {java_text(each['op'])}. Supported are: {','.join(_OPS)}")
    return content


def apply(operations: Operations, document: Any) -> Any:
    """The document after all operations, one after the other. The given one is left alone.

    Raises Refusal for what the document has no place for, and IllegalArgumentException for a path without a slash.
    `Differs:` where a list is given something else than a position, OpenSearch answers 500.
    """
    changed = copy.deepcopy(document)
    for operation in operations:
        changed = _applied(operation, changed)
    return changed


def _applied(operation: JsonObject, document: Any) -> Any:
    op, path = operation["op"], _path(operation)
    if op == "remove":
        value = None
    elif "value" in operation:
        value = copy.deepcopy(operation["value"])
    else:
        raise _broken("missing 'value' field")
    if not path:
        if op == "remove":
            raise refused(400, "Cannot remove document root")
        return value
    *way, last = path
    parent = document
    for token in way:
        parent = _step(parent, token)
    if isinstance(parent, dict):
        _change_object(parent, last, op, value)
    elif isinstance(parent, list):
        _change_list(parent, last, op, value)
    else:
        raise refused(400, "Cannot reference past scalar value")
    return document


def _path(operation: JsonObject) -> list[str]:
    """The names from the root to what is meant; none for the root itself."""
    if "path" not in operation:
        raise _broken("missing 'path' field")
    path = operation["path"]
    if not isinstance(path, str):
        raise _broken("non-text 'path' field")
    if not path:
        return []
    if not path.startswith("/"):
        raise IllegalArgumentException("Missing leading slash")
    return [token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/")]


def _change_object(members: JsonObject, name: str, op: str, value: Any) -> None:
    if op == "remove":
        members.pop(name, None)
    elif op == "replace" and name not in members:
        raise refused(400, f'Missing field "{name}"')
    else:
        members[name] = value


def _change_list(items: list[Any], token: str, op: str, value: Any) -> None:
    if token == _END:
        if op == "add":
            items.append(value)
        elif op == "replace":
            raise refused(400, f'Can\'t reference field "{token}" on array')
        return
    at = _position(token)
    if at > len(items) or (op != "add" and at == len(items)):
        raise refused(400, f"Array index {token} out of bounds")
    if op == "add":
        items.insert(at, value)
    elif op == "replace":
        items[at] = value
    else:
        del items[at]


def _step(container: Any, token: str) -> Any:
    if isinstance(container, dict):
        if token not in container:
            raise refused(400, f'Missing field "{token}"')
        return container[token]
    if isinstance(container, list):
        at = _position(token)
        if at >= len(container):
            raise refused(400, f"Array index {token} is out of bounds")
        return container[at]
    raise refused(400, "Can't reference past scalar value")


def _position(token: str) -> int:
    if not (token.isascii() and token.isdecimal() and len(token) < 10 and (token == "0" or token[0] != "0")):
        raise refused(400, f'Can\'t reference field "{token}" on array')
    return int(token)


def _broken(why: str) -> Exception:
    return refused(400, f"Invalid JSON Patch payload ({why})")
